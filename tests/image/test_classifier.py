"""Pictures through real models: scores, labels and which models take pictures at all."""

from __future__ import annotations

import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from firstserve.errors import DeadlineExceeded, InvalidArgument, Unimplemented
from firstserve.image.classifier import ImageClassifier, answer_json
from firstserve.image.memory import ImageMemory
from firstserve.image.options import ImageOptions
from firstserve.runtimes.litert import load
from firstserve.servable import PREDICT_METHOD, Normalization, RuntimeOptions, Signature, TensorSpec
from firstserve.tensors import Tensor
from tests.image.files import encoded, gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Open = Callable[..., ImageClassifier]

OPTIONS = ImageOptions(
    limit_pixels=10_000_000,
    memory=ImageMemory(100_000_000),
    size=24,
    normalization=None,
    labels=(),
    scores_output="",
    pictures_at_once=2,
)
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
    """Pixels as they are for uint8; for int8 (pixel - 127.5) / 127.5, quantised as the model's input is."""
    (taken,) = Interpreter(model_path=str(model)).get_input_details()
    if taken["dtype"] == np.uint8:
        return pixels
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
        self.deadlines_s: list[float | None] = []
        self._scores = scores

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        self.deadlines_s.append(deadline_s)
        assert signature_name in self.signatures
        assert list(inputs) == ["image"]
        return dict.fromkeys(output_filter, self._scores)

    def close(self) -> None: ...


def classes(
    *values: float, brings: Sequence[str] = (), top_k: str | None = "3", **options: Any
) -> list[dict[str, object]]:
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


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6])
def test_without_a_top_k_the_best_five_are_answered_or_all_where_there_are_fewer(count: int) -> None:
    assert len(classes(*([0.5] * count), top_k=None)) == min(count, 5)


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


TAKES = {"image": TensorSpec("image", "uint8", (-1, 8, 8, 3))}
PICTURE = encoded(gradient(8, 8), "PNG")


def giving(*outputs: TensorSpec, **options: Any) -> ImageClassifier:
    """A classifier over a model of these outputs, each of which is [[0.25, 0.5]] when it is run."""
    scores = Tensor("float32", (1, 2), np.array([0.25, 0.5], "float32").tobytes())
    signature = Signature(PREDICT_METHOD, TAKES, {spec.name: spec for spec in outputs})
    return ImageClassifier(Fixed(scores, serving_default=signature), OPTIONS._replace(**options))


def spec(name: str, *shape: int, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name, dtype, shape)


@pytest.mark.parametrize(
    "outputs",
    [
        [spec("box", -1, 4), spec("scores", -1, 2)],
        [spec("scores", -1, 8, 8), spec("probabilities", 1, 2), spec("box", 1, 4)],
        [spec("mask", 1, 8, 8, 2), spec("logits", 1, 2), spec("text", 1, 2, dtype="string")],
        [TensorSpec("of_any_rank", "float32", None)],
    ],
)
def test_the_output_of_class_scores_is_found_by_its_name_or_its_shape(outputs: list[TensorSpec]) -> None:
    assert [entry["score"] for entry in giving(*outputs).predict(PICTURE).classes] == [0.5, 0.25]


def test_of_several_outputs_that_may_be_class_scores_none_is_taken() -> None:
    with pytest.raises(Unimplemented) as error:
        giving(spec("box", -1, 4), spec("cls", -1, 2)).predict(PICTURE)
    assert str(error.value) == (
        "/predict answers one numeric output of shape [N, classes], and box and cls are that: the model's outputs are "
        "box: float32 [-1, 4]; cls: float32 [-1, 2]; choose one by scores_output in the query, or by --scores_output"
    )


def test_the_option_and_then_the_request_choose_the_output() -> None:
    outputs = [spec("box", -1, 4), spec("cls", -1, 2)]
    assert len(giving(*outputs, scores_output="cls").predict(PICTURE).classes) == 2
    assert len(giving(*outputs, scores_output="other").predict(PICTURE, scores_output="cls").classes) == 2


@pytest.mark.parametrize("chosen", ["mask", "other"])
def test_an_output_that_is_chosen_and_cannot_be_class_scores_is_named(chosen: str) -> None:
    with pytest.raises(Unimplemented, match=rf"and {chosen} is not that: .* mask: float32 \[1, 8, 8, 2\]; choose"):
        giving(spec("mask", 1, 8, 8, 2), spec("cls", 1, 2), scores_output=chosen).predict(PICTURE)


@pytest.mark.parametrize(
    "output",
    [
        spec("mask", 1, 8, 8, 2),
        spec("boxes", 1, 84, 10),
        spec("argmax", 1, dtype="int64"),
        spec("batch", 2, 10),
        spec("text", 1, 10, dtype="string"),
    ],
)
def test_a_model_without_class_scores_is_named_with_its_shapes(output: TensorSpec) -> None:
    with pytest.raises(Unimplemented) as error:
        giving(output)
    assert f"{output.name}: {output.dtype} {list(output.shape or ())}" in str(error.value)


def test_scores_that_come_in_another_shape_are_named() -> None:
    signature = Signature(PREDICT_METHOD, TAKES, {"x": TensorSpec("x", "float32", None)})
    classifier = ImageClassifier(Fixed(Tensor("float32", (1, 8, 8), bytes(256)), serving=signature), OPTIONS)
    with pytest.raises(Unimplemented, match=r"x has come as \[1, 8, 8\]: the model's outputs are x: float32 of any"):
        classifier.predict(PICTURE)


class Blocking(Fixed):
    """A servable whose run begins, says so, and ends when it may."""

    def __init__(self) -> None:
        super().__init__(Tensor("float32", (1, 1), bytes(4)))
        self.begun, self.may_end = threading.Event(), threading.Event()

    def run(self, *arguments: Any, **options: Any) -> dict[str, Tensor]:
        self.begun.set()
        assert self.may_end.wait(60)
        return super().run(*arguments, **options)


def test_a_request_that_waits_for_others_longer_than_it_has_time_is_late() -> None:
    servable = Blocking()
    classifier = ImageClassifier(servable, OPTIONS._replace(pictures_at_once=1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(classifier.predict, PICTURE)
        assert servable.begun.wait(60)
        with pytest.raises(DeadlineExceeded):
            classifier.predict(PICTURE, deadline_s=time.monotonic() + 0.01)
        servable.may_end.set()
        assert len(first.result().classes) == 1
    assert len(classifier.predict(PICTURE, deadline_s=time.monotonic() + 60).classes) == 1


def test_a_request_whose_time_is_over_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("firstserve.image.classifier.decode_image")
    with pytest.raises(DeadlineExceeded):
        giving(spec("scores", 1, 2)).predict(PICTURE, deadline_s=time.monotonic())


def test_the_run_has_what_is_left_of_the_time() -> None:
    servable = Fixed(Tensor("float32", (1, 1), bytes(4)))
    deadline_s = time.monotonic() + 60
    ImageClassifier(servable, OPTIONS).predict(PICTURE, deadline_s=deadline_s)
    assert servable.deadlines_s == [deadline_s]


def test_the_answer_is_utf8_json_on_a_line() -> None:
    octets = answer_json("mobilenet", 2, [{"class": 0, "label": "grå", "score": 0.5}])
    assert octets.endswith(b"}\n")
    assert "grå".encode() in octets
    assert json.loads(octets) == {
        "model": "mobilenet",
        "version": "2",
        "predictions": [{"class": 0, "label": "grå", "score": 0.5}],
    }
