"""Course: how far a check has come, told where it takes long, and its end where its time is over, or it is stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import Arrays, Component, Subject
from inkgrad.errors import Interrupted

TELLS_AFTER = 2.0  # seconds; what is quicker needs no words
TELLS_EVERY = 0.5


class BudgetError(Exception):
    """The time that a check may take is over; it is caught where something has been told."""


@dataclass
class Course:
    """Counts the evaluations of a check, tells of them after two seconds, and ends it after `budget` seconds.

    Before each it asks `stop`, and raises Interrupted where that is true.  Where parts are checked one after the other,
    their number is told too, as far as it is known.
    """

    tell: Callable[[str], None] | None = None
    budget: float = inf
    stop: Callable[[], bool] | None = None
    begun: float = field(default_factory=time.monotonic)
    n_evaluations: int = 0
    last_told: float = 0.0
    n_parts: int = 0
    n_begun: int = 0

    def expect(self, n_parts: int) -> None:
        """Count so many more parts, which are checked later."""
        self.n_parts += n_parts

    def begin(self) -> None:
        """Count the next part as begun."""
        self.n_begun += 1

    def watched(self, subject: Subject, path: str = "", name: str = "") -> Subject:
        """Return the same subject, each evaluation of which is counted; it is told of by `name`, or its own."""
        name = name or (f"{subject.name}, {path}" if path else subject.name)

        def forward(arrays: Arrays) -> NDArray:
            self.evaluation(name)
            return subject.forward(arrays)

        def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
            self.evaluation(name)
            return subject.backward(arrays, dy, start)

        parts, precise = subject.parts, subject.precise
        return replace(
            subject,
            forward=forward,
            backward=backward,
            precise=self.watched(precise, path) if precise else None,
            parts=(lambda: self._watched_parts(parts(), path)) if parts else None,
        )

    def _watched_parts(self, parts: Iterable[Component], path: str) -> Iterator[Component]:
        for part in parts:
            yield replace(part, subject=self.watched(part.subject, f"{path}.{part.path}".strip(".")))

    def evaluation(self, name: str) -> None:
        """Count an evaluation of what has this name; raise BudgetError or Interrupted where it is one too many."""
        if self.stop and self.stop():
            raise Interrupted("the check was stopped")
        self.n_evaluations += 1
        now = time.monotonic()
        seconds = now - self.begun
        if seconds > self.budget:
            raise BudgetError
        if self.tell and seconds > TELLS_AFTER and now - self.last_told > TELLS_EVERY:
            self.last_told = now
            part = f", part {self.n_begun} of {self.n_parts}" if self.n_parts else ""
            self.tell(f"checking {name}{part}: {self.n_evaluations:,} evaluations, {seconds:.0f} s")


@contextmanager
def told_in_terminal() -> Iterator[Callable[[str], None] | None]:
    """Yield what writes a sentence over the last one on standard error, where that is a terminal; and is gone after."""
    if not sys.stderr.isatty():
        yield None
        return
    said = []

    def tell(sentence: str) -> None:
        said.append(sentence)
        print(f"\r\x1b[2K{sentence[:79]}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if said:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
