"""Subject: what is checked, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.moves import Move
from inkgrad.check.tape import Tape

Arrays = Mapping[str, NDArray]
Backward = Callable[[Arrays, NDArray, float], Arrays]
SECOND = " (second derivatives)"  # at the end of the path of a part whose gradient is differentiated
REDRAWN = "other random numbers"  # in backward than would have come after those of forward: a way to call it


@dataclass(frozen=True)
class Subject:
    """A function y = f(arrays) with a hand-written backward.

    forward     takes arrays by name and returns y; of several outputs all numbers in one row
    backward    takes arrays, dy and the number that gradients start from, runs forward and backward once,
                and returns the gradient of each array
    moves       says how a large array moves y, where that is simple (see moves.py)
    only_dy     the one dy that backward takes, where it takes no other
    main        the array that stands for x, if one does: mistakes about inputs are looked for there
    unit        the machine epsilon of the type that it works in, where that is coarser than the arrays'
    precise     the same function in float64, at the same numbers, where there is one
    reference   takes arrays and dy and returns what forward itself, differentiated by its framework, gives:
                to be believed only where differences agree
    pushforward takes arrays and their directions, and returns the slopes of y along them, by forward mode
    variants    the same backward called in other ways, in words: all must give the same; nothing where a way is none
    parts       what it is made of, each alone at what it really gets, from the last to the first
    y           what forward gives for the arrays, where it has been asked before
    outputs     of several outputs in one row, the name and the shape of each
    unfold      writes down what forward does at the arrays, operation by operation; it may raise TapeError

    Neither forward nor backward copies what it is given, so that changes in place are seen.
    """

    name: str
    arrays: Arrays
    forward: Callable[[Arrays], NDArray]
    backward: Backward
    moves: Callable[[str], Iterable[Move] | None] | None = None
    only_dy: NDArray | None = None
    main: str | None = "x"
    unit: float = 0.0
    precise: Subject | None = None
    reference: Callable[[Arrays, NDArray], Arrays] | None = None
    pushforward: Callable[[Arrays, Arrays], NDArray] | None = None
    variants: Mapping[str, Backward] = field(default_factory=dict)
    parts: Callable[[], Iterable[Component]] | None = None
    y: NDArray | None = None
    outputs: tuple[tuple[str, tuple[int, ...]], ...] = ()
    unfold: Callable[[Arrays], Tape] | None = None

    def at(self, arrays: Arrays) -> Subject:
        """Return the same function at other numbers."""
        return replace(self, arrays=arrays, y=None)

    def copies(self) -> dict[str, NDArray]:
        """Return copies of the arrays, to spoil."""
        return {name: array.copy() for name, array in self.arrays.items()}

    @property
    def eps(self) -> float:
        """The machine epsilon of the coarsest type among the arrays, or of the one it works in."""
        kinds = [array.dtype for array in self.arrays.values() if array.dtype.kind == "f"]
        return float(max(self.unit, *(np.finfo(kind).eps for kind in kinds)))


@dataclass(frozen=True)
class Component:
    """A part of a subject: its path ("blocks.5.act"), what it is ("Act"), and how it is checked alone.

    `last_resort` says that it is asked only if all before it are right.
    """

    path: str
    kind: str
    subject: Subject
    last_resort: bool = False
