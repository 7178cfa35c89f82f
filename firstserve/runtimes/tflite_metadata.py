"""TFLite metadata: a .tflite file -> the class names, picture normalisation and SignatureDefs that it brings with it.

Formats: the model is a flatbuffer of tensorflow/lite/schema/schema.fbs whose list `metadata` names two buffers.
`TFLITE_METADATA` is a flatbuffer of metadata_schema.fbs (identifier M001); the label files that it names lie in a ZIP
archive behind the model. `signature_defs_metadata`, which TensorFlow Serving reads, is a FlexBuffers map of serialized
tensorflow.SignatureDefs. Numbers below are the field numbers of the two schemas.

The few fields are read by hand: the `flatbuffers` package imports NumPy where there is one, and this is the
cold path. A model without metadata, or with one that cannot be read, simply brings nothing.
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - an exception's name
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from firstserve.servable import Normalization, read_labels

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator, Mapping

    Buffer = bytes | mmap.mmap
    """The content of a file."""

Octets = TypeVar("Octets")
Found = TypeVar("Found")

_METADATA, _SIGNATURE_DEFS = "TFLITE_METADATA", "signature_defs_metadata"
_NORMALIZATION_OPTIONS = 1
"""ProcessUnitOptions.NormalizationOptions."""
_ASSIGN_VARIABLE = 144
"""BuiltinOperator.ASSIGN_VARIABLE."""
_TENSOR_AXIS_LABELS = 2
"""AssociatedFileType.TENSOR_AXIS_LABELS."""


class TfliteMetadata(NamedTuple):
    """What a .tflite says about itself; `normalizations` has one entry per input of the first subgraph."""

    labels: tuple[str, ...] = ()
    normalizations: tuple[Normalization | None, ...] = ()
    signature_defs: Mapping[str, bytes] = {}
    assigns_variables: bool = False
    """Whether an operation writes variables, which all signatures have in common."""


class Table(NamedTuple):
    """A flatbuffer table at `start`; fields that are absent read as None or nothing."""

    buffer: Buffer
    start: int

    def _field(self, number: int) -> int | None:
        vtable = self.start - unpack_from("<i", self.buffer, self.start)[0]
        size = unpack_from("<H", self.buffer, vtable)[0]
        if 4 + 2 * number >= size:
            return None
        offset = unpack_from("<H", self.buffer, vtable + 4 + 2 * number)[0]
        return self.start + offset if offset else None

    def _target(self, number: int) -> int | None:
        field = self._field(number)
        return None if field is None else field + unpack_from("<I", self.buffer, field)[0]

    def number(self, number: int, letter: str) -> int:
        """A scalar field, in the `struct` module's letters."""
        field = self._field(number)
        return 0 if field is None else int(unpack_from("<" + letter, self.buffer, field)[0])

    def table(self, number: int) -> Table | None:
        """A field that is a table."""
        target = self._target(number)
        return None if target is None else Table(self.buffer, target)

    def tables(self, number: int) -> Iterator[Table]:
        """A field that is a list of tables."""
        target = self._target(number)
        if target is not None:
            for index in range(unpack_from("<I", self.buffer, target)[0]):
                place = target + 4 + 4 * index
                yield Table(self.buffer, place + unpack_from("<I", self.buffer, place)[0])

    def octets(self, number: int, item_bytes: int = 1) -> bytes:
        """A field that is text or a list of numbers, as it lies there."""
        target = self._target(number)
        if target is None:
            return b""
        count = unpack_from("<I", self.buffer, target)[0]
        return bytes(self.buffer[target + 4 : target + 4 + item_bytes * count])

    def numbers(self, number: int, letter: str) -> tuple[int, ...]:
        """A field that is a list of numbers of four bytes."""
        octets = self.octets(number, item_bytes=4)
        return unpack_from(f"<{len(octets) // 4}{letter}", octets)

    def floats(self, number: int) -> tuple[float, ...]:
        """A field that is a list of floats."""
        return self.numbers(number, "f")


def root_table(buffer: Buffer) -> Table:
    """The table that all others are reached from."""
    return Table(buffer, unpack_from("<I", buffer)[0])


def read_metadata(model: Buffer) -> TfliteMetadata:
    """What the content of a .tflite says about itself; nothing where it says nothing."""
    buffers = _readable(_metadata_buffers, model) or {}
    normalizations, labels_file = _readable(_read, buffers.get(_METADATA, b"")) or ((), "")
    labels = _read_labels(model, labels_file) if labels_file else ()
    signature_defs: Mapping[str, bytes] = {}
    if _SIGNATURE_DEFS in buffers:
        from firstserve.runtimes.flexbuffer import read_strings

        signature_defs = _readable(read_strings, buffers[_SIGNATURE_DEFS]) or {}
    return TfliteMetadata(labels, normalizations, signature_defs, bool(_readable(_assigns_variables, model)))


def _readable(read: Callable[[Octets], Found], octets: Octets) -> Found | None:
    """What is read from damaged or absent metadata is nothing."""
    try:
        return read(octets)
    except (StructError, ValueError, IndexError, OverflowError):
        return None


def _metadata_buffers(model: Buffer) -> dict[str, bytes]:
    """The named buffers that are wanted here."""
    root = root_table(model)
    wanted = {entry.number(1, "I"): entry.octets(0).decode() for entry in root.tables(6)}
    return {
        wanted[index]: buffer.octets(0)
        for index, buffer in enumerate(root.tables(4))
        if wanted.get(index) in {_METADATA, _SIGNATURE_DEFS}
    }


def _assigns_variables(model: Buffer) -> bool:
    return any(code.number(3, "i") == _ASSIGN_VARIABLE for code in root_table(model).tables(1))


def _read(octets: bytes) -> tuple[tuple[Normalization | None, ...], str]:
    for subgraph in root_table(octets).tables(3):
        normalizations = tuple(_normalization(tensor) for tensor in subgraph.tables(2))
        labels_file = next(
            (
                file.octets(0).decode()
                for tensor in subgraph.tables(3)
                for file in tensor.tables(6)
                if file.number(2, "b") == _TENSOR_AXIS_LABELS
            ),
            "",
        )
        return normalizations, labels_file
    return (), ""


def _normalization(tensor: Table) -> Normalization | None:
    for unit in tensor.tables(4):
        options = unit.table(1)
        if unit.number(0, "B") == _NORMALIZATION_OPTIONS and options is not None:
            mean, std = options.floats(0), options.floats(1)
            return Normalization(mean, std) if mean and std and 0 not in std else None
    return None


def _read_labels(model: Buffer, labels_file: str) -> tuple[str, ...]:
    from firstserve.runtimes.associated_file import read_associated_file

    try:
        return read_labels(read_associated_file(model, labels_file))
    except (KeyError, ValueError, StructError):
        return ()
