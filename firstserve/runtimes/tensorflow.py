"""TensorFlow by its C library: version folder with a SavedModel -> session -> tensors in, tensors out.

The session is TensorFlow Serving's own: it loads what TF1 and TF2 exported, runs init operations, and finds
the assets. One session serves all threads, each of which runs the operations of its own request.
"""

from __future__ import annotations

import math
import os
import time
from ctypes import byref, c_char_p, c_void_p, cast
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import LoadError, Unimplemented
from firstserve.runtimes.checks import (
    check_deadline,
    check_names,
    check_ranks,
    check_sizes,
    find_signature,
    select_outputs,
)
from firstserve.runtimes.signature_def import read_meta_graph
from firstserve.runtimes.tensorflow_c import VERSION, Buffer, Input, Output, Status, StatusError, load_library
from firstserve.runtimes.tensorflow_tensor import new_tensor, read_tensor, view_of
from firstserve.servable import read_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from firstserve.runtimes.signature_def import GraphSignature, MetaGraph
    from firstserve.servable import RuntimeOptions, Signature
    from firstserve.tensors import Tensor


_MINUS_ONE = (1 << 64) - 1
"""As protobuf writes it."""


_LOOP_OR_WAIT = (b"While", b"LoopCond", b"Queue", b"Barrier", b"nstage", b"Iterator", b"Recv", b"Mutex")
"""Parts of the names of operations that can make a run last for ever, whatever the size of its inputs."""
_FAR = 100
_OF_ONE_RANK = (b"Conv", b"Pool3D", b"FakeQuant")
"""Parts of the names of operations that end the process (oneDNN's, mostly) for an input of another rank than theirs."""


class _Entry(NamedTuple):
    """A signature, and what is fed and fetched for each of its names."""

    signature: Signature
    feeds: Mapping[str, Output]
    fetches: Mapping[str, Output]


def load(path: Path, options: RuntimeOptions) -> TensorFlowServable:
    """Loads the graph with the tags of `options` from the SavedModel in a version folder. Raises LoadError."""
    if not any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
        raise LoadError(f"no saved_model.pb in {path}: export the model there as a SavedModel")
    return TensorFlowServable(path, options, _read_labels(path))


class TensorFlowServable:
    """A SavedModel; see Servable for the contract."""

    def __init__(self, path: Path, options: RuntimeOptions, labels: Sequence[str]) -> None:
        self.labels = labels
        self._library = load_library()
        self._session: int | None = None
        self._graph: int = self._library.TF_NewGraph()
        self._entries: dict[str, _Entry] = {}
        self._faults: dict[str, str] = {}
        self._runs_in_callers_thread = options.inter_op_threads < 0
        self._may_wait = True
        self._ranks_matter = True
        self._longest_run_s = math.inf
        """Of those so far; infinite before the first."""
        try:
            meta_graph = self._load_session(path, options)
            _check_variables(path, meta_graph)
            for name, graph_signature in meta_graph.signatures.items():
                self._add(name, graph_signature)
        except BaseException:
            self.close()
            raise
        self.signature_defs: Mapping[str, bytes] = meta_graph.signature_defs
        self.signatures: Mapping[str, Signature] = {name: entry.signature for name, entry in self._entries.items()}

    def _load_session(self, path: Path, options: RuntimeOptions) -> MetaGraph:
        library = self._library
        config = _session_config(options)
        session_options = library.TF_NewSessionOptions()
        buffer = library.TF_NewBuffer()
        try:
            with Status(library) as status:
                library.TF_SetConfig(session_options, config, len(config), status)
            tags = (c_char_p * len(options.tags))(*(tag.encode() for tag in options.tags))
            with Status(library) as status:
                self._session = library.TF_LoadSessionFromSavedModel(
                    session_options, None, os.fsencode(path), tags, len(tags), self._graph, buffer, status
                )
            serialized = bytes(view_of(buffer.contents.data, buffer.contents.length))
            self._may_wait = any(operation in serialized for operation in _LOOP_OR_WAIT)
            self._ranks_matter = any(operation in serialized for operation in _OF_ONE_RANK)
            return read_meta_graph(memoryview(serialized))
        except (StatusError, ValueError) as error:
            from firstserve.runtimes.lfs_pointer import check_no_pointer

            for file in path.glob("saved_model.pb*"):
                check_no_pointer(file)
            raise LoadError(
                f"cannot load the SavedModel in {path}: {error}; {_remedy(str(error), options.tags)}"
            ) from error
        finally:
            library.TF_DeleteBuffer(buffer)
            library.TF_DeleteSessionOptions(session_options)

    def _add(self, name: str, graph_signature: GraphSignature) -> None:
        """Makes a signature ready to run, or notes why it cannot be."""
        signature, fault = graph_signature
        feeds: dict[str, Output] = {}
        fetches: dict[str, Output] = {}
        for specs, ends in ((signature.inputs, feeds), (signature.outputs, fetches)):
            for spec in specs.values():
                end = self._find_tensor(spec.tensor_name)
                if end is None:
                    fault = fault or f'the graph has no tensor "{spec.tensor_name}"'
                else:
                    ends[spec.name] = end
        if fault:
            self._faults[name] = fault
        else:
            self._entries[name] = _Entry(signature, feeds, fetches)

    def _find_tensor(self, name: str) -> Output | None:
        operation_name, _, index = name.partition(":")
        index = index or "0"
        operation: int | None = self._library.TF_GraphOperationByName(self._graph, operation_name.encode())
        return Output(operation, int(index)) if operation is not None and index.isdecimal() else None

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        """Runs one signature; see Servable. Raises Unimplemented for one whose tensors are not plain."""
        if signature_name in self._faults:
            raise Unimplemented(f'signature "{signature_name}" cannot be served: {self._faults[signature_name]}')
        check_deadline(deadline_s)
        signature = find_signature(self.signatures, signature_name)
        check_names(signature, inputs)
        check_sizes(inputs)
        if self._ranks_matter:
            feeds_of_any_rank = (
                name for name, end in self._entries[signature_name].feeds.items() if self._is_reshaped(end)
            )
            check_ranks(signature, inputs, feeds_of_any_rank)
        names = select_outputs(signature, output_filter)
        entry = self._entries[signature_name]
        library = self._library
        feeds = (Output * len(inputs))(*(entry.feeds[name] for name in inputs))
        fetches = (Output * len(names))(*(entry.fetches[name] for name in names))
        began_s = time.monotonic()
        is_cut_off = self._needs_cut_off(deadline_s, began_s)
        run_options = self._run_options(deadline_s if is_cut_off else None)
        values = (c_void_p * len(feeds))()
        results = (c_void_p * len(fetches))()
        try:
            for index, tensor in enumerate(inputs.values()):
                values[index] = new_tensor(library, tensor)
            with Status(library) as status:
                library.TF_SessionRun(
                    *(self._session, byref(Buffer(cast(c_char_p(run_options), c_void_p), len(run_options)))),
                    *(feeds, values, len(feeds)),
                    *(fetches, results, len(fetches)),
                    *(None, 0),
                    *(None, status),
                )
            took_s = time.monotonic() - began_s
            self._longest_run_s = max(took_s, 0 if self._longest_run_s == math.inf else self._longest_run_s)
            if not is_cut_off:
                check_deadline(deadline_s)
            return {name: read_tensor(library, handle) for name, handle in zip(names, results, strict=True)}
        except StatusError as error:
            raise error.answer() from error
        finally:
            for handle in (*values, *results):
                if handle is not None:
                    library.TF_DeleteTensor(handle)

    def _is_reshaped(self, feed: Output) -> bool:
        """Whether the graph gives an input its shape before it does anything else with it."""
        count = self._library.TF_OperationOutputNumConsumers(feed)
        consumers = (Input * count)()
        self._library.TF_OperationOutputConsumers(feed, consumers, count)
        return count > 0 and all(
            consumer.index == 0 and self._library.TF_OperationOpType(consumer.operation) == b"Reshape"
            for consumer in consumers
        )

    def _needs_cut_off(self, deadline_s: float | None, now_s: float) -> bool:
        """Whether the library itself has to end a run at its deadline.

        Not where no run can loop or wait, and all so far were over in a hundredth of the time that is left.
        """
        if deadline_s is None:
            return False
        return self._may_wait or deadline_s - now_s < _FAR * self._longest_run_s

    def _run_options(self, deadline_s: float | None) -> bytes:
        """A serialized RunOptions (tensorflow/core/protobuf/config.proto): timeout_in_ms, inter_op_thread_pool.

        A run without a time limit does its operations in the thread that asks. With one they go to the library's pool,
        which costs 0.05 ms: only there can the library see that the time is up, and stop before the next operation.
        """
        if deadline_s is not None:
            left_ms = max(int((deadline_s - time.monotonic()) * 1e3), 1)
            return b"\x10" + _varint(left_ms)
        return b"\x18" + _varint(_MINUS_ONE) if self._runs_in_callers_thread else b""

    def close(self) -> None:
        """Gives the memory of session and graph back."""
        library = self._library
        status = library.TF_NewStatus()
        if self._session is not None:
            library.TF_CloseSession(self._session, status)
            library.TF_DeleteSession(self._session, status)
        library.TF_DeleteStatus(status)
        library.TF_DeleteGraph(self._graph)


def _session_config(options: RuntimeOptions) -> bytes:
    """A serialized ConfigProto (tensorflow/core/protobuf/config.proto) of

    - intra_op_parallelism_threads, inter_op_parallelism_threads: 0 is all CPUs. The latter is the pool that RunOptions
      may turn a run away from: with one thread in it, 8 callers got 107 runs/s of a MobileNet in place of 211 without.
    - rewrite_options.disable_meta_optimizer: the graph is optimised only once, as it is placed. The further optimiser
      took a third of the load of a MobileNet and half that of a ResNet, and made no run faster by more than 3 %.
    """
    threads, inter_op_threads = options.threads, max(options.inter_op_threads, 0)
    return b"\x10" + _varint(threads) + b"\x28" + _varint(inter_op_threads) + b"\x52\x05\x52\x03\x98\x01\x01"


def _varint(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*octets, value))


def _check_variables(path: Path, meta_graph: MetaGraph) -> None:
    """TensorFlow itself loads a model without its variables, and fails at every run."""
    index = path / "variables" / "variables.index"
    if meta_graph.has_variables and not index.is_file():
        raise LoadError(f"cannot load the SavedModel in {path}: no {index}; copy the whole folder of the export again")


def _remedy(message: str, tags: Sequence[str]) -> str:
    if "supplied tags" in message:
        return f"export it for serving, with the tags {','.join(tags)}, or name its own by --saved_model_tags"
    if "Op type not registered" in message:
        return f"export it with operations that TensorFlow {VERSION} has"
    return "copy the whole folder of the export again"


def _read_labels(path: Path) -> tuple[str, ...]:
    """The lines of `assets/labels.txt`, else of the only `assets/*label*.txt`."""
    file = path / "assets" / "labels.txt"
    if not file.is_file():
        candidates = list((path / "assets").glob("*label*.txt"))
        if len(candidates) != 1:
            return ()
        file = candidates[0]
    try:
        return read_labels(file.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"cannot read the labels in {file}: {error}; expected UTF-8, one label a line") from error
