"""Graphs of a .tflite: its content -> what LiteRT's C library does not tell of its signatures.

The library knows one name of a tensor that a signature gives under two, takes a tensor without a rank for a scalar, and
says neither which operations it lacks nor which tensors keep it from a model. Numbers are field numbers of
tensorflow/lite/schema/schema.fbs. What lies outside the file raises struct.error, IndexError or ValueError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.runtimes.tflite_metadata import Table, root_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from firstserve.runtimes.tflite_metadata import Buffer

_FLEX = "Flex"
"""How the converter calls TensorFlow's own operations."""


class Port(NamedTuple):
    """An input or output of a graph; `name` is the signature's, empty where the model has no list of signatures."""

    name: str
    has_rank: bool


class Graph(NamedTuple):
    """One signature's."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tensorflow_operations: tuple[str, ...]
    """TensorFlow's own operations in it, by TensorFlow's names."""


def read_graph(model: Buffer, place: int) -> Graph:
    """The graph of the signature at this place of the model's list, or the first one of a model without a list."""
    root = root_table(model)
    subgraphs = list(root.tables(2))
    signatures = list(root.tables(7))
    signature = signatures[place] if signatures else None
    subgraph = subgraphs[signature.number(4, "I") if signature else 0]
    names = [code.octets(1).decode("utf-8", "replace") for code in root.tables(1)]
    operations = dict.fromkeys(names[operator.number(0, "I")] for operator in subgraph.tables(3))
    return Graph(
        _ports(subgraph, 1, signature, 0),
        _ports(subgraph, 2, signature, 1),
        tuple(name.removeprefix(_FLEX) for name in operations if name.startswith(_FLEX)),
    )


def variable_tensors(model: Buffer) -> Iterator[tuple[int, str]]:
    """Where operations keep their state from one run to the next: place of the graph, name of the tensor."""
    for place, subgraph in enumerate(root_table(model).tables(2)):
        for tensor in subgraph.tables(0):
            if tensor.number(5, "B"):
                yield place, tensor.octets(3).decode("utf-8", "replace")


def unranked_tensors(model: Buffer) -> Iterator[str]:
    """The names of the tensors that may have any number of dimensions."""
    for subgraph in root_table(model).tables(2):
        for tensor in subgraph.tables(0):
            if not _has_rank(tensor):
                yield tensor.octets(3).decode("utf-8", "replace")


def _ports(subgraph: Table, graph_field: int, signature: Table | None, signature_field: int) -> tuple[Port, ...]:
    """The tensors of one list of a graph with the names that a signature's list has for them, each name once."""
    named = list(signature.tables(signature_field)) if signature else []
    names = [(entry.number(1, "I"), entry.octets(0).decode("utf-8", "replace")) for entry in named]
    tensors = list(subgraph.tables(0))
    return tuple(Port(_pop(names, place), _has_rank(tensors[place])) for place in subgraph.numbers(graph_field, "i"))


def _pop(names: list[tuple[int, str]], place: int) -> str:
    index = next((index for index, (tensor, _) in enumerate(names) if tensor == place), None)
    return "" if index is None else names.pop(index)[1]


def _has_rank(tensor: Table) -> bool:
    has_shape: Sequence[object] = (*tensor.numbers(0, "i"), *tensor.numbers(7, "i"))
    return bool(has_shape) or bool(tensor.number(8, "B"))
