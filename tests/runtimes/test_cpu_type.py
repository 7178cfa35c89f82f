"""The type of a CPU, as /proc/cpuinfo tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.runtimes.cpu_type import read_cpu_type

if TYPE_CHECKING:
    from pathlib import Path

X86 = """\
processor	: {number}
vendor_id	: GenuineIntel
cpu family	: 6
model		: 85
model name	: Intel(R) Xeon(R) CPU @ 2.00GHz
cpu MHz		: {clock}
flags		: fpu sse2 avx2 {flags} syscall
bogomips	: 4000.00

"""
ARM = """\
processor	: {number}
BogoMIPS	: 243.75
Features	: fp asimd {features}
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: {part}
CPU revision	: 1

"""


def cpu_type(folder: Path, *blocks: str) -> str:
    file = folder / "cpuinfo"
    file.write_text("".join(blocks), encoding="ascii")
    return read_cpu_type(file)


def test_all_machines_of_a_type_are_one(tmp_path: Path) -> None:
    one = cpu_type(tmp_path, X86.format(number=0, clock="1999.9", flags="hypervisor"))
    two = cpu_type(tmp_path, *(X86.format(number=n, clock=n, flags="mmx") for n in range(4)))
    assert one == two == "GenuineIntel 6 85 avx2 sse2"


def test_another_instruction_set_is_another_type(tmp_path: Path) -> None:
    one, two = (cpu_type(tmp_path, X86.format(number=0, clock="1", flags=flags)) for flags in ("avx512f", "avx512cd"))
    assert one != two


def test_another_core_is_another_type(tmp_path: Path) -> None:
    one, two = (cpu_type(tmp_path, ARM.format(number=0, part=part, features="dotprod")) for part in ("0xd0c", "0xd40"))
    assert one != two
    assert one == "0x41 8 0x3 0xd0c asimd dotprod fp"


def test_every_kind_of_core_counts(tmp_path: Path) -> None:
    cores = [ARM.format(number=n, part=part, features="i8mm") for n, part in enumerate(("0xd46", "0xd47", "0xd46"))]
    assert cpu_type(tmp_path, *cores) == "0x41 8 0x3 0xd46 asimd fp i8mm | 0x41 8 0x3 0xd47 asimd fp i8mm"


def test_a_system_that_does_not_tell_has_no_type(tmp_path: Path) -> None:
    assert not read_cpu_type(tmp_path / "cpuinfo")
    assert not cpu_type(tmp_path, "processor : 0\n\n")
