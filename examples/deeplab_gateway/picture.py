"""A picture's bytes -> upright RGB -> the model's input; the model's classes -> a mask of the picture's size."""

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from examples.deeplab_gateway.errors import BadRequest, TooLarge
from examples.deeplab_gateway.pascal import palette
from examples.deeplab_gateway.signature import SIDE

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
LIMIT_PIXELS = 25_000_000
PADDING = 128
"""The middle of the pixels' range: what DeepLab's own export pads with."""

Pixels = npt.NDArray[np.uint8]

# Pillow only warns of a picture that has up to twice as many.
Image.MAX_IMAGE_PIXELS = LIMIT_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def read(body: bytes) -> Image.Image:
    """Return the picture in mode RGB, turned as its EXIF orientation says; of several frames the first.

    Raises BadRequest where `body` is no picture or a damaged one, TooLarge over LIMIT_PIXELS.
    """
    if not body:
        raise BadRequest("there is no picture: send one as the request's body, or in a form as the file `image`")
    try:
        return _to_rgb(ImageOps.exif_transpose(Image.open(io.BytesIO(body), formats=FORMATS)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"the picture has more than {LIMIT_PIXELS:,} pixels: send a smaller one") from error
    except UnidentifiedImageError as error:
        raise BadRequest(
            f"this is no picture that can be read: it starts with {body[:8]!r}; send JPEG, PNG, BMP, GIF or WebP"
        ) from error
    except Exception as error:  # Pillow's decoders let anything out of damaged files
        raise BadRequest(f"the picture cannot be read: {error}; it may be cut off or damaged") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would cut 16-bit samples off at 255.
        image = image.convert("I").point(lambda value: value * (1 / 256))
    return image.convert("RGB")


def to_input(image: Image.Image) -> Pixels:
    """Return what the model takes: uint8 [1, SIDE, SIDE, 3], the longer side scaled to SIDE, right or below padded."""
    padded = Image.new("RGB", (SIDE, SIDE), (PADDING,) * 3)
    padded.paste(image.resize(_scaled(image.size), Image.Resampling.BILINEAR))
    return np.asarray(padded)[np.newaxis]


def to_mask(class_ids: Pixels, size: tuple[int, int]) -> Image.Image:
    """Return the classes of a picture of `size` (width, height), from the model's [SIDE, SIDE], without the padding.

    The mask's mode is P: its values are the classes, its palette are Pascal VOC's colours.
    """
    width, height = _scaled(size)
    mask = Image.fromarray(class_ids[:height, :width]).resize(size, Image.Resampling.NEAREST)
    mask.putpalette(palette())
    return mask


def _scaled(size: tuple[int, int]) -> tuple[int, int]:
    longer = max(size)
    width, height = (max(1, round(side * SIDE / longer)) for side in size)
    return width, height
