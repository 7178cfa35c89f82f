"""Decoding: the bytes of a JPEG, PNG, BMP, GIF or WebP -> an upright picture of the size a model takes.

Only the plugin of the format at hand is imported, where Pillow's own `Image.open` would import five.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from firstserve.errors import FirstserveError, InvalidArgument, TooLarge
from firstserve.image.memory import Room, resize_bytes
from firstserve.runtimes.checks import check_deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.image.memory import Limits

# What Pillow warns of (odd EXIF, a palette with transparency) is no fault of the answer.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# The limit of pixels is checked here, where the answer names it.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

FORMATS = "JPEG, PNG, BMP, GIF or WebP"

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_LYING = 5
"""From this orientation on, width and height are exchanged."""


_BYTES_A_PIXEL = {"JPEG": 4, "PNG": 5, "BMP": 6, "GIF": 6, "WEBP": 20}
"""What decoding takes for each pixel of a format, at most, in the slower of the servers."""
_DEEP_GREY_BYTES = 12
_BIT_FIELDS_BYTES = 24


class _TimedFile(io.BytesIO):
    """A file whose reader has until a moment on the clock of `time.monotonic()`."""

    def __init__(self, body: bytes, deadline_s: float | None) -> None:
        super().__init__(body)
        self._deadline_s = deadline_s

    def read(self, size: int | None = -1) -> bytes:
        check_deadline(self._deadline_s)
        return super().read(size)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit samples at 255 instead of scaling them.
        high_byte = [value for value in range(256) for _ in range(256)]
        image = image.convert("I").point(high_byte, "L")
    if image.mode == "RGB":
        return image
    return image.convert("RGB")


class _Opened(NamedTuple):
    """A picture whose header is read, and what is known of it beside that."""

    image: Image.Image
    bytes_a_pixel: int
    exif: bytes
    more_bytes: int = 0
    """The coefficients of a JPEG that comes in several scans, for all of its size; the copy of a PNG."""
    to_rgb: Callable[[Image.Image], Image.Image] = _to_rgb


def decode_image(body: bytes, width: int, height: int, limits: Limits) -> Image.Image:
    """Decodes a picture, turns it upright and resizes it to `width` x `height`, without keeping its proportions.

    Gives mode RGB. A JPEG is decoded at the smallest of libjpeg's scales (1/1, 1/2, 1/4, 1/8) that is not smaller
    than the target. Alpha is dropped; 16-bit samples keep their high byte; the first frame of several is taken.

    Raises InvalidArgument where `body` is no such picture or is cut off, TooLarge over the limits or over that of a
    JPEG's scans, DeadlineExceeded past the deadline.
    """
    try:
        with Room(limits) as room:
            return _decode(body, (width, height), limits, room)
    except FirstserveError:
        raise
    except Image.DecompressionBombError as error:
        raise TooLarge(
            f"the picture has more than twice the pixels of the limit of {limits.pixels} (--max_image_pixels): "
            "send a smaller one"
        ) from error
    except MemoryError as error:
        raise TooLarge("the picture is too large for this server's memory: send a smaller one") from error
    except Exception as error:  # Pillow's decoders let anything out of damaged files
        raise InvalidArgument(
            f"the picture cannot be read: {error}; it may be cut off or damaged, send it again whole"
        ) from error


def _decode(body: bytes, target: tuple[int, int], limits: Limits, room: Room) -> Image.Image:
    # For what Pillow checks itself: GIF where a frame exceeds its picture.
    Image.MAX_IMAGE_PIXELS = limits.pixels
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        # Its decoder takes memory as soon as it is made.
        from firstserve.image.webp import read_size

        size = read_size(body)
        _check_pixels(size, limits.pixels)
        room.take(size[0] * size[1] * _BYTES_A_PIXEL["WEBP"] + resize_bytes(*size, *target))
        opened = _open_webp(body, limits.deadline_s)
        if opened.image.size != size:
            raise ValueError("its headers tell two sizes")
    else:
        opened = _open(body, limits.deadline_s)
    image = opened.image
    _check_pixels(image.size, limits.pixels)
    orientation = 1
    if opened.exif:
        from firstserve.image.exif import read_orientation

        orientation = read_orientation(opened.exif)
    size = (target[1], target[0]) if orientation >= _FIRST_LYING else target
    if image.format != "WEBP":
        image.draft("RGB", size)
        pixels_bytes = image.width * image.height * opened.bytes_a_pixel
        room.take(pixels_bytes + opened.more_bytes + resize_bytes(*image.size, *size))
    check_deadline(limits.deadline_s)
    pixels = _resize(opened.to_rgb(image), size)
    return pixels.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else pixels


def _check_pixels(size: tuple[int, int], limit_pixels: int) -> None:
    if size[0] * size[1] > limit_pixels:
        raise TooLarge(
            f"the picture has {size[0]} x {size[1]} pixels, more than the limit of {limit_pixels} "
            "(--max_image_pixels): send a smaller one"
        )


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.width < size[0] and image.height > size[1]:
        # Pillow goes by the width first, and would make all rows wider.
        image = image.resize((image.width, size[1]), Image.Resampling.BILINEAR)
    return image.resize(size, Image.Resampling.BILINEAR)


def _open(body: bytes, deadline_s: float | None) -> _Opened:
    """Opens the file by its first bytes; nothing is decoded yet."""
    if body.startswith(b"\xff\xd8\xff"):
        return _open_jpeg(body, deadline_s)
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        from PIL.PngImagePlugin import PngImageFile

        from firstserve.image.png import read_png

        png = read_png(body)
        bytes_a_pixel = _DEEP_GREY_BYTES if png.is_deep_grey else _BYTES_A_PIXEL["PNG"]
        return _Opened(PngImageFile(_TimedFile(png.file, deadline_s)), bytes_a_pixel, png.exif, len(body))
    if body.startswith(b"BM"):
        return _open_bmp(body, deadline_s)
    if body.startswith((b"GIF87a", b"GIF89a")):
        from PIL.GifImagePlugin import GifImageFile

        return _Opened(GifImageFile(_TimedFile(body, deadline_s)), _BYTES_A_PIXEL["GIF"], b"")
    if not body:
        raise InvalidArgument(f"the body is empty: send a picture ({FORMATS}), or a form with one")
    raise InvalidArgument(f"the body is not a picture: it starts with {body[:8]!r}; send {FORMATS}")


def _open_jpeg(body: bytes, deadline_s: float | None) -> _Opened:
    from PIL.JpegImagePlugin import JpegImageFile

    file = _TimedFile(body, deadline_s)
    image = JpegImageFile(file)
    exif: bytes = image.info.get("exif", b"")
    first_scan_end = file.tell()
    # What `find` does not find is quickly told for the usual file, which has one scan.
    if body.find(b"\xff\xda", first_scan_end) < 0:
        return _Opened(image, _BYTES_A_PIXEL["JPEG"], exif)
    from firstserve.image.jpeg import check_scans, has_several_scans

    if not ("progressive" in image.info or has_several_scans(body, first_scan_end, image.layers)):
        return _Opened(image, _BYTES_A_PIXEL["JPEG"], exif)
    check_scans(body, first_scan_end)
    return _Opened(image, _BYTES_A_PIXEL["JPEG"], exif, 2 * image.width * image.height * image.layers)


def _open_bmp(body: bytes, deadline_s: float | None) -> _Opened:
    from PIL.BmpImagePlugin import BmpImageFile

    from firstserve.image.bmp import BitFields, BitFieldsFile, read_header

    header = read_header(body)
    if isinstance(header, BitFields):
        return _Opened(
            BitFieldsFile(_TimedFile(body, deadline_s), header), _BIT_FIELDS_BYTES, b"", to_rgb=header.to_rgb
        )
    return _Opened(BmpImageFile(_TimedFile(header, deadline_s)), _BYTES_A_PIXEL["BMP"], b"")


def _open_webp(body: bytes, deadline_s: float | None) -> _Opened:
    from PIL.WebPImagePlugin import WebPImageFile

    image = WebPImageFile(_TimedFile(body, deadline_s))
    return _Opened(image, 0, image.info.get("exif", b""))
