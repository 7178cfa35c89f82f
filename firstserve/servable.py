"""Servable: one loaded version of a model, and the contract that every runtime fulfils.

A runtime is a module under `runtimes/` with the function
`load(path: Path, options: RuntimeOptions) -> Servable`, where `path` is a version folder. Its obligations:

1. `load` either returns a servable that can run, or raises `LoadError` with the file, the fault and the
   remedy; nothing of a failed load stays in memory.
2. `load` imports and reads only what the first run needs: no NumPy, no package around a C library.
3. `signatures` never changes once `load` has returned, and costs nothing to read.
4. `run` may be called from many threads at once. Neither Python's lock nor a lock of the servable's own
   serialises two runs; where the runtime's object serves one thread at a time, the servable keeps a pool.
5. `run` takes any batch size that the signature allows, and raises `InvalidArgument` for inputs that do
   not fit the signature: name, dtype or shape, with what was sent and what is expected.
6. `close` gives the memory back. It is called once, after the last `run` has returned.
7. Once `load` has returned, and `hold_files` where there is one, nobody who writes to a file changes an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.runtimes.lazy_file import FileState
    from firstserve.tensors import Tensor

DEFAULT_SIGNATURE = "serving_default"
PREDICT_METHOD = "tensorflow/serving/predict"
CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"


class RuntimeOptions(NamedTuple):
    """What a runtime may use. `instances` is the size of a pool where the runtime needs one."""

    instances: int
    threads: int
    """Threads for one run of one instance; 0 leaves it to the runtime: one for a .tflite, all CPUs for TensorFlow."""
    inter_op_threads: int = -1
    """TensorFlow's pool for independent operations: -1 runs them in the caller's thread, 0 takes all CPUs."""
    tags: tuple[str, ...] = ("serve",)
    """Of the graph in a SavedModel."""
    probed: FileState | None = None
    """Of `model.tflite` when it was found to be sound; it is copied before it is read then, and must still be so."""
    prefer_tflite: bool = True
    """Which is taken where a version folder holds both and the runtime is `auto`."""


class Quantization(NamedTuple):
    """real = (stored - zero_point) * scale, for the whole tensor."""

    scale: float
    zero_point: int


class Normalization(NamedTuple):
    """What the model expects of a picture: (pixel - mean) / std, one value for all channels or one for each."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class TensorSpec(NamedTuple):
    """An input or output of a signature. `shape` has -1 where any size goes; None where even the rank is open."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    quantization: Quantization | None = None
    normalization: Normalization | None = None
    tensor_name: str = ""
    """The tensor in the graph, such as `StatefulPartitionedCall:0`; empty where nobody knows it."""


class Signature(NamedTuple):
    """The inputs and outputs of one entry of a model, by their names in the signature."""

    method_name: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


def read_labels(octets: bytes) -> tuple[str, ...]:
    """The lines of a label file: UTF-8 with or without a byte order mark, ended by LF or CRLF and nothing else.

    Raises UnicodeDecodeError.
    """
    text = octets.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n")
    return tuple(text.split("\n")) if text else ()


class Servable(Protocol):
    """One loaded version of a model."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """All signatures by name; a .tflite without any gets `serving_default` over its tensor names."""

    @property
    def signature_defs(self) -> Mapping[str, bytes]:
        """Serialized tensorflow.SignatureDefs as the model holds them, `__saved_model_init_op` included; for metadata.

        Empty where the model brings none: metadata is then made of `signatures`.
        """

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes that the model brings with it, in order; empty where it brings none."""

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        """Runs one signature on a batch and gives its outputs (those of `output_filter`, where any are named).

        `deadline_s` is on the clock of `time.monotonic()`.
        Raises FailedPrecondition for an unknown signature, Unimplemented for one that the model has and this runtime
        cannot serve, which is not among `signatures` then, InvalidArgument for inputs that do not fit,
        DeadlineExceeded past the deadline, FirstserveError where the runtime fails.
        """

    def close(self) -> None:
        """Gives the model's memory back."""
