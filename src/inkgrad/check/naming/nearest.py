"""Nearest: what is said of a gradient that no mistake explains: which comes nearest, and which case may tell more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess
from inkgrad.check.naming.ways import shortened

FITTED = Kind.factor_per_row, Kind.factor_per_column  # to the wrong gradient
LEAST_EXPLAINED = 0.7  # of the error, and of so many wrong numbers at least, or it may be chance
LEAST_WRONG = 5
CLEARLY = 0.7  # of what another leaves unexplained: of two that are as near the one that is asked first is more telling


@dataclass
class Nearest:
    """Of all guesses that were looked at the one that is nearest to what backward said, and how many there were.

    What has numbers fitted to it comes near to anything, and is not counted.
    """

    case: Case
    guess: Guess | None = None
    explained: float = 0.0  # part of the error
    count: int = 0

    def seen(self, guess: Guess) -> Guess:
        """Return a guess, having looked at it."""
        self.count += 1
        if not guess.n_fitted and guess.kind not in FITTED and guess.predicted.shape == self.case.a.shape:
            explained = self._explained_by(guess)
            if 1 - explained < CLEARLY * (1 - self.explained):
                self.guess, self.explained = guess, explained
        return guess

    def _explained_by(self, guess: Guess) -> float:
        """Return the part of the error that a guess explains; 0 where that is in a few large numbers only."""
        off, left = np.abs(self.case.a - self.case.n), np.abs(guess.predicted - self.case.a)
        wrong = off > self.case.bar
        if np.count_nonzero(left[wrong] < off[wrong] / 2) < LEAST_EXPLAINED * self.case.n_wrong:
            return 0.0
        return 1 - float(np.linalg.norm(left) / np.linalg.norm(off))

    @property
    def kind(self) -> Kind | None:
        """What came nearest, or None if nothing came near."""
        is_near = self.explained >= LEAST_EXPLAINED and self.case.n_wrong >= LEAST_WRONG
        return self.guess.kind if self.guess and is_near else None

    @property
    def words(self) -> str:
        """The same in words."""
        if self.guess is None or self.kind is None:
            return ""
        share = min(int(100 * self.explained), 99)
        return f"; nearest is {self.kind}, which explains {share} % of the error ({shortened(self.guess.message, 100)})"


def what_tells_more(case: Case) -> str:
    """Return a sentence on how to make a case smaller: what is still wrong there mostly shows what it is."""
    inputs = case.z if case.inputs is None else case.inputs
    shape = case.y.shape or inputs.shape  # of a cost the inputs say how large it is
    smaller = [
        *(["one example"] if len(shape) > 1 and shape[0] > 1 else []),
        *(["one step or place"] if len(shape) > 2 else []),
        *(["two units"] if shape and shape[-1] > 2 else []),
        "one part of forward alone",
    ]
    return f"a smaller case tells more: {', '.join(smaller)}"
