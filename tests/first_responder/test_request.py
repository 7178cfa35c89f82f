"""Which requests the first responder knows; gunicorn's own parser says what the others are."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firstserve.first_responder.request import ForeignRequestError, Head, read_head

LIMIT_BYTES = 1_000_000
LINE = b"POST /predict HTTP/1.1"
OWN = (b"Host: localhost", b"Content-Length: 12")


def head_of(*lines: bytes) -> Head | None:
    return read_head(bytearray(b"\r\n".join(lines) + b"\r\n\r\n"), LIMIT_BYTES)


def is_foreign(*lines: bytes) -> bool:
    try:
        return head_of(*lines) is None
    except ForeignRequestError:
        return True


def test_a_plain_request_is_its_own() -> None:
    head = head_of(LINE, *OWN)
    assert head == Head(
        size_bytes=len(LINE) + 2 + sum(len(line) + 2 for line in OWN) + 2,
        body_bytes=12,
        keeps_alive=True,
        awaits_continue=False,
        trace=(None, None),
    )


@pytest.mark.parametrize(
    "header",
    [
        b"User-Agent: curl/8.5.0",
        b"Accept: */*",
        b"content-type: image/jpeg",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Type:",
        b"Content-Type:image/png;q=1",
        b"X-Forwarded-For: 203.0.113.7, 10.0.0.1",
        b"X-Forwarded-Proto: https",
        b"Forwarded: for=203.0.113.7;proto=https",
        b"Via: 1.1 google",
        b"Cookie: a=b; c=d",
        b"Empty:",
        b"Spaces:   \t in between and around \t ",
        b"Cache-Control: no-cache\r\nCache-Control: no-store",
        b"Connection: Keep-Alive",
    ],
)
def test_usual_headers_change_nothing(header: bytes) -> None:
    head = head_of(LINE, header, *OWN)
    assert head is not None
    assert (head.body_bytes, head.keeps_alive, head.awaits_continue) == (12, True, False)


def test_what_changes_the_answer_is_read() -> None:
    trace = (b"traceparent: 00-a-b-01", b"X-Cloud-Trace-Context: c/1;o=1")
    head = head_of(LINE, b"Connection: Close", b"Expect: 100-Continue", *trace, *OWN)
    assert head is not None
    assert (head.keeps_alive, head.awaits_continue) == (False, True)
    assert head.trace == ("00-a-b-01", "c/1;o=1")


@pytest.mark.parametrize(
    "line",
    [
        b"GET /predict HTTP/1.1",
        b"post /predict HTTP/1.1",
        b"POST /predict HTTP/1.0",
        b"POST /predict HTTP/2.0",
        b"POST /predict",
        b"POST /predict?top_k=3 HTTP/1.1",
        b"POST /predict? HTTP/1.1",
        b"POST /predict/ HTTP/1.1",
        b"POST /%70redict HTTP/1.1",
        b"POST //predict HTTP/1.1",
        b"POST http://localhost/predict HTTP/1.1",
        b"POST  /predict HTTP/1.1",
        b"POST /predict HTTP/1.1 ",
        b"POST /v1/models/mobilenet:predict HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"\r\nPOST /predict HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_other_first_lines_are_foreign(line: bytes) -> None:
    assert is_foreign(line, *OWN)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (b"Host: localhost",),
        (b"Content-Length: 12",),
        *((b"Host: " + host, b"Content-Length: 12") for host in (b"", b".", b"a..b", b"a." + b"b" * 64)),
        *((b"Host: localhost", b"Content-Length: " + length) for length in (b"", b"0", b"-1", b"+1", b"1_0", b"1 2")),
        *((b"Host: localhost", b"Content-Length: " + length) for length in (b"0x1", b"1.0", b"1,1", b"1000001")),
        (b"Host: localhost", b"Content-Length: 99999999999999999999"),
        (b"Host: localhost", b"Content-Length: \xb2"),
        (*OWN, b"Content-Length: 12"),
        (*OWN, b"content-length: 13"),
        (*OWN, b"Host: localhost"),
        (*OWN, b"Content-Type: a/b", b"Content-Type: a/b"),
        (*OWN, b"Transfer-Encoding: chunked"),
        (*OWN, b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: chunked", b"Host: localhost"),
        (*OWN, b"Transfer-Encoding : chunked"),
        (*OWN, b" folded"),
        (*OWN, b"A: b", b"\tfolded"),
        (b" leading: space", *OWN),
        (*OWN, b"no colon"),
        (*OWN, b": no name"),
        (*OWN, b"A b: c"),
        (*OWN, b"A_b: c"),
        (*OWN, b"A\x00: c"),
        (*OWN, b"A: \x00"),
        (*OWN, b"A: \x7f"),
        (*OWN, b"A: \xc3\xa9"),
        (*OWN, b"A: \xff"),
        (*OWN, b"A: b\nTransfer-Encoding: chunked"),
        (*OWN, b"A: b\rTransfer-Encoding: chunked"),
        (*OWN, b"Connection: upgrade"),
        (*OWN, b"Connection: close, keep-alive"),
        (*OWN, b"Connection: close", b"Connection: keep-alive"),
        (*OWN, b"Upgrade: h2c"),
        (*OWN, b"HTTP2-Settings: AAMAAABkAAQAAP__"),
        (*OWN, b"Expect: tea"),
        (*OWN, b"Expect:"),
        (*OWN, b"TE: trailers"),
        (*OWN, b"Trailer: Content-Length"),
        (*OWN, b"Content-Encoding: gzip"),
        (*OWN, b"Content-Type: multipart/form-data; boundary=x"),
        (*OWN, b"Content-Type: Multipart/Form-Data"),
        (*OWN, b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http"),
        (*OWN, b"X-Forwarded-Ssl: on"),
        (*OWN, *(b"A%d: b" % number for number in range(80))),
        (*OWN, b"A: " + b"a" * 9000),
    ],
)
def test_unusual_headers_are_foreign(lines: tuple[bytes, ...]) -> None:
    assert is_foreign(LINE, *lines)


def test_every_beginning_of_an_own_head_is_waited_for() -> None:
    whole = b"\r\n".join([LINE, *OWN, b"", b""])
    for length in range(1, len(whole)):
        assert read_head(bytearray(whole[:length]), LIMIT_BYTES) is None


def test_a_head_without_end_is_foreign() -> None:
    with pytest.raises(ForeignRequestError):
        read_head(bytearray(LINE + b"\r\nA: " + b"a" * 65536), LIMIT_BYTES)


def test_the_body_may_follow_at_once() -> None:
    head = read_head(bytearray(b"\r\n".join([LINE, *OWN, b"", b"\r\n\r\nPOST /x HT"])), LIMIT_BYTES)
    assert head is not None
    assert head.body_bytes == 12


NAMES = (
    b"Host Content-Length Connection Expect Content-Type Transfer-Encoding Upgrade X-Forwarded-Proto X-Forwarded-Ssl "
    b"X-Forwarded-Protocol Script-Name X"
).split()
VALUES = (b"12", b"012", b"close", b"keep-alive", b"100-continue", b"https", b"ssl", b"on", b"a b", b"chunked", b"h2c")
LINES = st.one_of(
    st.sampled_from(OWN),
    st.builds(lambda *parts: b"".join(parts), st.sampled_from(NAMES), st.just(b": "), st.sampled_from(VALUES)),
    st.builds(
        lambda *parts: b"".join(parts),
        st.sampled_from(NAMES),
        st.sampled_from([b":", b" : ", b":\t", b""]),
        st.one_of(st.sampled_from(VALUES), st.binary(max_size=8)),
    ),
    st.binary(max_size=12),
)


def test_what_is_its_own_is_the_same_request_to_gunicorn() -> None:
    """Much else that gunicorn reads is left to it."""
    own = 0

    @settings(max_examples=2500, derandomize=True, database=None, deadline=None)
    @given(complete=st.booleans(), lines=st.lists(LINES, max_size=4))
    @example(complete=True, lines=[b"X-Forwarded-Proto: \xff"])
    def compare(complete: bool, lines: list[bytes]) -> None:
        nonlocal own
        sent = b"\r\n".join([LINE, *(OWN if complete else ()), *lines]) + b"\r\n\r\n" + b"x" * 40
        try:
            head = read_head(bytearray(sent), LIMIT_BYTES)
        except ForeignRequestError:
            return
        own += 1
        assert head is not None
        parsed = next(RequestParser(Config(), iter([sent]), ("127.0.0.1", 1)))
        assert (parsed.method, parsed.uri, parsed.version) == ("POST", "/predict", (1, 1))
        assert parsed.should_close() is not head.keeps_alive
        assert parsed._expected_100_continue is head.awaits_continue
        assert parsed.body.reader.length == head.body_bytes
        assert parsed.body.read(8) == sent[head.size_bytes :][: min(head.body_bytes, 8)]

    compare()
    # Nonsense alone would show nothing.
    assert own > 50
