"""The commands `firstserve` and `tensorflow_model_server`: command line -> what it names -> exit status."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from firstserve.models.load_note import LoadNote

USAGE = """\
usage: firstserve serve [FLAG ...]     serves models over HTTP and gRPC; firstserve serve --help lists the flags
       firstserve warmup COMMAND       makes and shows warmup files; firstserve warmup --help tells how
       firstserve weight_cache COMMAND makes large .tflite models load faster; firstserve weight_cache --help tells how
       firstserve --version            prints the version
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives the process's exit status; 2 for a command that does not exist."""
    _open_missing_streams()
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if command == "serve":
        return _serve("firstserve serve", rest)
    if command == "warmup":
        from firstserve.warmup.command import main as warmup

        return warmup(rest)
    if command == "weight_cache":
        from firstserve.weight_cache.command import main as weight_cache

        return weight_cache(rest)
    if command == "--version":
        from firstserve import __version__

        print(f"firstserve {__version__}")
        return 0
    if command in {"--help", "-h"}:
        print(USAGE, end="")
        return 0
    print(f"firstserve: no command {command!r}\n{USAGE}", file=sys.stderr, end="")
    return 2


def tensorflow_model_server(arguments: list[str] | None = None) -> int:
    """Serves as TensorFlow Serving's program of this name does, and gives the process's exit status."""
    _open_missing_streams()
    return _serve("tensorflow_model_server", sys.argv[1:] if arguments is None else arguments)


def _open_missing_streams() -> None:
    # Python has no stream for a descriptor that was closed.
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from firstserve.standard_streams import open_missing

        open_missing()


def _serve(command: str, arguments: list[str]) -> int:
    # What is imported stays: looking for garbage among it is a fifteenth of the start. The worker switches it on.
    gc.disable()
    from firstserve.supervisor import Supervisor

    return Supervisor(lambda *place: _work(command, arguments, *place)).run()


def _work(command: str, arguments: list[str], sockets: Sequence[socket.socket], note: LoadNote, first: bool) -> int:
    from firstserve.config.command_line import read_flags, refuse_flags

    flags = read_flags(command, arguments, os.environ)
    if flags.version:
        return _print_versions()
    from firstserve.config.flags import is_like_tensorflow_serving, make_settings
    from firstserve.errors import FirstserveError

    try:
        settings = make_settings(flags, os.environ)
    except FirstserveError as error:
        if not is_like_tensorflow_serving(flags, os.environ):
            refuse_flags(command, str(error))
        from firstserve.refusal import refuse_like_tensorflow_serving

        return refuse_like_tensorflow_serving(error)
    from firstserve.server import serve

    return serve(settings, sockets, note, first=first)


def _print_versions() -> int:
    """In TensorFlow Serving's form: the server's, and that of TensorFlow's library where it is installed."""
    from importlib.metadata import distributions

    from firstserve import __version__

    names = {"tensorflow", "tensorflow-cpu"}
    libraries = [each.version for each in distributions() if each.metadata["Name"].replace("_", "-") in names]
    print(f"TensorFlow ModelServer: {__version__}+firstserve")
    print(f"TensorFlow Library: {libraries[0] if libraries else 'none'}")
    return 0
