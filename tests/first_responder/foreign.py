"""Requests that are not the first responder's own, and what is no request at all."""

from __future__ import annotations

from tests.first_responder.responding import request

LIMIT_BYTES = 1024
"""Of a body; one of them is over it."""
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="cat.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\r\n--x--\r\n"
)
FOREIGN = {
    "a form": request(FORM, b"Content-Type: multipart/form-data; boundary=x"),
    "chunks": b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a query": request(b"abc", line=b"POST /predict?top_k=1 HTTP/1.1"),
    "another path": request(b"abc", line=b"POST /v1/models/mobilenet:predict HTTP/1.1"),
    "another method": b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.0": request(b"abc", line=b"POST /predict HTTP/1.0"),
    "both lengths": request(b"abc", b"Transfer-Encoding: chunked"),
    "two lengths": request(b"abc", b"Content-Length: 3"),
    "a folded header": request(b"abc", b"A: b", b" c"),
    "a space before a colon": request(b"abc", b"A : b"),
    "bare line feeds": request(b"abc").replace(b"\r\n", b"\n"),
    "64 KiB of headers": request(b"abc", *(b"A%d: " % number + b"a" * 4096 for number in range(16))),
    "one header of 64 KiB": request(b"abc", b"A: " + b"a" * 65536),
    "no UTF-8": request(b"abc", b"A: \xff\xfe"),
    "an empty body": request(b""),
    "no picture": request(b"no picture"),
    "half a picture": request(b"\xff\xd8\xff\xe0\x00\x10JFIF"),
    "over the limit": request(bytes(LIMIT_BYTES + 1)),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a head without end": b"POST /predict HTTP/1.1\r\nHost: a\r\n",
    "half a body": request(b"abcdef")[:-3],
}
