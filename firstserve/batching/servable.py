"""Batching servable: a servable in front of a servable, which runs the rows of several requests at once.

request -> its queue -> batch -> rows joined, filled up to an allowed size -> one run -> each request's own rows
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from firstserve.batching.batch_queue import BatchQueue
from firstserve.batching.rows import join_rows, pad_dimensions, take_rows
from firstserve.batching.scheduler import THREAD_POOL_NAME
from firstserve.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument
from firstserve.runtimes.checks import check_deadline, check_inputs, check_names, select_outputs, time_left_s

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstserve.batching.batch_queue import Batch, Task
    from firstserve.batching.scheduler import BatchScheduler
    from firstserve.servable import Servable, Signature
    from firstserve.tensors import Tensor


class BatchingServable:
    """See Servable for the contract. Closes the servable behind it."""

    def __init__(self, servable: Servable, scheduler: BatchScheduler) -> None:
        self.signatures: Mapping[str, Signature] = servable.signatures
        self.signature_defs: Mapping[str, bytes] = servable.signature_defs
        self.labels: Sequence[str] = servable.labels
        self._servable = servable
        self._scheduler = scheduler
        self._settings = scheduler.settings
        # By signature and names of outputs: what differs in these never runs together.
        self._queues: dict[tuple[str, tuple[str, ...]], BatchQueue] = {}

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Tensor],
        output_filter: Sequence[str] = (),
        deadline_s: float | None = None,
    ) -> dict[str, Tensor]:
        """Runs one signature, with others' rows where there are some; see Servable.

        Raises InvalidArgument for inputs without a batch dimension or of different batch sizes, and for more rows than
        a batch may have, FailedPrecondition where outputs have no rows or inputs do not fit those of other requests,
        Unavailable where the queue is full.
        """
        check_deadline(deadline_s)
        if signature_name not in self.signatures:
            return self._servable.run(signature_name, inputs, output_filter, deadline_s)
        signature = self.signatures[signature_name]
        check_names(signature, inputs)
        names = select_outputs(signature, output_filter)
        rows = _count_rows(inputs)
        if not _fits(signature, inputs):
            # The runtime decides; one request's mistake must not become that of all in its batch.
            return self._servable.run(signature_name, inputs, output_filter, deadline_s)
        queue = self._queue(signature_name, tuple(sorted(names)))
        tasks = self._scheduler.add(queue, inputs, rows, deadline_s)
        parts = [self._result(queue, task) for task in tasks]
        if len(parts) == 1:
            return {name: parts[0][name] for name in names}
        return {name: join_rows([part[name] for part in parts]) for name in names}

    def close(self) -> None:
        """Waits until what is queued has run, and gives the model's memory back."""
        self._scheduler.drain(list(self._queues.values()))
        self._servable.close()

    def _queue(self, signature_name: str, names: tuple[str, ...]) -> BatchQueue:
        key = (signature_name, names)
        queue = self._queues.get(key)
        if queue is None:
            made = BatchQueue(self._settings, lambda batch: self._run_batch(signature_name, names, batch))
            queue = self._queues.setdefault(key, made)
        return queue

    def _result(self, queue: BatchQueue, task: Task) -> Mapping[str, Tensor]:
        if not task.wait(time_left_s(task.deadline_s)):
            waited = self._scheduler.remove(queue, task)
            raise _late() if waited else DeadlineExceeded("the request's time limit has passed")
        error, task.error = task.error, None
        try:
            if error is not None:
                raise error
        finally:
            # An error that its own traceback leads to would keep the request's tensors until Python looks for garbage.
            del error
        return task.outputs

    def _run_batch(self, signature_name: str, names: Sequence[str], batch: Batch) -> None:
        now_s = time.monotonic()
        tasks = [task for task in batch.tasks if task.deadline_s is None or task.deadline_s > now_s]
        for task in batch.tasks:
            if task not in tasks:
                task.finish({}, _late())
        if not tasks:
            return
        if self._scheduler.recorder is not None:
            queued_us = [(now_s - task.enqueued_s) * 1e6 for task in batch.tasks]
            self._scheduler.recorder.batch(THREAD_POOL_NAME, queued_us)
        deadlines_s = [task.deadline_s for task in tasks]
        try:
            inputs, rows = self._merge(self.signatures[signature_name], tasks)
            # The last deadline is the batch's: who has an earlier one no longer waits by then.
            latest_s = None if None in deadlines_s else max(deadline_s for deadline_s in deadlines_s if deadline_s)
            outputs = self._servable.run(signature_name, inputs, names, latest_s)
            shares = _split(outputs, tasks, rows)
        except BaseException as error:  # noqa: BLE001 - whatever it is, every task is told
            for task in tasks:
                task.finish({}, error)
            return
        for task, share in zip(tasks, shares, strict=True):
            task.finish(share)

    def _merge(self, signature: Signature, tasks: Sequence[Task]) -> tuple[Mapping[str, Tensor], int]:
        """All tasks' inputs as one, and how many rows they have with those that fill them up to an allowed size."""
        rows = sum(task.rows for task in tasks)
        size = next((size for size in self._settings.allowed_batch_sizes if size >= rows), rows)
        if len(tasks) == 1 and size == rows:
            return tasks[0].inputs, rows
        merged = {}
        for name, spec in signature.inputs.items():
            parts = self._alike(spec.tensor_name or name, [task.inputs[name] for task in tasks])
            filling = [part for part in parts if part.shape[0]][-1:]
            if filling:
                parts += [take_rows(filling[0], 0, 1)] * (size - rows)
            merged[name] = join_rows(parts)
        return merged, size if rows else 0

    def _alike(self, tensor_name: str, parts: list[Tensor]) -> list[Tensor]:
        """The tensors with the same dimensions after the 0th, padded where that is allowed."""
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) == 1:
            return parts
        if not self._settings.pad_variable_length_inputs:
            raise FailedPrecondition(
                f"Tensors with name '{tensor_name}' from different tasks have different shapes and padding is turned "
                "off.Set pad_variable_length_inputs to true, or ensure that all tensors with the same namehave equal "
                "dimensions starting with the first dim."
            )
        if len({len(shape) for shape in shapes}) > 1:
            raise FailedPrecondition(f"Tensors with name '{tensor_name}' from different tasks have different ranks.")
        largest = tuple(max(sizes) for sizes in zip(*shapes, strict=True))
        return [pad_dimensions(part, (part.shape[0], *largest)) for part in parts]


def _fits(signature: Signature, inputs: Mapping[str, Tensor]) -> bool:
    try:
        check_inputs(signature, inputs, lenient=True)
    except InvalidArgument:
        return False
    return True


def _late() -> DeadlineExceeded:
    return DeadlineExceeded("Run() timeout exceeded while waiting in batching queue")


def _count_rows(inputs: Mapping[str, Tensor]) -> int:
    """The size of the 0th dimension, which all inputs share. Raises InvalidArgument."""
    if not inputs:
        raise InvalidArgument("Batching Run() must have at least one input tensor")
    if any(not tensor.shape for tensor in inputs.values()):
        raise InvalidArgument("Batching Run() input tensors must have at least one dimension")
    sizes = {tensor.shape[0] for tensor in inputs.values()}
    if len(sizes) > 1:
        raise InvalidArgument("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def _split(outputs: Mapping[str, Tensor], tasks: Sequence[Task], rows: int) -> list[Mapping[str, Tensor]]:
    """Each task's rows of the outputs. Raises FailedPrecondition for an output without them."""
    for tensor in outputs.values():
        if not tensor.shape:
            raise FailedPrecondition("Batched output tensor has 0 dimensions")
        if tensor.shape[0] != rows:
            raise FailedPrecondition(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
                "tensors"
            )
    if len(tasks) == 1 and tasks[0].rows == rows:
        return [outputs]
    shares: list[Mapping[str, Tensor]] = []
    start = 0
    for task in tasks:
        shares.append({name: take_rows(tensor, start, start + task.rows) for name, tensor in outputs.items()})
        start += task.rows
    return shares
