"""Seen: one character of a row, as either way of reading it gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.mnist_form import MNIST_SIDE_PX, mnist_form
from inkgrad.pictures.pieces import Piece, cut_out


@dataclass(frozen=True, eq=False)
class Seen:
    """One character that was read.

    piece  its ink, in the scan
    label  which it is
    p      the probability of each label, in [0, 1]; what is left of 1 is that of being none
    image  uint8 (28, 28), as the network for single digits saw it; None where it did not
    gap    what parts it from the one before it in its row: "" or a space
    """

    piece: Piece
    label: str
    p: Mapping[str, float]
    image: NDArray | None = None
    gap: str = ""

    @property
    def probability(self) -> float:
        """That of its label."""
        return self.p[self.label]

    @property
    def others(self) -> tuple[tuple[str, float], ...]:
        """The next best two labels with their probabilities."""
        ranks = sorted(self.p.items(), key=lambda rank: rank[1], reverse=True)
        return tuple(rank for rank in ranks if rank[0] != self.label)[:2]

    def shown(self, ink: NDArray) -> NDArray:
        """Return its image, of the ink (height, width) of its scan where the network for single digits saw none."""
        if self.image is not None:
            return self.image
        cut = cut_out(self.piece, ink)[0]
        return mnist_form(cut) if cut.any() else np.zeros((MNIST_SIDE_PX, MNIST_SIDE_PX), np.uint8)
