"""Choice: which of several ways to read a picture is taken: light on dark or dark on light, turned or as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from inkgrad.reader.page import Scan
from inkgrad.reader.seen import Seen

TURNS = 90, 180, 270  # degrees clockwise


@dataclass(frozen=True)
class ChoiceSettings:
    """When a picture is turned, and which of several readings of it is taken.

    Of 96 composed pictures of development and 19 real ones of lines and pages none is turned that is upright; of the
    real ones upside down, 18 are.

    empty    worth of a reading without a character; nearly any other is better
    doubt    sureness; a picture that is read less surely is read upside down, too
    side     sureness; one that is read less surely is read on its sides, too, and any doubtful one with few characters
    few      characters (of 145 composed pictures of development that lie on their side and are read with at least so
             many none is read more surely than 0.905; of 84 upside down, four are more surely than 0.96)
    sure     a turned reading is at least so sure
    fewest   and has as many characters in its longest line: fewer may be right in several turns, as 69 and 0 over 0 are
    better   and is better by this than the upright one
    power    of the share of characters, by which the sureness of a reading is multiplied
    on_side  times its width; a higher piece may be several characters of a line that lies on its side
    """

    empty: float = -10.0
    doubt: float = 0.96
    side: float = 0.91
    few: int = 4
    sure: float = 0.85
    fewest: int = 3
    better: float = 0.05
    power: float = 0.5
    on_side: float = 2.5


@dataclass(frozen=True, eq=False)
class Attempt:
    """One way to read a picture.

    page   what lies there
    rows   the characters of each row
    alone  mean probability, in [0, 1], that the network for lines alone gave to its characters, or that for digits to
           one that is clear
    words  whether the network for lines is sure that nothing stands in any row, as it is of words: of 24 pictures of
           digits that lie on their side or upside down it is of none
    """

    page: Scan
    rows: list[list[Seen]]
    alone: float
    words: bool = False

    @property
    def sure(self) -> float:
        """How sure the network for lines was alone, times how sure both are together; 0 where nothing is read."""
        return self.alone * mean_probability(self.rows)

    @property
    def n_characters(self) -> int:
        """How many there are in all rows."""
        return sum(map(len, self.rows))

    @property
    def longest(self) -> int:
        """How many there are in the longest line; a row of a table is one."""
        lines: Counter[tuple[int, int]] = Counter()
        for k, (place, row) in enumerate(zip(self.page.places, self.rows, strict=True)):
            lines[(-1, k) if place is None else place[:2]] += len(row)
        return max(lines.values(), default=0)

    def worth(self, settings: ChoiceSettings) -> float:
        """Return how good it is: more for each character, less for doubtful ones."""
        return sum(map(worth_of, self.rows)) if self.n_characters else settings.empty

    def turns(self, settings: ChoiceSettings) -> tuple[int, ...]:
        """Return by how many degrees a picture may have to be turned, where what stands there is doubtful and no words.

        There are none where there is too little ink to tell.
        """
        pieces = list(chain.from_iterable(self.page.rows))
        is_enough = len(pieces) > 1 or any(piece.height > settings.on_side * piece.width for piece in pieces)
        if not is_enough or self.words or self.sure >= settings.doubt:
            return ()
        return (180,) if self.sure >= settings.side and self.n_characters >= settings.few else TURNS


def mean_probability(rows: Sequence[Sequence[Seen]]) -> float:
    """Return the mean probability of the characters of rows; 0 where there is none."""
    return float(np.mean([seen.probability for row in rows for seen in row])) if any(rows) else 0.0


def worth_of(row: Sequence[Seen]) -> float:
    """Return what a row adds to the worth of a reading."""
    return sum(1 + 2 * float(np.log(max(seen.probability, 1e-6))) for seen in row)


def best_lines(rows: list[list[Seen]], n: int) -> list[list[Seen]]:
    """Return the rows with all but n of them empty: those stay that are worth most."""
    kept = set(np.argsort([worth_of(row) for row in rows])[::-1][:n].tolist())
    return [row if k in kept else [] for k, row in enumerate(rows)]


def better_turned(upright: Attempt, turned: Sequence[Attempt], settings: ChoiceSettings) -> Attempt:
    """Return the best of the turned readings where it is clearly better than the upright one; else this.

    How good a reading is, is how sure it is, and how many characters it has for the most that any has, to a power.
    """
    most = max(attempt.n_characters for attempt in (upright, *turned))

    def good(attempt: Attempt) -> float:
        return attempt.sure * (attempt.n_characters / max(most, 1)) ** settings.power

    likely = [each for each in turned if each.longest >= settings.fewest and each.sure >= settings.sure]
    best = max(likely, key=good, default=upright)
    return best if good(best) > good(upright) + settings.better else upright
