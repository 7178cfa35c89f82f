"""Runtimes: one module each, chosen by what the version folder holds or by name.

version folder -> runtime -> servable
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path

    from firstserve.servable import RuntimeOptions, Servable

RUNTIMES = ("litert", "tensorflow", "interpreter")
"""The modules of this package that are runtimes."""
_MODEL_FILES = {
    "litert": ("model.tflite",),
    "interpreter": ("model.tflite",),
    "tensorflow": ("saved_model.pb", "saved_model.pbtxt", "variables/variables.index"),
}
"""What they open first."""


def choose_runtime(version_folder: Path, *, prefer_tflite: bool = True) -> str:
    """The runtime for what the folder holds: `model.tflite` or `saved_model.pb`; `prefer_tflite` decides between both.

    Raises LoadError for neither.
    """
    has_tflite = (version_folder / "model.tflite").exists()
    if has_tflite and prefer_tflite:
        return "litert"
    if (version_folder / "saved_model.pb").exists() or (version_folder / "saved_model.pbtxt").exists():
        return "tensorflow"
    if has_tflite:
        return "litert"
    raise LoadError(f"no model in {version_folder}: expected the file model.tflite or saved_model.pb there")


def name_runtime(version_folder: Path, runtime: str, options: RuntimeOptions) -> str:
    """The runtime that `load_servable` takes: the one of this name, or for `auto` what the folder asks for.

    Raises LoadError where it asks for none.
    """
    return choose_runtime(version_folder, prefer_tflite=options.prefer_tflite) if runtime == "auto" else runtime


def check_regular(file: Path) -> None:
    """Raises LoadError for what is there and no regular file: a FIFO would keep whoever opens it for ever."""
    if not file.is_file() and file.exists():
        raise LoadError(f"{file} is no regular file: put the file itself there, or a link to it")


def load_servable(version_folder: Path, runtime: str, options: RuntimeOptions) -> Servable:
    """Loads a version folder through the runtime of this name, or `auto`. Raises LoadError."""
    runtime = name_runtime(version_folder, runtime, options)
    for name in _MODEL_FILES[runtime]:
        check_regular(version_folder / name)
    # One branch each, so that only the runtime in use is imported.
    if runtime == "litert":
        from firstserve.runtimes.litert import load as load_litert

        return load_litert(version_folder, options)
    if runtime == "tensorflow":
        from firstserve.runtimes.tensorflow import load as load_tensorflow

        return load_tensorflow(version_folder, options)
    from firstserve.runtimes.interpreter import load as load_interpreter

    return load_interpreter(version_folder, options)
