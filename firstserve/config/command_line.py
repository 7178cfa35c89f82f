"""Command line: arguments and environment -> the value of every flag, or usage and the end.

Both commands take `--name=value`, and `--name` alone for a boolean. They differ in their defaults, and in what they do
about a mistake:

- `firstserve serve` also takes `--name value`. It ends with status 2 and says why on stderr.
- `tensorflow_model_server` does as the program of that name: for a value that cannot be read it prints its usage on
  stdout and ends with status 255; an argument that it does not know is told, with the usage, and then ignored.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from firstserve.config.flag import Cpus, Flag
from firstserve.config.kinds import BOOL, PORT
from firstserve.config.own_flags import OWN_FLAGS
from firstserve.config.tensorflow_serving_flags import TENSORFLOW_SERVING_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NoReturn

SERVE = "firstserve serve"
MODEL_SERVER = "tensorflow_model_server"

FLAGS = {flag.name: flag for flag in (*TENSORFLOW_SERVING_FLAGS, *OWN_FLAGS)}

_USUAL_NAMES = {"model_name": "MODEL_NAME"}
_KUBERNETES_ADDRESS = ("tcp://", "udp://", "sctp://")
"""FIRSTSERVE_PORT begins so in every container of a Kubernetes namespace that has a service named firstserve, and
FIRSTSERVE_REST_API_PORT where one is named firstserve-rest-api."""


class Flags(SimpleNamespace):
    """The value of every flag as an attribute; `given` are the names of those that were set."""

    command: str
    given: frozenset[str]


class _BadFlagError(Exception):
    """What is wrong with which argument or variable."""


def read_flags(command: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Flags:
    """Reads arguments, then the environment, then defaults. Ends the process (SystemExit) as the module says."""
    try:
        values, unknown = _read_arguments(arguments, apart=command == SERVE)
        values = _read_environment(command, environment, values) | values
    except _BadFlagError as error:
        refuse_flags(command, str(error))
    if unknown and unknown[0] in {"--help", "-h"}:
        from contextlib import suppress

        from firstserve.config.usage import help_of

        # Whoever has seen enough closes the pipe.
        with suppress(BrokenPipeError):
            print(help_of(command), end="")
        raise SystemExit(0)
    if unknown:
        _tell_unknown(command, unknown)
    return _complete(command, values)


def _read_arguments(arguments: Iterable[str], *, apart: bool) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    unknown = []
    words = iter(arguments)
    for word in words:
        name, equals, text = word[2:].partition("=")
        flag = FLAGS.get(name) if word.startswith("--") else None
        if flag is not None and not equals:
            if flag.kind is BOOL:
                text = "true"
            elif apart:
                text = next(words, "--")
                if text.startswith("--"):
                    raise _BadFlagError(f"argument --{name}: expected a value")
            else:
                flag = None
        if flag is None:
            unknown.append(word)
        else:
            values[name] = _read(flag, text, f"argument --{name}")
    return values, unknown


def _read_environment(command: str, environment: Mapping[str, str], values: Mapping[str, object]) -> dict[str, object]:
    """Of the flags that are not among `values`; a variable that is set and empty counts as none."""
    read = {}
    for name, flag in FLAGS.items():
        if name in values:
            continue
        variable = flag.twin
        if command == SERVE and name in _USUAL_NAMES and not environment.get(variable):
            variable = _USUAL_NAMES[name]
        text = environment.get(variable)
        if text and flag.kind is PORT and text.startswith(_KUBERNETES_ADDRESS):
            from firstserve.standard_streams import say

            say(f"firstserve: {variable}={text} is Kubernetes' link to a service and no port: it is passed over\n")
        elif text:
            read[name] = _read(flag, text, variable)
    return read


def _read(flag: Flag, text: str, source: str) -> object:
    try:
        return flag.kind.read(text)
    except ValueError as error:
        raise _BadFlagError(f"{source}: {error}") from None


def _complete(command: str, values: Mapping[str, object]) -> Flags:
    flags = Flags(command=command, given=frozenset(values))
    for name, flag in FLAGS.items():
        default = flag.serve_default if command == SERVE and flag.serve_default is not None else flag.default
        value = values.get(name, default)
        if flag.is_missed and value != default:
            from firstserve.standard_streams import say

            say(f"firstserve: --{name} is accepted and has no effect here\n")
        setattr(flags, name, value.resolve() if isinstance(value, Cpus) else value)
    return flags


def _tell_unknown(command: str, unknown: Sequence[str]) -> None:
    if command == SERVE:
        refuse_flags(command, f"unrecognized arguments: {' '.join(unknown)}")
    from firstserve.config.usage import help_of
    from firstserve.standard_streams import STDOUT, say

    say(f"unknown argument: {unknown[0]}\n{help_of(command)}", STDOUT)


def refuse_flags(command: str, fault: str) -> NoReturn:
    """Ends the process for a mistake in its flags, as the module says."""
    from firstserve.standard_streams import STDOUT, say

    if command == SERVE:
        usage = f"usage: {SERVE} [--FLAG=VALUE ...]; {SERVE} --help lists the flags"
        say(f"{usage}\n{SERVE}: error: {fault}\n")
        raise SystemExit(2)
    from firstserve.config.usage import help_of

    say(f"{command}: {fault}\n")
    say(help_of(command), STDOUT)
    raise SystemExit(255)
