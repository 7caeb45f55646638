"""Subject: what is checked, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.moves import Move

Arrays = Mapping[str, NDArray]


@dataclass(frozen=True)
class Subject:
    """A function y = f(arrays) with a hand-written backward.

    `forward` takes arrays by name and returns y.  `backward` takes them, dy and the number that
    gradients start from, runs forward and backward once, and returns the gradient of each array.
    Neither copies what it is given, so that changes in place are seen.  `moves` says how a large
    array moves y, where that is simple (see moves.py).
    """

    name: str
    arrays: Arrays
    forward: Callable[[Arrays], NDArray]
    backward: Callable[[Arrays, NDArray, float], Arrays]
    moves: Callable[[str], Iterable[Move] | None] | None = None

    def copies(self) -> dict[str, NDArray]:
        """Return copies of the arrays, to spoil."""
        return {name: array.copy() for name, array in self.arrays.items()}

    @property
    def eps(self) -> float:
        """The machine epsilon of the coarsest type among the arrays."""
        kinds = [array.dtype for array in self.arrays.values() if array.dtype.kind == "f"]
        return float(max(np.finfo(kind).eps for kind in kinds))
