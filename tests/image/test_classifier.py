"""Pictures through real models: scores, labels and which models take pictures at all."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from firstserve.errors import InvalidArgument, Unimplemented
from firstserve.image.classifier import ImageClassifier, answer_json
from firstserve.image.options import ImageOptions
from firstserve.runtimes.litert import load
from firstserve.servable import PREDICT_METHOD, Normalization, RuntimeOptions, Signature, TensorSpec
from firstserve.tensors import Tensor
from tests.image.files import encoded, gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Open = Callable[..., ImageClassifier]

OPTIONS = ImageOptions(limit_pixels=10_000_000, size=24, normalization=None, labels=(), pictures_at_once=2)
QUANTIZED = ("mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant", "tf2_mobilenet_v2_1.0_224_ptq")


@pytest.fixture
def opened() -> Iterator[Open]:
    """Loads a version folder and sees it as a classifier."""
    servables = []

    def open_classifier(folder: Path, **options: Any) -> ImageClassifier:
        servables.append(load(folder, RuntimeOptions(1, 1)))
        return ImageClassifier(servables[-1], OPTIONS._replace(**options))

    yield open_classifier
    for servable in servables:
        servable.close()


def scores_of(classifier: ImageClassifier, body: bytes, count: int) -> list[float]:
    """All scores in the order of their classes."""
    classes = classifier.predict(body, str(count)).classes
    scores: dict[Any, Any] = {entry["class"]: entry["score"] for entry in classes}
    return [scores[index] for index in range(count)]


def stored(model: Path, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Pixels as (pixel - 127.5) / 127.5, quantised as the model's input is."""
    (taken,) = Interpreter(model_path=str(model)).get_input_details()
    scale, zero_point = taken["quantization"]
    limits = np.iinfo(taken["dtype"])
    values = np.round((pixels.astype("float64") - 127.5) / 127.5 / scale) + zero_point
    clipped: np.ndarray[Any, Any] = np.clip(values, limits.min, limits.max).astype(taken["dtype"])
    return clipped


def interpreted(model: Path, values: np.ndarray[Any, Any]) -> list[float]:
    """What ai_edge_litert's interpreter gives for a stored input, dequantised."""
    interpreter = Interpreter(model_path=str(model))
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(taken["index"], values)
    interpreter.invoke()
    scale, zero_point = given["quantization"]
    stored = interpreter.get_tensor(given["index"])[0].astype("float64")
    return [float(score) for score in (stored - zero_point) * scale]


@pytest.mark.parametrize("model", QUANTIZED)
def test_scores_of_quantised_models_are_the_interpreters(
    opened: Open, shared_data: Path, tmp_path: Path, model: str
) -> None:
    file = shutil.copyfile(shared_data / "models" / f"{model}.tflite", tmp_path / "model.tflite")
    body = (shared_data / "images/cat.bmp").read_bytes()
    size = 128 if "128" in model else 224
    with Image.open(shared_data / "images/cat.bmp") as picture:
        pixels = np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))[None]
    ours, theirs = scores_of(opened(tmp_path), body, 1001), interpreted(file, stored(file, pixels))
    assert np.argmax(ours) == np.argmax(theirs)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_scores_of_an_int8_model_are_the_interpreters(opened: Open, lite_models: Path) -> None:
    picture = gradient(8, 8)
    classifier = opened(lite_models / "quantized", normalization=Normalization((127.5,), (127.5,)))
    file = lite_models / "quantized" / "model.tflite"
    expected = interpreted(file, stored(file, np.asarray(picture)[None]))
    np.testing.assert_allclose(scores_of(classifier, encoded(picture, "PNG"), 10), expected, atol=1e-6)


@pytest.mark.parametrize("model", ["colour", "half"])
@pytest.mark.parametrize(
    "normalization", [None, Normalization((127.5,), (127.5,)), Normalization((100.0, 110.0, 120.0), (50.0, 60.0, 70.0))]
)
def test_float_models_get_pixels_less_mean_over_std(
    opened: Open, lite_models: Path, model: str, normalization: Normalization | None
) -> None:
    """The model gives its input back."""
    picture = gradient(8, 8)
    mean, std = normalization or Normalization((0.0,), (1.0,))
    expected = (np.asarray(picture) - np.array(mean)) / np.array(std)
    scores = scores_of(opened(lite_models / model, normalization=normalization), encoded(picture, "PNG"), 192)
    np.testing.assert_allclose(scores, expected.ravel(), atol=1e-5 if model == "colour" else 2e-3)


def test_a_model_of_one_channel_gets_grey(opened: Open, lite_models: Path, shared_data: Path) -> None:
    file = shared_data / "images/mnist_nine.bmp"
    with Image.open(file) as picture:
        expected = np.asarray(picture.convert("L").resize((28, 28), Image.Resampling.BILINEAR)) / 255
    classifier = opened(lite_models / "grey", normalization=Normalization((0.0,), (255.0,)))
    np.testing.assert_allclose(scores_of(classifier, file.read_bytes(), 784), expected.ravel(), atol=1e-5)


def test_a_model_of_any_size_gets_pictures_of_the_size_that_is_set(opened: Open, lite_models: Path) -> None:
    picture = gradient(24, 24)
    expected = np.asarray(picture).mean((0, 1))
    np.testing.assert_allclose(
        scores_of(opened(lite_models / "any_size"), encoded(picture, "PNG"), 3), expected, atol=1e-2
    )


def test_raw_pixels_are_told(opened: Open, lite_models: Path) -> None:
    assert opened(lite_models / "colour").feeds_raw_pixels
    assert not opened(lite_models / "colour", normalization=Normalization((0.0,), (1.0,))).feeds_raw_pixels


class Fixed:
    """A servable that gives fixed scores; which ones is what these tests are about."""

    def __init__(self, scores: Tensor, labels: Sequence[str] = (), **signatures: Signature) -> None:
        picture = TensorSpec("image", "uint8", (-1, 8, 8, 3))
        output = TensorSpec("scores", scores.dtype, (-1, *scores.shape[1:]))
        default = Signature(PREDICT_METHOD, {"image": picture}, {"scores": output})
        self.signatures: Mapping[str, Signature] = signatures or {"serving_default": default}
        self.signature_defs: Mapping[str, bytes] = {}
        self.labels = labels
        self._scores = scores

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        assert deadline_s is None
        assert signature_name in self.signatures
        assert list(inputs) == ["image"]
        return dict.fromkeys(output_filter, self._scores)

    def close(self) -> None: ...


def classes(*values: float, brings: Sequence[str] = (), top_k: str = "3", **options: Any) -> list[dict[str, object]]:
    """What is answered for these scores by a model that brings these labels."""
    scores = np.array([values], "float32")
    servable = Fixed(Tensor("float32", scores.shape, scores.tobytes()), brings)
    return ImageClassifier(servable, OPTIONS._replace(**options)).predict(encoded(gradient(8, 8), "PNG"), top_k).classes


def test_the_best_come_first_and_equals_in_the_order_of_their_classes() -> None:
    assert [entry["class"] for entry in classes(0.1, 0.5, 0.3, 0.5, top_k="4")] == [1, 3, 2, 0]


def test_scores_have_six_digits() -> None:
    assert classes(0.123456789, 1e-9, top_k="2") == [{"class": 0, "score": 0.123457}, {"class": 1, "score": 0.0}]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_json_does_not_have_is_null(value: float) -> None:
    (entry,) = [entry for entry in classes(value, 0.5, top_k="2") if entry["class"] == 0]
    assert entry["score"] is None


def test_labels_are_the_models_unless_others_are_set() -> None:
    assert [entry["label"] for entry in classes(0.2, 0.1, top_k="2", brings=["a", "b"])] == ["a", "b"]
    assert [entry["label"] for entry in classes(0.2, 0.1, top_k="2", brings=["a", "b"], labels=["c", "d"])] == [
        "c",
        "d",
    ]


def test_a_class_without_a_label_has_none() -> None:
    assert classes(0.2, 0.1, top_k="2", brings=["a"]) == [
        {"class": 0, "label": "a", "score": 0.2},
        {"class": 1, "score": 0.1},
    ]


def test_a_background_label_too_many_is_left_out() -> None:
    assert classes(0.2, 0.1, top_k="1", brings=["Background", "a", "b"])[0]["label"] == "a"
    assert classes(0.2, 0.1, top_k="1", brings=["background", "a"])[0]["label"] == "background"


@pytest.mark.parametrize("top_k", ["0", "-1", "+1", "1.0", "", "x", "٣", "1234567890", "5"])
def test_a_bad_top_k_is_named(top_k: str) -> None:
    with pytest.raises(InvalidArgument, match="expected a whole number from 1 to"):
        classes(0.2, 0.1, top_k=top_k)


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ([TensorSpec("x", "float32", (-1, 4))], "takes no picture"),
        ([TensorSpec("x", "int64", (-1, 8, 8, 3))], "takes no picture"),
        ([TensorSpec("x", "uint8", (-1, 8, 8, 4))], "takes no picture"),
        ([TensorSpec("x", "uint8", None)], "takes no picture"),
        ([TensorSpec(name, "uint8", (-1, 8, 8, 3)) for name in "ab"], "its signatures are serving"),
    ],
)
def test_a_model_that_takes_no_picture_is_named(inputs: list[TensorSpec], text: str) -> None:
    signature = Signature(PREDICT_METHOD, {spec.name: spec for spec in inputs}, {})
    with pytest.raises(Unimplemented, match=text):
        ImageClassifier(Fixed(Tensor("float32", (1, 0)), serving=signature), OPTIONS)


def test_the_answer_is_utf8_json_on_a_line() -> None:
    octets = answer_json("mobilenet", 2, [{"class": 0, "label": "grå", "score": 0.5}])
    assert octets.endswith(b"}\n")
    assert "grå".encode() in octets
    assert json.loads(octets) == {
        "model": "mobilenet",
        "version": "2",
        "predictions": [{"class": 0, "label": "grå", "score": 0.5}],
    }
