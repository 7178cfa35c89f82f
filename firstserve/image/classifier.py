"""Image classification: a picture's bytes -> a servable -> its best classes, as `POST /predict` answers them."""

from __future__ import annotations

import heapq
import json
import math
import struct
import threading
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import DeadlineExceeded, InvalidArgument, Unimplemented
from firstserve.image.decoder import decode_image
from firstserve.image.memory import Limits
from firstserve.image.preprocess import Preprocessor
from firstserve.runtimes.checks import check_deadline, time_left_s
from firstserve.servable import DEFAULT_SIGNATURE
from firstserve.tensors import STRUCT_FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.image.options import ImageOptions
    from firstserve.servable import Servable, Signature, TensorSpec
    from firstserve.tensors import Tensor

_PICTURE_RANK = 4
_SCORES_RANK = 2
_PICTURE_DTYPES = frozenset({"uint8", "int8", "float32", "float16"})
_SCORE_DIGITS = 6
_TOP_K_DIGITS = 9
DEFAULT_TOP_K = 5
"""How many classes are answered, at most, where a request does not say it."""


class Prediction(NamedTuple):
    """What a picture shows, best class first, and how long each part took."""

    classes: list[dict[str, object]]
    decode_ms: float
    inference_ms: float


class ImageClassifier:
    """A servable seen as an image classifier.

    Raises Unimplemented where no signature takes a picture, or no output of the one that does can be class scores.
    """

    def __init__(self, servable: Servable, options: ImageOptions) -> None:
        self._servable = servable
        self._options = options
        self._signature_name, self._input = _find_picture_input(servable.signatures)
        self._height, self._width, channels = _picture_size(self._input, options.size)
        # Sorted, since a SavedModel has them in another order each time.
        self._outputs = dict(sorted(servable.signatures[self._signature_name].outputs.items()))
        self._fitting = {name: spec for name, spec in self._outputs.items() if _may_be_scores(spec)}
        if not self._fitting:
            raise self._no_scores("none is that")
        self._preprocess = Preprocessor(self._input, channels, options.normalization)
        self._working = threading.Semaphore(options.pictures_at_once)

    @property
    def feeds_raw_pixels(self) -> bool:
        """Whether a float input gets values 0 to 255 because nothing says what it expects."""
        return self._preprocess.feeds_raw_pixels

    def predict(
        self,
        body: bytes,
        top_k: str | None = None,
        scores_output: str | None = None,
        deadline_s: float | None = None,
    ) -> Prediction:
        """Classifies one picture.

        `top_k` is the query's text; None takes the best `DEFAULT_TOP_K`, or all where there are fewer. `scores_output`
        stands in for the option of that name. `deadline_s` is on the clock of `time.monotonic()`.

        Raises InvalidArgument for a body that is no picture or a `top_k` out of range, TooLarge over the pixel limit,
        Unimplemented where no output is known to be class scores, DeadlineExceeded past the deadline.
        """
        wanted = None if top_k is None else _read_top_k(top_k)
        output = self._scores(scores_output or self._options.scores_output)
        if not self._working.acquire(timeout=time_left_s(deadline_s)):
            raise DeadlineExceeded("the request's time limit has passed while it waited for images before it")
        try:
            check_deadline(deadline_s)
            start = perf_counter()
            limits = Limits(self._options.limit_pixels, self._options.memory, deadline_s)
            tensor = self._preprocess(decode_image(body, self._width, self._height, limits))
            decoded = perf_counter()
            inputs = {self._input.name: tensor}
            outputs = self._servable.run(self._signature_name, inputs, (output.name,), deadline_s)
            inferred = perf_counter()
        finally:
            self._working.release()
        tensor = outputs[output.name]
        if len(tensor.shape) != _SCORES_RANK or tensor.shape[0] != 1:
            raise self._no_scores(f"{output.name} has come as {list(tensor.shape)}")
        classes = self._best(_to_floats(tensor, output), wanted)
        return Prediction(classes, (decoded - start) * 1e3, (inferred - decoded) * 1e3)

    def warm_up(self) -> None:
        """Runs once on a black picture."""
        from PIL import Image

        tensor = self._preprocess(Image.new("RGB", (self._width, self._height)))
        self._servable.run(self._signature_name, {self._input.name: tensor}, tuple(self._fitting))

    def _scores(self, chosen: str) -> TensorSpec:
        """The output of class scores: the one chosen, `scores`, `probabilities`, or the only one of that shape."""
        if chosen and chosen not in self._fitting:
            raise self._no_scores(f"{chosen} is not that")
        for name in (chosen,) if chosen else ("scores", "probabilities"):
            if name in self._fitting:
                return self._fitting[name]
        if len(self._fitting) > 1:
            raise self._no_scores(f"{' and '.join(self._fitting)} are that")
        (only,) = self._fitting.values()
        return only

    def _no_scores(self, fault: str) -> Unimplemented:
        listed = "; ".join(
            f"{name}: {spec.dtype} {'of any shape' if spec.shape is None else list(spec.shape)}"
            for name, spec in self._outputs.items()
        )
        return Unimplemented(
            f"/predict answers one numeric output of shape [N, classes], and {fault}: the model's outputs are {listed}"
            "; choose one by scores_output in the query, or by --scores_output"
        )

    def _best(self, scores: Sequence[float], top_k: int | None) -> list[dict[str, object]]:
        if top_k is None:
            top_k = min(DEFAULT_TOP_K, len(scores))
        elif top_k > len(scores):
            raise _bad_top_k(str(top_k), len(scores))
        labels = self._labels_for(len(scores))
        ranked = heapq.nlargest(top_k, range(len(scores)), key=scores.__getitem__)
        classes: list[dict[str, object]] = []
        for index in ranked:
            entry: dict[str, object] = {"class": index}
            if index < len(labels):
                entry["label"] = labels[index]
            # JSON has no NaN and no infinity.
            entry["score"] = round(scores[index], _SCORE_DIGITS) if math.isfinite(scores[index]) else None
            classes.append(entry)
        return classes

    def _labels_for(self, class_count: int) -> Sequence[str]:
        labels = self._options.labels or self._servable.labels
        # Label lists with a background class in front are handed around with models that have none.
        if len(labels) == class_count + 1 and labels[0].lower() == "background":
            return labels[1:]
        return labels


def answer_json(model: str, version: int, classes: list[dict[str, object]]) -> bytes:
    """The body of a 200 answer, UTF-8, with a newline at its end."""
    answer = {"model": model, "version": str(version), "predictions": classes}
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"


def _read_top_k(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _TOP_K_DIGITS and int(text) > 0):
        raise _bad_top_k(text, None)
    return int(text)


def _bad_top_k(text: str, class_count: int | None) -> InvalidArgument:
    most = "the number of classes" if class_count is None else str(class_count)
    return InvalidArgument(f"top_k is {text!r}: expected a whole number from 1 to {most}")


def _takes_picture(signature: Signature) -> bool:
    if len(signature.inputs) != 1:
        return False
    (spec,) = signature.inputs.values()
    return (
        spec.dtype in _PICTURE_DTYPES
        and spec.shape is not None
        and len(spec.shape) == _PICTURE_RANK
        and spec.shape[0] in {-1, 1}
        and spec.shape[3] in {1, 3}
    )


def _find_picture_input(signatures: Mapping[str, Signature]) -> tuple[str, TensorSpec]:
    names = sorted(signatures, key=lambda name: (name != DEFAULT_SIGNATURE, name))
    for name in names:
        if _takes_picture(signatures[name]):
            (spec,) = signatures[name].inputs.values()
            return name, spec
    raise Unimplemented(
        "this model takes no picture: /predict needs a signature with one input of shape [N, height, width, 3 or 1] "
        f"and dtype uint8, int8 or float; its signatures are {', '.join(names) or 'none'}"
    )


def _picture_size(spec: TensorSpec, size: int) -> tuple[int, int, int]:
    _, height, width, channels = spec.shape or ()
    return (size if height < 0 else height), (size if width < 0 else width), channels


def _may_be_scores(spec: TensorSpec) -> bool:
    """Whether an output is numeric and of shape [N, classes], or of a rank that only a run tells."""
    if spec.dtype not in STRUCT_FORMAT:
        return False
    return spec.shape is None or (len(spec.shape) == _SCORES_RANK and spec.shape[0] in {-1, 1})


def _to_floats(tensor: Tensor, spec: TensorSpec) -> Sequence[float]:
    values: Sequence[float]
    if tensor.dtype == "float32":
        values = memoryview(tensor.data).cast("f")
    else:
        values = [value for (value,) in struct.iter_unpack(STRUCT_FORMAT[tensor.dtype], tensor.data)]
    if spec.quantization is None:
        return values
    scale, zero_point = spec.quantization
    return [(value - zero_point) * scale for value in values]
