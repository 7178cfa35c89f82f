"""Preprocessing: RGB pixels -> the input tensor of a model, by what its TensorSpec says.

uint8 inputs take pixels as they are, int8 inputs through a table of 256 values, float inputs as (pixel - mean) / std.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

from firstserve.servable import Normalization
from firstserve.tensors import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image

    from firstserve.servable import TensorSpec

RAW_PIXELS = Normalization((0.0,), (1.0,))
"""Values 0 to 255 as they are: what a model takes that does its own scaling."""


class Preprocessor:
    """Turns pictures into the batch of one that `spec` asks for: shape [1, height, width, channels]."""

    def __init__(self, spec: TensorSpec, channels: int, normalization: Normalization | None) -> None:
        self._dtype = spec.dtype
        self._channels = channels
        self._normalization = normalization or spec.normalization
        self._table = _byte_table(spec, self._normalization)

    @property
    def feeds_raw_pixels(self) -> bool:
        """Whether a float input gets values 0 to 255 because nothing says what it expects."""
        return self._table is None and self._normalization is None

    def __call__(self, pixels: Image) -> Tensor:
        """Gives a tensor of the spec's dtype for a picture in mode RGB."""
        if self._channels == 1:
            pixels = pixels.convert("L")
        shape = (1, pixels.height, pixels.width, self._channels)
        if self._table is not None:
            octets = pixels.tobytes()
            # The identity costs a pass over the picture that the common case can do without.
            return Tensor(self._dtype, shape, octets if self._table is _IDENTITY else octets.translate(self._table))
        return Tensor(self._dtype, shape, self._floats(pixels))

    def _floats(self, pixels: Image) -> bytes:
        """Interleaves the channels as floats; Pillow and memoryview do the loops."""
        mean, std = self._normalization or RAW_PIXELS
        count = pixels.width * pixels.height * self._channels
        floats = memoryview(bytearray(4 * count)).cast("f")
        for channel, band in enumerate(pixels.split()):
            divisor = std[channel % len(std)]
            offset = mean[channel % len(mean)] / divisor
            scaled = band.convert("F").point(lambda value, a=1 / divisor, b=-offset: value * a + b)
            floats[channel :: self._channels] = memoryview(scaled.tobytes()).cast("f")
        if self._dtype == "float16":
            return pack(f"{count}e", *floats)
        return bytes(floats)


_IDENTITY = bytes(range(256))


def _byte_table(spec: TensorSpec, normalization: Normalization | None) -> bytes | None:
    """The stored byte for every pixel value; None where the input takes no bytes.

    uint8 takes pixels as they are: TFLite's Task Library and MediaPipe normalise float inputs alone, and metadata is
    written for them. int8 takes what the model means by a value, where its normalisation and quantisation say it; mean
    0 and std 1 say nothing. Else it takes pixels less 128, as TFLite's own converter lays them.
    """
    if spec.dtype == "uint8":
        return _IDENTITY
    if spec.dtype != "int8":
        return None
    pairs = set() if normalization is None else set(zip(*normalization, strict=False))
    if spec.quantization is None or len(pairs) != 1 or pairs == {(0, 1)}:
        return bytes(value ^ 0x80 for value in range(256))
    ((mean, std),) = pairs
    scale, zero_point = spec.quantization
    stored = [round((value - mean) / std / scale) + zero_point for value in range(256)]
    return bytes(min(max(value, -128), 127) & 0xFF for value in stored)
