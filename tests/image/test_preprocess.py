"""Pixels as the input that a model asks for, against NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from firstserve.image.preprocess import Preprocessor
from firstserve.servable import Normalization, Quantization, TensorSpec
from tests.image.files import gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE = Normalization((127.5,), (127.5,))
NOTHING = Normalization((0.0,), (1.0,))
"""What metadata says of a model that takes pixels as they are."""
IMAGENET = Normalization((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
PICTURE = gradient(20, 12)


def prepared(spec: TensorSpec, channels: int = 3, normalization: Normalization | None = None) -> NDArray[Any]:
    return Preprocessor(spec, channels, normalization)(PICTURE).array()


def spec(
    dtype: str, quantization: Quantization | None = None, normalization: Normalization | None = None
) -> TensorSpec:
    return TensorSpec("x", dtype, (1, 12, 20, 3), quantization, normalization)


def pixels(channels: int = 3) -> NDArray[Any]:
    """Height first, as a batch of one."""
    image = np.asarray(PICTURE if channels == 3 else PICTURE.convert("L"))
    return image.reshape(1, 12, 20, channels)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("normalization", [ONE, Normalization((0.0,), (255.0,)), IMAGENET])
def test_floats_are_pixels_less_mean_over_std(dtype: str, channels: int, normalization: Normalization) -> None:
    if channels == 1 and len(normalization.mean) == 3:
        normalization = Normalization(normalization.mean[:1], normalization.std[:1])
    values = prepared(spec(dtype, normalization=normalization), channels)
    assert values.dtype == dtype
    expected = (pixels(channels) - np.array(normalization.mean)) / np.array(normalization.std)
    np.testing.assert_allclose(values, expected, atol=1e-5 if dtype == "float32" else 2e-3)


def test_a_mean_for_each_channel_goes_with_one_std_for_all() -> None:
    values = prepared(spec("float32", normalization=Normalization((1.0, 2.0, 3.0), (2.0,))))
    np.testing.assert_allclose(values, (pixels() - np.array([1, 2, 3])) / 2, atol=1e-5)


def test_a_setting_takes_the_place_of_what_the_model_says() -> None:
    values = prepared(spec("float32", normalization=IMAGENET), normalization=ONE)
    np.testing.assert_allclose(values, pixels() / 127.5 - 1, atol=1e-5)


def test_floats_are_raw_pixels_where_nothing_says_how_to_scale() -> None:
    np.testing.assert_array_equal(prepared(spec("float32")), pixels())
    assert Preprocessor(spec("float32"), 3, None).feeds_raw_pixels
    assert not Preprocessor(spec("float32"), 3, ONE).feeds_raw_pixels
    assert not Preprocessor(spec("uint8"), 3, None).feeds_raw_pixels


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("normalization", [None, NOTHING, ONE, IMAGENET])
@pytest.mark.parametrize("quantization", [None, Quantization(0.0078125, 128), Quantization(1 / 255, 0)])
def test_uint8_takes_pixels_as_they_are(
    channels: int, normalization: Normalization | None, quantization: Quantization | None
) -> None:
    values = prepared(spec("uint8", quantization, normalization), channels)
    np.testing.assert_array_equal(values, pixels(channels))


@pytest.mark.parametrize("normalization", [None, NOTHING])
@pytest.mark.parametrize("quantization", [None, Quantization(1 / 255, -128)])
def test_int8_takes_pixels_less_128_where_nothing_says_how_to_scale(
    quantization: Quantization | None, normalization: Normalization | None
) -> None:
    np.testing.assert_array_equal(prepared(spec("int8", quantization, normalization)), pixels().astype(int) - 128)


@pytest.mark.parametrize("normalization", [ONE, Normalization((0.0,), (255.0,))])
@pytest.mark.parametrize("quantization", [Quantization(0.0078125, 0), Quantization(1 / 255, -3), Quantization(1.0, 0)])
def test_int8_takes_the_stored_value_of_what_the_model_means(
    normalization: Normalization, quantization: Quantization
) -> None:
    (mean,), (std,) = normalization
    scale, zero_point = quantization
    real = (pixels().astype("float64") - mean) / std
    expected = np.clip(np.round(real / scale) + zero_point, -128, 127)
    values = prepared(spec("int8", quantization, normalization))
    assert np.abs(values.astype(int) - expected).max() <= 1  # a half is rounded up or down
