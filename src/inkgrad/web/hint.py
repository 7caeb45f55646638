"""Hint: what a visitor is told when a network gets no further."""

from __future__ import annotations

from collections.abc import Sequence

from inkgrad.data.features import COORDINATES
from inkgrad.web.playground_settings import LINEAR, PlaygroundSettings
from inkgrad.web.snapshot import Row

PATIENCE_EPOCHS = 200  # before anything is said
ENOUGH = 0.95  # of the training points right, and all is well
BETTER = 0.01  # of them more, and it still learns
FALLEN = 0.9  # of the cost that it had, or less, and it still learns


def hint(settings: PlaygroundSettings, rows: Sequence[Row]) -> str | None:
    """Return a line for one whose network may be too small for its points, else None.

    It may be where after 200 epochs fewer than 95 % of the training points are right, and the last half of the epochs
    brought neither one more in a hundred nor a cost a tenth lower.  Nothing is said of a network that is broken.

    That is judged at epochs 200, 400, 800, ... alone, and what is said stays until the next, or goes for good before it
    where more is learned.  At each epoch anew, it would come and go, as batches lift cost and accuracy to and fro.
    """
    if settings.is_digits or settings.broken or not rows or rows[-1][1] < PATIENCE_EPOCHS:
        return None
    judged = PATIENCE_EPOCHS
    while 2 * judged <= rows[-1][1]:
        judged *= 2
    before = [row for row in rows if row[1] < judged / 2]
    since = [row for row in rows if judged / 2 <= row[1] <= judged]
    after = [row for row in rows if row[1] > judged]
    if not before or not since or _learned(before, since) or (after and _learned(since, after)):
        return None
    best = _best(since)
    stuck = f"{100 * best:.0f} % of the training points are right, and that grows no more."
    if not settings.layers and set(settings.features) <= set(COORDINATES):
        return f"{stuck} Without a hidden layer it draws a straight line: add a layer, or squares of the inputs."
    if settings.layers and all(layer.activation == LINEAR for layer in settings.layers):
        line = "draw a straight line" if set(settings.features) <= set(COORDINATES) else "add nothing"
        return f"{stuck} Linear layers, however many and large, {line}: choose another activation for one."
    return f"{stuck} The network may be too small for them: add units, a layer or an input."


def _learned(before: Sequence[Row], since: Sequence[Row]) -> bool:
    """Return whether enough is right since then, or clearly more than before, or the cost is clearly lower."""
    best, lowest, lowest_before = _best(since), min(row[2] for row in since), min(row[2] for row in before)
    return best >= ENOUGH or best > _best(before) + BETTER or lowest < FALLEN * lowest_before


def _best(rows: Sequence[Row]) -> float:
    return max(row[3] or 0.0 for row in rows)
