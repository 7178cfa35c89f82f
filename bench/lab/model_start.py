"""One process that loads a version folder and runs it: prints how long both took, and waits until its input ends.

Run in the fast server's environment: `python -m bench.lab.model_start FOLDER`. Prints a line of JSON: `load_ms`,
`first_run_ms`, `second_run_ms`, `cached` (whether a weight cache is mapped), `answer` (a checksum of the outputs).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from zlib import crc32

from firstserve.runtimes.litert import load
from firstserve.servable import RuntimeOptions
from firstserve.tensors import ITEM_BYTES, Tensor, element_count


def main(folder: Path) -> None:
    """Loads and runs twice, with inputs of zeros and ones at batch size 1."""
    started_s = time.perf_counter()
    servable = load(folder, RuntimeOptions(instances=1, threads=1))
    loaded_s = time.perf_counter()
    name, signature = next(iter(servable.signatures.items()))
    inputs = {}
    for key, spec in signature.inputs.items():
        shape = tuple(abs(size) for size in spec.shape or ())
        item_bytes = ITEM_BYTES[spec.dtype]
        # 1.0 in floats, a large number in integers of four bytes: so those stay at zero.
        one = bytes((0, 0, 0x80, 0x3F)) if spec.dtype == "float32" else bytes(item_bytes)
        inputs[key] = Tensor(spec.dtype, shape, (one + bytes(2 * item_bytes)) * (element_count(shape) // 3 + 1))
        inputs[key] = inputs[key]._replace(data=inputs[key].data[: element_count(shape) * item_bytes])
    times_ms = []
    for _ in range(2):
        run_s = time.perf_counter()
        outputs = servable.run(name, inputs)
        times_ms.append(round((time.perf_counter() - run_s) * 1e3, 3))
    told = {
        "load_ms": round((loaded_s - started_s) * 1e3, 3),
        "first_run_ms": times_ms[0],
        "second_run_ms": times_ms[1],
        "cached": ".xnnpack\n" in Path("/proc/self/maps").read_text(encoding="utf-8"),
        "answer": crc32(b"".join(bytes(tensor.data) for tensor in outputs.values())),
    }
    print(json.dumps(told), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
