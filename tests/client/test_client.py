"""What a caller asks, of each server by each protocol."""

from __future__ import annotations

import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firstserve.client import Client, InvalidRequest, NotFound, Signature, TensorInfo, Unsupported, VersionStatus
from tests.client.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.client.conftest import Served

A, B = [1.5, -2.0], [2.25, 2.0]
PAIR = {"a": TensorInfo("float32", (-1,)), "b": TensorInfo("float32", (-1,))}


def test_lists_are_answered_by_the_newest_version(client: Client) -> None:
    outputs = client.predict("add", {"a": A, "b": B}).outputs
    assert {name: (each.dtype, each.tolist()) for name, each in outputs.items()} == {
        "result": (np.float32, [3.75, 0.0])
    }


def test_arrays_are_answered_as_lists_are(client: Client) -> None:
    answer = client.predict("add", {"a": np.array(A, np.float32), "b": np.array(B, np.float32)})
    np.testing.assert_array_equal(answer.outputs["result"], np.array([3.75, 0.0], np.float32))


def test_a_version_answers_and_is_told(client: Client) -> None:
    answer = client.predict("add", {"a": A, "b": B}, version=1)
    assert (answer.version, answer.outputs["result"].tolist()) == (1, [4.0, 0.0])


def test_grpc_tells_the_version_behind_a_label(simple: Served) -> None:
    with Client(simple.grpc) as client:
        assert client.predict("add", {"a": A, "b": B}, label="stable").version == 1


@pytest.mark.parametrize(("label", "result"), [("stable", 4.0), ("canary", 3.75)])
def test_a_label_names_its_version(client: Client, label: str, result: float) -> None:
    assert client.predict("add", {"a": A, "b": B}, label=label).outputs["result"][0] == result


def test_numbers_that_are_not_finite_go_there_and_back(client: Client) -> None:
    given = [math.inf, -math.inf, math.nan]
    np.testing.assert_array_equal(client.predict("add", {"a": given, "b": [1, 1, 1]}).outputs["result"], given)


def test_whole_numbers_go_where_floats_are_wanted(client: Client) -> None:
    assert client.predict("add", {"a": [2], "b": [3]}, version=2).outputs["result"].tolist() == [5.0]


def test_threads_may_share_it(client: Client) -> None:
    def ask(number: int) -> float:
        return float(client.predict("add", {"a": [number], "b": [number]}, version=2).outputs["result"][0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(32))) == [2.0 * number for number in range(32)]


def test_status_tells_all_versions(client: Client) -> None:
    assert client.status("add") == [VersionStatus(2, "AVAILABLE", "OK", ""), VersionStatus(1, "AVAILABLE", "OK", "")]


def test_status_tells_one_version(client: Client) -> None:
    assert [each.version for each in client.status("add", version=1)] == [1]


def test_metadata_tell_the_signatures(client: Client) -> None:
    metadata = client.metadata("add", version=1)
    assert (metadata.model, metadata.version) == ("add", 1)
    assert metadata.signatures["serving_default"] == Signature(
        "tensorflow/serving/predict", PAIR, {"result": TensorInfo("float32", (-1,))}
    )


def test_rows_are_answered_as_json_has_them(simple: Served) -> None:
    with Client(simple.rest) as client:
        assert client.predict_instances("add", [{"a": 1.5, "b": 2.25}, {"a": 1, "b": -1}], version=1) == [4.0, 0.0]


def test_grpc_has_no_rows(simple: Served) -> None:
    with Client(simple.grpc) as client, pytest.raises(Unsupported, match="by REST"):
        client.predict_instances("add", [{"a": 1, "b": 1}])


def test_grpc_takes_no_pictures(simple: Served, cat: bytes) -> None:
    with Client(simple.grpc) as client, pytest.raises(Unsupported, match="by REST"):
        client.predict_picture(cat)


def test_a_model_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound) as caught:
        client.predict("divide", {"a": np.ones(1), "b": np.ones(1)})
    assert "Latest(divide)" in caught.value.message
    assert caught.value.code in {"404", "NOT_FOUND"}


def test_an_input_that_is_not_there_is_an_invalid_request(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="b"):
        client.predict("add", {"a": A, "c": B})


def test_texts_for_numbers_are_an_invalid_request(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="float"):
        client.predict("add", {"a": ["one"], "b": ["two"]})


def test_a_signature_that_is_not_there_is_an_invalid_request(client: Client) -> None:
    with pytest.raises(InvalidRequest, match='"nope"'):
        client.predict("add", {"a": A, "b": B}, signature_name="nope")


def test_version_and_label_exclude_each_other(client: Client) -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        client.predict("add", {"a": A, "b": B}, version=1, label="stable")


@pytest.fixture(scope="module")
def pictures(tflite_model: Path) -> Iterator[Served]:
    with served("fast", "--model_name=mobilenet", f"--model_base_path={tflite_model}") as server:
        yield server


def test_a_picture_is_classified(pictures: Served, cat: bytes) -> None:
    with Client(pictures.rest) as client:
        answer = client.predict_picture(cat, top_k=2)
    assert (answer.model, answer.version, len(answer.predictions)) == ("mobilenet", 1, 2)
    best = answer.predictions[0]
    assert (best.class_id, best.label, round(best.score, 2)) == (285, "Egyptian cat", 0.56)
    assert answer.timings_ms["decode"] > 0
    assert answer.timings_ms["inference"] > 0


def test_all_classes_of_a_picture_are_given_where_they_are_few(lite_models: Path, cat: bytes, tmp_path: Path) -> None:
    version = tmp_path / "means" / "1"
    version.mkdir(parents=True)
    shutil.copy(lite_models / "any_size" / "model.tflite", version)
    with (
        served("fast", "--model_name=means", f"--model_base_path={version.parent}") as server,
        Client(server.rest) as client,
    ):
        assert len(client.predict_picture(cat).predictions) == 3
        (output,) = client.metadata("means").signatures["serving_default"].outputs
        assert len(client.predict_picture(cat, scores_output=output).predictions) == 3
        with pytest.raises(Unsupported, match="other is not that"):
            client.predict_picture(cat, scores_output="other")


def test_a_picture_can_be_a_file(pictures: Served, cat: bytes, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(cat)
    with Client(pictures.rest) as client:
        by_file = client.predict_picture(tmp_path / "cat.jpg", model="mobilenet", version=1)
        assert by_file.predictions == client.predict_picture(cat).predictions


def test_what_is_no_picture_is_an_invalid_request(pictures: Served) -> None:
    with Client(pictures.rest) as client, pytest.raises(InvalidRequest, match="not a picture"):
        client.predict_picture(b"hello")
