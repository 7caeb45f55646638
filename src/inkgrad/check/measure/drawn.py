"""Drawn: directions through large arrays, whose memory is short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import Arrays

STEP = 1_000_000  # numbers that are drawn at a time
ALIGNMENT = 64  # bytes, a line of the cache, at which the memory of an array begins


@dataclass(frozen=True)
class Drawn:
    """Normal numbers in float16 that are drawn when they are needed, always the same."""

    seed: int
    shape: tuple[int, ...]
    scale: float

    @property
    def empty(self) -> NDArray:
        """An array for them that takes no memory."""
        return np.broadcast_to(np.float16(0), self.shape)

    def array(self, memory: NDArray | None = None) -> NDArray:
        """Return them, drawn a million at a time, as memory is what lacks; in the memory that is given."""
        found = np.empty(self.shape, np.float16) if memory is None else memory
        flat, step, rng = found.reshape(-1), STEP, np.random.default_rng(self.seed)
        for k in range(0, flat.size, step):
            part = flat[k : k + step]
            part[...] = rng.standard_normal(part.size, np.float32) * np.float32(self.scale)
        return found


class Direction(Mapping[str, NDArray]):
    """A direction through arrays; of large arrays it is drawn anew each time, and kept by nobody meanwhile."""

    def __init__(self, drawn: Mapping[str, NDArray | Drawn]) -> None:
        self._drawn = drawn

    def __getitem__(self, name: str) -> NDArray:
        """Return the direction through one array."""
        found = self._drawn[name]
        return found.array() if isinstance(found, Drawn) else found

    def held(self) -> dict[str, NDArray]:
        """Return it drawn once for all arrays, in one piece of memory."""
        later = {name: each for name, each in self._drawn.items() if isinstance(each, Drawn)}
        memory = memory_for({name: each.empty for name, each in later.items()})
        return {name: later[name].array(memory[name]) if name in later else self[name] for name in self}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the arrays."""
        return iter(self._drawn)

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self._drawn)


def memory_for(arrays: Arrays) -> dict[str, NDArray]:
    """Return memory for arrays like these, in one piece, which is given back as a whole when it is free."""
    starts = np.cumsum([0, *(-(-array.nbytes // ALIGNMENT) * ALIGNMENT for array in arrays.values())])
    piece = np.empty(int(starts[-1]), np.uint8)
    return {
        name: piece[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        for start, (name, array) in zip(starts, arrays.items(), strict=False)
    }
