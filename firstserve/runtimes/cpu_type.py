"""The type of this machine's CPU: /proc/cpuinfo -> one line that is the same on every machine of the type.

XNNPACK chooses its kernels, and with them the layout of packed weights, by instruction set and by core.
"""

from __future__ import annotations

from pathlib import Path

_NAMES = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU architecture", "CPU variant", "CPU part")
_VECTOR_FLAGS = ("sse", "ssse", "avx", "amx", "fma", "f16c", "gfni")
"""How the flags of x86 begin that kernels are chosen by; the others differ from one Linux to the next."""


def read_cpu_type(cpu_info: Path = Path("/proc/cpuinfo")) -> str:
    """The type, such as `GenuineIntel 6 85 avx avx2 …`, of every kind of core; empty where the system tells none."""
    try:
        text = cpu_info.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return " | ".join(sorted({_core(block) for block in set(text.split("\n\n"))} - {""}))


def _core(block: str) -> str:
    lines = (line.partition(":") for line in block.splitlines())
    values = {name.strip(): value.strip() for name, _, value in lines}
    flags = [flag for flag in values.get("flags", "").split() if flag.startswith(_VECTOR_FLAGS)]
    features = sorted([*flags, *values.get("Features", "").split()])
    return " ".join([*(values[name] for name in _NAMES if name in values), *features]) if features else ""
