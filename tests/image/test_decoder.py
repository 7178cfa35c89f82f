"""Decoding: orientation, size and mode of what comes out, and what damaged files do, for every format."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from firstserve.errors import DeadlineExceeded, InvalidArgument, TooLarge
from firstserve.image.decoder import decode_image
from firstserve.image.memory import ImageMemory, Limits
from tests.image import odd_files
from tests.image.files import encoded, exif, gradient, huge_headers, kinds, png_with_exif_last
from tests.python_lock import runs_meanwhile
from tests.server_process import ROOT

# pytest puts its own filter, under which warnings are errors, before the decoder's.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LIMITS = Limits(100_000_000, ImageMemory(1 << 30))
KINDS, HUGE = kinds(), huge_headers()
SHOWN, REFUSED = odd_files.shown(), odd_files.refused()
BYTE_FLIPS = 400
BROKEN_EXIF = [
    b"Exif\0\0garbage",
    b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    b"Exif\0\0MM\0*\xff\xff\xff\xff",
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
]


def decode(body: bytes, width: int = 64, height: int = 48, limits: Limits = LIMITS) -> Image.Image:
    return decode_image(body, width, height, limits)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures' samples, 0 to 255."""
    return float(np.abs(np.asarray(one, "float32") - np.asarray(other, "float32")).mean())


def is_answered(body: bytes) -> bool:
    """Whether a body gives a picture; False where it is refused. Anything else is let through."""
    try:
        image = decode(body, limits=LIMITS._replace(pixels=10_000_000))
    except (InvalidArgument, TooLarge):
        return False
    assert (image.mode, image.size) == ("RGB", (64, 48))
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_rgb_of_the_size_asked_for(kind: str) -> None:
    assert is_answered(KINDS[kind])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_turns_the_picture_upright(image_format: str, orientation: int) -> None:
    lying = gradient()
    tags = exif(orientation)
    body = encoded(lying, image_format, exif=tags, **({"quality": 95} if image_format != "PNG" else {}))
    lying.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(lying)
    assert difference(decode(body), upright.resize((64, 48), Image.Resampling.BILINEAR)) < 4


def test_exif_behind_the_pixels_of_a_png_is_found() -> None:
    body = png_with_exif_last(gradient(), 6)
    assert difference(decode(body), decode(encoded(gradient(), "PNG", exif=exif(6)))) == 0


@pytest.mark.parametrize("damage", BROKEN_EXIF)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_no_fault_of_the_picture(image_format: str, damage: bytes) -> None:
    body = encoded(gradient(), image_format, exif=damage)
    assert difference(decode(body), decode(encoded(gradient(), image_format))) == 0


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_leaves_the_picture_as_it_is(orientation: int) -> None:
    body = encoded(gradient(), "PNG", exif=exif(orientation))
    assert difference(decode(body), decode(encoded(gradient(), "PNG"))) == 0


@pytest.mark.parametrize("kind", HUGE)
def test_a_header_of_too_many_pixels_is_too_large(kind: str) -> None:
    with pytest.raises(TooLarge, match=r"100000000 \(--max_image_pixels\): send a smaller one"):
        decode(HUGE[kind])


def test_the_limit_of_pixels_is_the_last_size_that_is_taken() -> None:
    body = encoded(gradient(100, 50), "PNG")
    assert decode(body, limits=LIMITS._replace(pixels=5000)).size == (64, 48)
    with pytest.raises(TooLarge, match="the picture has 100 x 50 pixels, more than the limit of 4999"):
        decode(body, limits=LIMITS._replace(pixels=4999))


def test_what_pillow_warns_of_is_no_error_where_warnings_are() -> None:
    program = (
        "import sys; from firstserve.image.decoder import decode_image\n"
        "from firstserve.image.memory import ImageMemory, Limits\n"
        "print(decode_image(sys.stdin.buffer.read(), 64, 48, Limits(10_000, ImageMemory(10**9))).size)"
    )
    body = encoded(gradient(), "JPEG", exif=BROKEN_EXIF[1])
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        input=body,
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert (ended.stdout, ended.stderr) == (b"(64, 48)\n", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_anywhere_is_a_picture_or_an_error(kind: str) -> None:
    whole = KINDS[kind]
    cuts = {*range(min(len(whole), 120)), *range(0, len(whole), max(len(whole) // 150, 1))}
    answered = [cut for cut in sorted(cuts) if is_answered(whole[:cut])]
    # Behind the pixels there is little: an end marker, EXIF, a second frame.
    assert not answered or answered[0] > len(whole) // 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_wrong_bytes_is_a_picture_or_an_error(kind: str) -> None:
    generator = random.Random(kind)  # noqa: S311 - the same damage every time
    whole = KINDS[kind]
    for _ in range(BYTE_FLIPS):
        damaged = bytearray(whole)
        for _ in range(generator.choice([1, 1, 2, 8, 40])):
            # Half of them where the headers are.
            place = generator.randrange(min(len(whole), 400) if generator.random() < 0.5 else len(whole))
            damaged[place] = generator.randrange(256)
        is_answered(bytes(damaged))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is empty"),
        (b"hello", r"the body is not a picture: it starts with b'hello'; send JPEG, PNG, BMP, GIF or WebP"),
        (b"II*\0" + bytes(100), "not a picture"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(body: bytes, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        decode(body)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_becomes_its_rgb(mode: str) -> None:
    image = gradient()
    if mode == "I;16":
        grey = image.convert("L")
        other = Image.frombytes("I;16", grey.size, bytes(octet for value in grey.tobytes() for octet in (7, value)))
        expected = grey.convert("RGB")
    else:
        other = image.convert(mode)
        expected = other.convert("RGB")
    assert difference(decode(encoded(other, "PNG"), *image.size), expected) < 1


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_every_mode_of_jpeg_becomes_its_rgb(mode: str) -> None:
    image = gradient()
    body = encoded(image.convert(mode), "JPEG", quality=95)
    assert difference(decode(body, *image.size), image.convert(mode).convert("RGB")) < 4


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    resize = Image.Image.resize

    def watched(self: Image.Image, *arguments: object, **options: object) -> Image.Image:
        sizes.append(self.size)
        return resize(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", watched)
    decode(encoded(gradient(1600, 1200).copy(), "JPEG"), 224, 224)
    assert sizes[-1] == (400, 300)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_python_goes_on_while_a_picture_is_decoded(image_format: str) -> None:
    body = encoded(gradient(1024, 1024), image_format)
    decode(body)  # imports release the lock as well

    def lets_another_run() -> bool:
        with runs_meanwhile() as another:
            decode(body, 1024, 1024)  # no resizing, which releases it too
            return another.has_run

    # Once is proof; on a busy machine the other thread may wake up too late.
    assert any(lets_another_run() for _ in range(20))


def test_a_picture_that_memory_does_not_hold_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "resize", fail)
    with pytest.raises(TooLarge, match="too large for this server's memory"):
        decode(KINDS["png"])


@pytest.mark.parametrize("name", SHOWN)
def test_an_odd_file_is_shown_as_a_sound_one(name: str) -> None:
    file, sound = SHOWN[name]
    assert difference(decode(file, 16, 16), decode(sound, 16, 16)) == 0


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_all_its_pixels_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"the picture cannot be read: .* cut off or damaged"):
        decode(REFUSED[name])


def test_a_lying_picture_is_another_one_when_it_is_upright() -> None:
    assert difference(decode(odd_files.jpeg()), decode(SHOWN["orientation as SHORT"][0])) > 10


def test_a_jpeg_of_many_scans_is_taken_up_to_their_limit() -> None:
    assert is_answered(odd_files.with_scans(50))
    with pytest.raises(TooLarge, match="the JPEG has more scans than the limit of 50"):
        decode(odd_files.with_scans(51))


@pytest.mark.parametrize(
    "file",
    [odd_files.png_of(1, 99_999_999), odd_files.png_of(99_999_999, 1), odd_files.extended_webp(9000, 9000)],
)
def test_a_header_of_too_much_memory_is_too_large(file: bytes) -> None:
    with pytest.raises(TooLarge, match=r"bytes of memory to decode, more than the limit of \d+ \(--max_image_memory"):
        decode(file)


def test_a_narrow_picture_takes_no_more_memory_than_its_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    resize = Image.Image.resize

    def watched(self: Image.Image, size: tuple[int, int], *arguments: object) -> Image.Image:
        sizes.append(size)
        return resize(self, size, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", watched)
    decode(odd_files.png_of(2, 4000, pixels=True))
    assert sizes == [(2, 48), (64, 48)]


def test_memory_is_given_back_however_decoding_ends() -> None:
    memory = ImageMemory(1 << 20)
    for _ in range(100):
        decode(KINDS["png"], limits=Limits(10_000, memory))
        assert not is_answered(KINDS["png"][:-100])
        with pytest.raises(InvalidArgument):
            decode(KINDS["png"][:-100], limits=Limits(10_000, memory))


def test_an_image_waits_until_there_is_memory_for_it() -> None:
    memory = ImageMemory(1 << 20)
    memory.take(1 << 20, None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(decode, KINDS["png"], limits=Limits(10_000, memory))
        with pytest.raises(DeadlineExceeded):
            memory.take(1, time.monotonic() + 0.01)
        memory.give_back(1 << 20)
        assert waiting.result().size == (64, 48)


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "gif", "webp"])
def test_decoding_ends_with_its_time(kind: str) -> None:
    with pytest.raises(DeadlineExceeded):
        decode(KINDS[kind], limits=LIMITS._replace(deadline_s=time.monotonic()))
