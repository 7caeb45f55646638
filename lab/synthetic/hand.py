"""The hand: digits written one beside the other, as one writer would."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import DataError, SettingError
from lab.synthetic.look import Look
from lab.synthetic.pens import Glyph, glyph

UPRIGHT = 0.5  # the part of its own slant that a digit loses, so that a line looks like one hand's
WIDEST = 1.25  # a digit is at most this wide, in heights
BANDS = 16  # into which a height is cut to find where two neighbours touch


@dataclass(frozen=True, eq=False)
class Placed:
    """A glyph on a sheet: the place (2,) of its field's origin, and the map (2, 2) from its points to pixels."""

    glyph: Glyph
    matrix: NDArray
    origin: NDArray
    line: int = 0
    column: int = 0

    @property
    def ink(self) -> NDArray:
        """Where (x, y) on the sheet the ink is, (2, P)."""
        return self.matrix @ self.glyph.points + self.origin[:, None]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the ink on the sheet."""
        left, top = self.ink.min(axis=1)
        right, bottom = self.ink.max(axis=1)
        return float(left), float(top), float(right), float(bottom)

    def moved(self, right: float = 0, down: float = 0) -> Placed:
        """Return the same digit elsewhere."""
        return replace(self, origin=self.origin + np.array([right, down]))


def as_labels(labels: str | int, rng: np.random.Generator) -> str:
    """Return the digits to write: those given, or that many at random.

    Raises SettingError when there are none, or they are no digits.
    """
    if isinstance(labels, str):
        if not labels or set(labels) - set("0123456789"):
            raise SettingError(f"labels are one or more of the digits 0 to 9, got {labels!r}")
        return labels
    if labels < 1:
        raise SettingError(f"a line has at least 1 digit, got {labels}")
    return "".join(str(digit) for digit in rng.integers(0, 10, labels))


def write(label: str, look: Look, rng: np.random.Generator, digits: Examples) -> Placed:
    """Return one digit, its ink standing on y = 0, and starting at x = 0.

    Raises DataError when the examples are no digits of MNIST's form, or none has that label.
    """
    if digits.x.dtype != np.uint8 or digits.x.shape[1:] != (28, 28, 1):
        raise DataError(f"digits are uint8 (N, 28, 28, 1), got {digits.x.dtype} of shape {digits.x.shape}")
    which = np.flatnonzero(digits.t == int(label))
    if len(which) == 0:
        raise DataError(f"none of the {len(digits)} examples is a {label}")
    image = digits.x[which[rng.integers(len(which))], :, :, 0]
    size, lean, thick = rng.uniform(-1, 1, 3) * look.unsteady
    written = glyph(image, label, look.pen and look.pen * (1 + 0.1 * thick))
    lean = np.tan(np.radians(look.slant + 6 * lean)) - UPRIGHT * written.slant
    placed = Placed(written, np.array([[1, -lean], [0, 1]]), np.zeros(2))
    left, top, right, bottom = placed.box
    scale = look.height * (1 + 0.12 * size) / max(bottom - top + 1, (right - left + 1) / WIDEST)
    placed = replace(placed, matrix=scale * placed.matrix)
    left, _, _, bottom = placed.box
    return placed.moved(-left, -bottom)


def write_row(labels: str, look: Look, rng: np.random.Generator, digits: Examples, line: int = 0) -> list[Placed]:
    """Return digits one after the other along y = 0 from x = 0, not too steadily."""
    row: list[Placed] = []
    drift = np.radians(look.unsteady * rng.uniform(-1.5, 1.5))
    for column, label in enumerate(labels):
        digit = replace(write(label, look, rng, digits), line=line, column=column)
        wobble = 0.06 * look.unsteady * look.height * rng.normal()
        gap = max(0.08 * look.height + 1.5 + 2 * look.blur, look.gap * look.height * np.exp(rng.normal(0, 0.4)))
        overlap = rng.uniform(0, 0.03) * look.height
        right = 0.0
        if row and rng.random() < look.touching:
            digit = digit.moved(down=row[-1].box[3] + wobble)
            right = -_room(row[-1], digit, look.height) - overlap
        elif row:
            right = row[-1].box[2] + gap
            digit = digit.moved(down=right * np.tan(drift) + wobble)
        row.append(digit.moved(right))
    return row


def _room(first: Placed, second: Placed, height: float) -> float:
    """Return how far the second digit may go left until it touches the first, where they are nearest."""
    bands = [np.floor(placed.ink[1] * BANDS / height).astype(int) for placed in (first, second)]
    rooms = [
        float(second.ink[0][bands[1] == band].min() - first.ink[0][bands[0] == band].max())
        for band in np.intersect1d(*bands)
    ]
    return min(rooms) if rooms else second.box[0] - first.box[2]
