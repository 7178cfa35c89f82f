"""Weight caches beside a model: which one is used, and which is refused with what line in the log."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.file_mark import make_mark
from firstserve.runtimes.lazy_file import FileChanged
from firstserve.runtimes.tflite_metadata import root_table
from firstserve.runtimes.weight_cache_note import read_note
from firstserve.weight_cache.builder import build

from .tensors import pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firstserve.runtimes.litert import LiteRtServable

pytestmark = pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="a weight cache needs /proc/cpuinfo")


@pytest.fixture(scope="module")
def built(tflite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version folder with a model and its weight cache."""
    folder = tmp_path_factory.mktemp("built") / "1"
    folder.mkdir()
    shutil.copy2(tflite_model / "1/model.tflite", folder)
    build(folder)
    return folder


@pytest.fixture
def version(built: Path, tmp_path: Path) -> Path:
    """A copy of it, as an image build makes one."""
    return Path(shutil.copytree(built, tmp_path / "1"))


@pytest.fixture
def scores(litert: Callable[..., LiteRtServable], noise: list[bytes]) -> Callable[[Path], bytes]:
    """What a loaded version answers."""

    def ask(folder: Path, rows: int = 1) -> bytes:
        (answer,) = litert(folder).run("serving_default", pictures(*noise[:rows])).values()
        return bytes(answer.data)

    return ask


def cache_of(version: Path) -> Path:
    (file,) = (version / "weight_cache").glob("*.xnnpack")
    return file


def note_of(version: Path) -> Path:
    return cache_of(version).with_suffix(".note")


def overwrite(file: Path, place: int, octets: bytes) -> None:
    """Changes a file, which gets a new time of change."""
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(octets)


def largest_weights(model: bytes | bytearray) -> slice:
    """Where the largest of a .tflite's buffers lies."""
    buffers = list(root_table(bytes(model)).tables(4))
    largest = max(buffers, key=lambda buffer: len(buffer.octets(0)))
    start = (largest._target(0) or 0) + 4
    return slice(start, start + len(largest.octets(0)))


def mapped_files() -> str:
    return Path("/proc/self/maps").read_text(encoding="utf-8")


def open_files() -> Iterator[str]:
    """What the process's descriptors name; other threads may close some meanwhile."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def refusal(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert record.name == "firstserve.runtimes.weight_cache"
    return record.getMessage()


def test_the_cache_is_mapped_and_gives_the_same_answers(
    version: Path, tflite_model: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    assert scores(version) == scores(tflite_model / "1")
    assert str(cache_of(version)) in mapped_files()
    assert not caplog.records


def test_other_batch_sizes_use_it_too(version: Path, tflite_model: Path, scores: Callable[..., bytes]) -> None:
    assert scores(version, rows=3) == scores(tflite_model / "1", rows=3)


def test_a_run_by_two_threads_uses_it(version: Path, litert: Callable[..., LiteRtServable]) -> None:
    litert(version, threads=2)
    assert str(cache_of(version)) in mapped_files()


def test_instances_share_it(version: Path, litert: Callable[..., LiteRtServable], noise: list[bytes]) -> None:
    first, second = litert(version), litert(version)
    for picture in noise:
        assert first.run("serving_default", pictures(picture)) == second.run("serving_default", pictures(picture))


def test_nothing_stays_open_after_close(version: Path, litert: Callable[..., LiteRtServable]) -> None:
    litert(version).close()
    assert not [each for each in open_files() if each.startswith(str(version))]
    assert str(version) not in mapped_files()


def test_another_model_of_the_same_shapes_is_refused(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    model_file = version / "model.tflite"
    status = model_file.stat()
    octets = bytearray(model_file.read_bytes())
    weights = largest_weights(octets)
    octets[weights] = bytes(value ^ 1 for value in octets[weights])
    model_file.write_bytes(octets)
    os.utime(model_file, ns=(status.st_atime_ns, status.st_mtime_ns))
    answer = scores(version)
    assert "it was built from another model.tflite" in refusal(caplog)
    shutil.rmtree(version / "weight_cache")
    assert answer == scores(version)


def test_a_model_with_one_weight_changed_is_refused(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    model_file = version / "model.tflite"
    octets = model_file.read_bytes()
    place = largest_weights(octets).start + 12_345
    overwrite(model_file, place, bytes([octets[place] ^ 1]))
    os.utime(model_file, (0, 0))
    scores(version)
    assert "it was built from another model.tflite" in refusal(caplog)


@pytest.mark.parametrize("changed_s", [0, 1_700_000_000])
def test_a_file_with_another_time_of_change_is_read_in_full(
    changed_s: int, version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    os.utime(version / "model.tflite", (changed_s, changed_s))
    scores(version)
    assert [record.getMessage() for record in caplog.records] == [
        f"{version}/model.tflite is read in full: the weight cache's note has another time of change"
    ]
    assert str(cache_of(version)) in mapped_files()


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (("library 2.3.0", "library 2.2.0"), "it was built by LiteRT 2.2.0, and this is 2.3.0"),
        (("cpu ", "cpu GenuineIntel 6 1 "), "it was built on another type of CPU: GenuineIntel 6 1 "),
        (("format 1", "format 2"), "it has format ['2']"),
        (("cache ", "cash "), "it has no line 'cache'"),
    ],
)
def test_a_note_of_something_else_is_refused(
    edit: tuple[str, str], text: str, version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    note = note_of(version)
    note.write_text(note.read_text(encoding="ascii").replace(*edit, 1), encoding="ascii")
    scores(version)
    assert text in refusal(caplog)


def test_a_damaged_cache_is_refused(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(cache_of(version), 5_000_000, b"damage")
    scores(version)
    assert "its file is damaged" in refusal(caplog)


def test_a_cache_that_was_cut_off_is_refused(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    os.truncate(cache_of(version), 5_000_000)
    scores(version)
    assert "its file is damaged" in refusal(caplog)


@pytest.mark.parametrize("place", [0, 8, 24, -100])
def test_a_cache_that_ends_a_process_does_not_end_this_one(
    place: int, version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    cache = cache_of(version)
    overwrite(cache, place % cache.stat().st_size, b"\x63")
    damaged = cache.read_bytes()
    # As if it had been built so.
    with cache.open("rb", buffering=0) as file:
        note = read_note(note_of(version))._replace(cache=make_mark(file))
    note_of(version).write_text(note.text(), encoding="ascii")
    scores(version)
    assert "the golden run" in refusal(caplog)
    # XNNPACK would have written it anew, or marked it.
    assert cache.read_bytes() == damaged


def test_weights_that_are_not_the_models_fail_the_golden_run(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    cache = cache_of(version)
    size = cache.stat().st_size
    overwrite(cache, size // 4, bytes(size // 2))
    with cache.open("rb", buffering=0) as file:
        note = read_note(note_of(version))._replace(cache=make_mark(file))
    note_of(version).write_text(note.text(), encoding="ascii")
    scores(version)
    assert "the golden run gives another answer" in refusal(caplog)


def test_a_cache_without_a_note_is_not_used(
    version: Path, scores: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    note_of(version).unlink()
    scores(version)
    assert refusal(caplog).endswith("so the model starts slower: there is none")


def test_of_several_caches_the_models_own_is_used(version: Path, scores: Callable[..., bytes]) -> None:
    cache, note = cache_of(version), note_of(version)
    shutil.copy2(cache, cache.with_name("another.xnnpack"))
    text = note.read_text(encoding="ascii").replace("cpu ", "cpu another ")
    note.with_name("another.note").write_text(text, encoding="ascii")
    scores(version)
    assert str(cache) in mapped_files()


@pytest.mark.parametrize("rows", [1, 3])
def test_a_cache_that_is_held_may_be_cut_off(
    version: Path, litert: Callable[..., LiteRtServable], noise: list[bytes], rows: int
) -> None:
    servable = litert(version)
    expected = servable.run("serving_default", pictures(*noise[:rows]))
    servable.hold_files()
    assert f" {cache_of(version)}\n" not in mapped_files()
    os.truncate(cache_of(version), 0)
    os.truncate(version / "model.tflite", 0)
    assert servable.run("serving_default", pictures(*noise[:rows])) == expected
    assert len(servable.run("serving_default", pictures(*noise, *noise))) == 1


def test_a_cache_that_is_written_to_before_it_is_held_answers_nothing(
    version: Path, litert: Callable[..., LiteRtServable], noise: list[bytes]
) -> None:
    servable = litert(version)
    overwrite(cache_of(version), cache_of(version).stat().st_size - 8, bytes(8))
    with pytest.raises(FileChanged, match=r"xnnpack was written to while it was loaded"):
        servable.run("serving_default", pictures(noise[0]))
    with pytest.raises(FileChanged, match=r"xnnpack was written to while it was loaded"):
        servable.hold_files()
