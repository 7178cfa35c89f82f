"""Class names from a file, whatever stands around them in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.image.files import encoded
from tests.server_process import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target

# Mean red, green and blue are the scores of the model.
COLOUR = encoded(Image.new("RGB", (8, 8), (30, 20, 10)), "PNG")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("\ufeffred\ngreen\nblue\n", ["red", "green", "blue"]),
        ("red\r\ngreen\r\nblue", ["red", "green", "blue"]),
        ("red\u2028hot\ngreen\x85\n\nblue\n", ["red\u2028hot", "green\x85", ""]),
    ],
)
def test_labels_are_the_lines_of_the_file_without_its_byte_order_mark(
    target: Target, image_models: Path, tmp_path: Path, text: str, labels: list[str]
) -> None:
    (tmp_path / "labels.txt").write_bytes(text.encode())
    kind = "tflite" if target.model_file == "model.tflite" else "saved_model"
    flags = (f"--model_base_path={image_models / kind / 'colours'}", f"--labels={tmp_path / 'labels.txt'}")
    with serving(*target.argv(), *flags) as server:
        server.wait_until_open()
        predictions = server.predict(COLOUR).json["predictions"]
    assert [prediction["label"] for prediction in predictions] == labels
