"""Which output of a model `/predict` answers, and how many of its classes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.image.files import encoded
from tests.server_process import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

# Mean red, green and blue are the scores of these models.
COLOUR = encoded(Image.new("RGB", (8, 8), (10, 30, 20)), "PNG")
BEST_FIRST = [{"class": 1, "score": 30.0}, {"class": 2, "score": 20.0}, {"class": 0, "score": 10.0}]


@pytest.mark.parametrize(
    ("query", "count"), [("?model=colours", 3), ("?model=colours&top_k=2", 2), ("?model=pixels", 5)]
)
def test_without_a_top_k_the_best_five_are_answered_or_all_where_there_are_fewer(
    images: ServerProcess, query: str, count: int
) -> None:
    answer = images.predict(COLOUR, query)
    assert answer.status == 200, answer.body
    assert len(answer.json["predictions"]) == count


def test_more_classes_than_a_model_has_are_an_error(images: ServerProcess) -> None:
    answer = images.predict(COLOUR, "?model=colours&top_k=4")
    assert (answer.status, answer.error) == (400, "top_k is '4': expected a whole number from 1 to 3")


@pytest.mark.parametrize("query", ["?model=named", "?model=two_heads&scores_output=cls", "?model=colours"])
def test_the_output_of_class_scores_is_answered(images: ServerProcess, query: str) -> None:
    assert images.predict(COLOUR, query).json["predictions"] == BEST_FIRST


@pytest.mark.parametrize(
    ("query", "fault", "outputs"),
    [
        ("?model=two_heads", "box and cls are that", [r"box: float32 \[-1, 4\]", r"cls: float32 \[-1, 3\]"]),
        ("?model=two_heads&scores_output=x", "x is not that", [r"box: float32 \[-1, 4\]", r"cls: float32 \[-1, 3\]"]),
        ("?model=mask", "none is that", [r"mask: float32 \[-1, 8, 8, 2\]"]),
        ("?model=mask&scores_output=mask", "none is that", [r"mask: float32 \[-1, 8, 8, 2\]"]),
        ("?model=boxes", "none is that", [r"boxes: float32 \[-1, 24, 8\]"]),
        ("?model=argmax", "none is that", [r"best: int64 \[-1\]"]),
    ],
)
def test_a_model_whose_class_scores_are_not_known_is_named_with_its_outputs(
    images: ServerProcess, query: str, fault: str, outputs: list[str]
) -> None:
    answer = images.predict(COLOUR, query)
    assert answer.status == 501
    assert re.fullmatch(
        rf"/predict answers one numeric output of shape \[N, classes\], and {fault}: the model's outputs are "
        rf"{'; '.join(outputs)}; choose one by scores_output in the query, or by --scores_output",
        answer.error,
    )


def test_a_flag_chooses_the_output_and_a_request_another_one(target: Target, image_models: Path) -> None:
    kind = "tflite" if target.model_file == "model.tflite" else "saved_model"
    path = image_models / kind / "two_heads"
    command = (*target.argv(), f"--model_base_path={path}", "--scores_output=cls", "--log_level=error")
    with serving(*command) as server:
        server.wait_until_open()
        assert server.predict(COLOUR).json["predictions"] == BEST_FIRST
        assert len(server.predict(COLOUR, "?scores_output=box").json["predictions"]) == 4


def test_models_whose_class_scores_are_not_known_do_not_keep_a_server_from_being_ready(images: ServerProcess) -> None:
    assert images.ask("GET", "/v2/health/ready").json == {"ready": True}
