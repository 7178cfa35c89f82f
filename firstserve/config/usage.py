"""Usage: the table of flags -> the help texts of both commands and the reference in docs/flags.md.

`python -m firstserve.config.usage` prints the reference.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from firstserve.config.command_line import FLAGS, MODEL_SERVER, SERVE
from firstserve.config.flag import Cpus, Flag
from firstserve.config.kinds import BOOL
from firstserve.config.own_flags import OWN_FLAGS
from firstserve.config.tensorflow_serving_flags import TENSORFLOW_SERVING_FLAGS

_WIDTH = 100

_SERVE_HELP = """\
usage: firstserve serve [--FLAG=VALUE ...]

Serves models over HTTP and gRPC. A boolean flag needs no value. Every flag is also read from the environment, by the
name that stands after its default; the command line wins.

With PORT in the environment and no flag for a port, HTTP listens on PORT and gRPC is off, as serverless platforms want
it; without, gRPC listens on 8500 and HTTP on 8501.
"""

_REFERENCE = """\
# Flags

Written by `python -m firstserve.config.usage >docs/flags.md`.

Two commands take them: `firstserve serve`, which `run.sh` and the containers start, and `tensorflow_model_server`,
which behaves as TensorFlow Serving's program of that name. Write `--name=value`, or `--name` alone for a boolean;
`firstserve serve` also takes `--name value`. Each flag is also read from the environment, as `FIRSTSERVE_` and its name
in capitals. The command line wins over the environment. `firstserve serve` also reads `MODEL_NAME`, `MODEL_BASE_PATH`
and `PORT`.

A value that cannot be read ends `firstserve serve` with its reason and status 2, and `tensorflow_model_server` with its
usage and status 255. An unknown flag ends `firstserve serve` with status 2; `tensorflow_model_server` prints
`unknown argument` and its usage, and starts.

`server_rust_fastest` is both commands as well, for .tflite models; [flags_rust.md](flags_rust.md) tells what differs.

## Ports

| command | `PORT` | flags | gRPC | HTTP |
|---|---|---|---|---|
| `firstserve serve` | unset | none | 8500 | 8501 |
| `firstserve serve` | unset | `--port=A --rest_api_port=B` | A | B |
| `firstserve serve` | P | none | off | P |
| `firstserve serve` | P | `--rest_api_port=B` | off | B |
| `firstserve serve` | P | `--port=A` | A | P |
| `firstserve serve` | P | `--grpc_socket_path=S` | S | P |
| `tensorflow_model_server` | not read | none | 8500 | off |
| `tensorflow_model_server` | not read | `--port=A --rest_api_port=B` | A | B |

A port flag of 0 is off. Where both ports are the same, that is told on stderr, and HTTP is off. The variables
`FIRSTSERVE_PORT` and `FIRSTSERVE_REST_API_PORT` count as flags. `run.sh` sets `PORT` to 8080 where it is unset.

## Start

`tensorflow_model_server` starts as TensorFlow Serving does: it waits for a model folder that is missing or empty and
tries a version that cannot be loaded again. A start that fails prints `Failed to start server. Error: ...` on stdout
and ends with status 255. So it is with `firstserve serve` where gRPC is on or `--model_config_file` is given.
Otherwise, as on a serverless platform, a model that is missing or cannot be loaded ends the start at once, with its
reason on stderr and status 3.
"""


def help_of(command: str) -> str:
    """What the command prints for --help."""
    return _serve_help() if command == SERVE else _model_server_usage()


def _serve_help() -> str:
    entries = []
    for flag in FLAGS.values():
        by = f"{flag.twin} or {flag.name.upper()}" if flag.name == "model_name" else flag.twin
        default = _text_of(_serve_default(flag))
        otherwise = f"default: {default}; " if default else ""
        entries.append(f"  --{flag.name}" + ("" if flag.kind is BOOL else "=VALUE"))
        entries.append(_indented(f"{_meaning(flag)} ({otherwise}{by})"))
    return _SERVE_HELP + "\n" + "\n".join(entries) + "\n"


def _model_server_usage() -> str:
    lines = [f"usage: {MODEL_SERVER}\nFlags:\n"]
    for flag in FLAGS.values():
        default = _text_of(flag.default.resolve() if isinstance(flag.default, Cpus) else flag.default)
        shown = f'--{flag.name}="{default}"' if flag.kind.name == "string" else f"--{flag.name}={default}"
        lines.append(f"\t{shown:<33}\t{flag.kind.name}\t{_meaning(flag)}\n")
    return "".join(lines)


def reference() -> str:
    """The text of docs/flags.md."""
    return (
        f"{_REFERENCE}\n## TensorFlow Serving's flags\n\n{_table(TENSORFLOW_SERVING_FLAGS)}"
        f"\n## More flags\n\n{_table(OWN_FLAGS)}"
    )


def _table(flags: tuple[Flag, ...]) -> str:
    lines = ["| flag | type | default | meaning |\n|---|---|---|---|\n"]
    for flag in flags:
        default = _code(flag.default)
        if flag.serve_default is not None:
            default += f"; `{SERVE}`: {_code(flag.serve_default)}"
        lines.append(f"| `--{flag.name}` | {flag.kind.name} | {default} | {_meaning(flag)} |\n")
    return "".join(lines)


def _meaning(flag: Flag) -> str:
    return flag.help if flag.has_effect else f"accepted, without effect: {flag.help}"


def _serve_default(flag: Flag) -> object:
    return flag.default if flag.serve_default is None else flag.serve_default


def _code(default: object) -> str:
    text = _text_of(default)
    return f"`{text}`" if text and not isinstance(default, Cpus) else text


def _text_of(default: object) -> str:
    if default is None or isinstance(default, Mapping):
        return ""
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, Cpus):
        return str(default)
    return ",".join(default) if isinstance(default, tuple) else str(default)


def _indented(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False)


if __name__ == "__main__":
    print(reference(), end="")
