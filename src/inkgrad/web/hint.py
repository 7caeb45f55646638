"""Hint: what a visitor is told when a network gets no further."""

from __future__ import annotations

from collections.abc import Sequence

from inkgrad.data.features import COORDINATES
from inkgrad.web.playground_settings import LINEAR, PlaygroundSettings
from inkgrad.web.snapshot import Row

PATIENCE_EPOCHS = 200  # before anything is said
ENOUGH = 0.95  # of the training points right, and all is well
SMALL_ERROR = (
    0.01  # MSE of the training points, and all is well; it is 0.16 and 0.17 where a network gives 0 everywhere
)
BETTER = 0.01  # of them more, and it still learns
FALLEN = 0.9  # of the cost that it had, or less, and it still learns


def hint(settings: PlaygroundSettings, rows: Sequence[Row]) -> str | None:
    """Return a line for one whose network may be too small for its points, else None.

    It may be where after 200 epochs fewer than 95 % of the training points are right, and the last half of the epochs
    brought neither one more in a hundred nor a cost a tenth lower.  Of regression it may be where the training MSE,
    the mean squared error, is above 0.01, and the cost did not fall by a tenth.  Nothing is said of a network that is
    broken.

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
    learned = _learned_numbers if settings.is_regression else _learned_classes
    if not before or not since or learned(before, since) or (after and learned(since, after)):
        return None
    if settings.is_regression:
        stuck, at_most = f"The training MSE is {_least_error(since):.3g}, and that falls no more.", "a plane"
    else:
        stuck = f"{100 * _most_right(since):.0f} % of the training points are right, and that grows no more."
        at_most = "a straight line"
    if not settings.layers and set(settings.features) <= set(COORDINATES):
        return f"{stuck} Without a hidden layer it draws {at_most}: add a layer, or squares of the inputs."
    if settings.layers and all(layer.activation == LINEAR for layer in settings.layers):
        line = f"draw {at_most}" if set(settings.features) <= set(COORDINATES) else "add nothing"
        return f"{stuck} Linear layers, however many and large, {line}: choose another activation for one."
    return f"{stuck} The network may be too small for the points: add units, a layer or an input."


def _learned_classes(before: Sequence[Row], since: Sequence[Row]) -> bool:
    """Return whether enough is right since then, or clearly more than before, or the cost is clearly lower."""
    best = _most_right(since)
    return best >= ENOUGH or best > _most_right(before) + BETTER or _has_fallen(before, since)


def _learned_numbers(before: Sequence[Row], since: Sequence[Row]) -> bool:
    """Return whether the error is small since then, or the cost clearly lower than before."""
    return _least_error(since) <= SMALL_ERROR or _has_fallen(before, since)


def _has_fallen(before: Sequence[Row], since: Sequence[Row]) -> bool:
    return min(row[2] for row in since) < FALLEN * min(row[2] for row in before)


def _most_right(rows: Sequence[Row]) -> float:
    return max(row[3] or 0.0 for row in rows)


def _least_error(rows: Sequence[Row]) -> float:
    return min(row[3] for row in rows if row[3] is not None)
