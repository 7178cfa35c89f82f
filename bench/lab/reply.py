"""What comes back: the bytes of an HTTP/1.1 response -> status, headers, body -> the answer, checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.lab.errors import NoAnswerError, WrongAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_END = b"\r\n\r\n"


class Answer(NamedTuple):
    """The best of a server's predictions; `label` is empty where the server names none."""

    class_id: int
    label: str
    score: float


class Reply(NamedTuple):
    """A whole response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The beginning of the body, for people."""
        return self.body[:300].decode(errors="replace")

    def predictions(self) -> Any:
        """What stands under that key in the body. Raises NoAnswerError where nothing does."""
        if self.status != 200:
            raise NoAnswerError(f"the server answered with status {self.status}: {self.text}")
        try:
            return json.loads(self.body)["predictions"]
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswerError(f"the server's answer holds no prediction: {self.text}") from error

    def best(self) -> Answer:
        """The best prediction of a picture's, whatever it is. Raises NoAnswerError where there is none."""
        predictions = self.predictions()
        try:
            best = predictions[0]
            return Answer(int(best["class"]), str(best.get("label", "")), float(best["score"]))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise NoAnswerError(f"the server's answer holds no prediction: {self.text}") from error

    def answer(self, expected_class: int) -> Answer:
        """The best prediction of a picture's.

        Raises NoAnswerError where there is none, WrongAnswerError where its class is not the expected one.
        """
        answer = self.best()
        if answer.class_id != expected_class:
            label = f" ({answer.label})" if answer.label else ""
            raise WrongAnswerError(
                f"wrong answer: class {answer.class_id}{label}, expected {expected_class}. "
                "Give the picture's class with --expect, or look at the model."
            )
        return answer


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of the bytes before a response's empty line. Raises ValueError where they are no response."""
    status_line, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = status_line.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP response: {status_line[:100]!r}")
    pairs = (line.partition(":") for line in lines)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}
