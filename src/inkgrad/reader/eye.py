"""Eye: what the network says of pieces of ink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.models import Model
from inkgrad.pictures.mnist_form import MNIST_SIDE_PX, mnist_form
from inkgrad.pictures.pieces import Piece, cut_out, thickness

DIGITS = "0123456789"


@dataclass(frozen=True, eq=False)
class Recognition:
    """What is seen of n pieces.

    p         (n, 10)      probability of each digit; what is left of 1 is that of being none
    images    (n, 28, 28)  uint8, what the network saw
    darkness  (n,)         how dark the ink of each is, in [0, 1]
    stroke    (n,)         how thick the strokes of each are, in pixels
    """

    p: NDArray
    images: NDArray
    darkness: NDArray
    stroke: NDArray

    @property
    def none(self) -> NDArray:
        """The probability of each to be no digit, (n,)."""
        return np.maximum(1 - self.p.sum(axis=1), 0)

    def followed_by(self, other: Recognition) -> Recognition:
        """Return both as one."""
        both = (
            (self.p, other.p),
            (self.images, other.images),
            (self.darkness, other.darkness),
            (self.stroke, other.stroke),
        )
        return Recognition(*map(np.concatenate, both))

    def __getitem__(self, which: slice | NDArray) -> Recognition:
        return Recognition(self.p[which], self.images[which], self.darkness[which], self.stroke[which])


class Eye:
    """Looks at pieces with a model that knows the labels "0" to "9", and maybe others for what is no digit.

    Raises SettingError for a model that does not, or takes other images than 28 × 28.
    """

    def __init__(self, model: Model) -> None:
        missing = [digit for digit in DIGITS if digit not in model.labels]
        if missing or model.input_shape != (MNIST_SIDE_PX, MNIST_SIDE_PX, 1):
            raise SettingError(
                f'a reader needs a model for images of shape (28, 28, 1) with labels "0" to "9", '
                f"got one for {model.input_shape} with labels {', '.join(model.labels)}",
                setting="model",
            )
        self.model = model
        self.columns = [model.labels.index(digit) for digit in DIGITS]

    def look(self, pieces: list[Piece], inks: list[NDArray]) -> Recognition:
        """Return what is seen of pieces, each of its own picture's ink."""
        if not pieces:
            return Recognition(
                np.zeros((0, 10)), np.zeros((0, MNIST_SIDE_PX, MNIST_SIDE_PX), np.uint8), np.zeros(0), np.zeros(0)
            )
        cut = [cut_out(piece, ink) for piece, ink in zip(pieces, inks, strict=True)]
        images = np.stack([mnist_form(ink) for ink, _ in cut])
        p = self.model.probabilities(images)[:, self.columns]
        darkness, strokes = [dark for _, dark in cut], [thickness(piece) for piece in pieces]
        return Recognition(p, images, np.array(darkness), np.array(strokes))
