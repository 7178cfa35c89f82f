"""The OpenAPI document: valid, true to its own schemas, and made only when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import schemathesis

from firstserve.web.openapi.document import make_document
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

DOCUMENT = make_document(["half_plus_two", "mobilenet"], "/monitoring/prometheus/metrics", 1000)


def operations() -> Iterator[tuple[str, str, Json, Json]]:
    """Path, method, operation and the path's own entry."""
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "post"):
            if method in item:
                yield path, method, item[method], item


def contents() -> Iterator[tuple[str, Json]]:
    """Every body in JSON that has a schema."""
    for path, method, operation, _ in operations():
        where = [(f"{method} {path} request", operation.get("requestBody", {}))]
        where += [(f"{method} {path} {status}", response) for status, response in operation["responses"].items()]
        for name, body in where:
            if "schema" in body.get("content", {}).get("application/json", {}):
                yield name, body["content"]["application/json"]


def validator(schema: Json) -> Any:
    return jsonschema_rs.Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def test_document_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()


@pytest.mark.parametrize(("where", "content"), [pytest.param(*each, id=each[0]) for each in contents()])
def test_examples_are_what_their_schemas_say(where: str, content: Json) -> None:
    examples = [each["value"] for each in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    assert examples or "openapi.json" in where
    for example in examples:
        validator(content["schema"]).validate(example)


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ("PredictRequest", {"instances": [1], "inputs": [1]}),
        ("PredictRequest", {"instances": []}),
        ("ExamplesRequest", {"examples": [{"x": {"b65": ""}}]}),
        ("ExamplesRequest", {"examples": [{"x": None}]}),
        ("PredictResponse", {"predictions": [1], "outputs": [1]}),
        ("ClassifyResponse", {"results": [[["label"]]]}),
        ("Error", {"error": "x", "code": 3}),
    ],
)
def test_schemas_refuse_what_is_wrong(schema: str, wrong: Json) -> None:
    assert not validator({"$ref": f"#/components/schemas/{schema}"}).is_valid(wrong)


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation, _ in operations()]
    assert len(names) == len(set(names)) == 22


def test_parameters_of_paths_are_described() -> None:
    for path, _, operation, item in operations():
        described = [each["name"] for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        assert [name for name in described if f"{{{name}}}" in path] == [
            part.partition("}")[0] for part in path.split("{")[1:]
        ]


def test_first_model_is_the_example() -> None:
    (parameter,) = DOCUMENT["paths"]["/v1/models/{model}:predict"]["parameters"]
    assert parameter["example"] == "half_plus_two"


def test_server_without_monitoring_has_no_path_for_it() -> None:
    paths = set(make_document([], None, 1000)["paths"])
    assert set(DOCUMENT["paths"]) - paths == {"/monitoring/prometheus/metrics"}


def test_app_alone_imports_nothing_of_the_document() -> None:
    program = "import sys, firstserve.web.app; print([name for name in sys.modules if 'openapi' in name])"
    ended = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)
    assert ended.stdout == "[]\n"
