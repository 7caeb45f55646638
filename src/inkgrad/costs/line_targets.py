"""Targets of lines: how many frames each has, and the classes that it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from numbers import Integral

import numpy as np

from inkgrad.arrays import AnyArray, Array, NDArray, namespace
from inkgrad.errors import DataError, ShapeError
from inkgrad.whole_numbers import LARGEST_WHOLE


def line_targets(labellings: Sequence[Sequence[int]], n_frames: Sequence[int] | int) -> NDArray:
    """Return targets t (N, M) of N lines: the classes that each says, and how many frames it has, or all of them have.

    Each row begins with the number of frames, and is filled up with -1:

    >>> line_targets([[1, 2], [], [3]], [5, 4, 3])
    array([[ 5,  1,  2],
           [ 4, -1, -1],
           [ 3,  3, -1]])

    Raises DataError where these are not whole numbers, classes below 0, or not as many of the one as of the other.
    """
    counts = list(n_frames) if isinstance(n_frames, Iterable) else [n_frames] * len(labellings)
    if len(counts) != len(labellings):
        raise DataError(
            f"each line has a labelling and a number of frames, got {len(labellings)} labellings "
            f"and {len(counts)} numbers"
        )
    for count, labelling in zip(counts, labellings, strict=True):
        if not _is_whole(count):
            raise DataError(f"frames are counted in whole numbers, got {count!r:.40}")
        if not isinstance(labelling, Collection) or not all(_is_whole(k) and k >= 0 for k in labelling):
            raise DataError(f"labellings are lists of class numbers, got {labelling!r:.40}")
    t = np.full((len(counts), 1 + max(map(len, labellings), default=0)), -1, np.int64)
    for row, count, labelling in zip(t, counts, labellings, strict=True):
        row[: 1 + len(labelling)] = [count, *labelling]
    return t


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral) and abs(int(number)) <= LARGEST_WHOLE


def frames_needed(t: AnyArray) -> AnyArray:
    """Return how many frames each line must have to say its labelling, (N,), for targets t (N, M).

    One for each class, and one for the blank between two that are alike.  Of a line that has fewer, t[:, 0], the
    cost is infinite.

    >>> frames_needed(line_targets([[1, 2, 3], [1, 1, 1]], 5)).tolist()
    [3, 5]
    """
    xp = namespace(t)
    _, labelling, length = said_in(t)
    alike = (labelling[:, 1:] == labelling[:, :-1]) & (labelling[:, 1:] >= 0)
    return length + xp.sum(xp.astype(alike, xp.int64), axis=1)


def said_in(t: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return how many frames each line has (N,), its labelling (N, 1 or more), and how many classes that has (N,)."""
    xp = namespace(t)
    t = xp.astype(t, xp.int64)
    labelling = t[:, 1:] if t.shape[1] > 1 else xp.full_like(t, -1)
    return t[:, 0], labelling, xp.sum(xp.astype(labelling >= 0, xp.int64), axis=1)


def refuse_bad_targets(cost: object, y: Array, t: Array, blank: int) -> None:
    """Refuse what is no batch of lines with their targets, for a cost with this blank.

    Raises ShapeError for arrays of other shapes or types, DataError for numbers out of range.
    """
    if y.ndim != 3:
        raise ShapeError(f"{cost} takes logits of shape (lines, frames, classes), got {y.shape}")
    n, most, n_classes = y.shape
    if n_classes <= blank:
        raise ShapeError(f"{cost} takes logits of more than {blank} classes, got {n_classes}")
    if t.ndim != 2 or t.shape[0] != n or not t.shape[1] or not namespace(t).isdtype(t.dtype, "integral"):
        raise ShapeError(
            f"logits of {n} lines take targets of shape ({n}, M), a number of frames and class numbers for each line, "
            f"whole numbers, got shape {t.shape} of type {t.dtype}: line_targets makes them"
        )
    n_frames, labelling, _ = said_in(t)
    strange, not_at_the_end = (labelling < -1) | (labelling >= n_classes), labelling[:, 1:] != -1
    for wrong, numbers, message in (
        ((n_frames < 0) | (n_frames > most), n_frames, f"a line has 0 to {most} of the {most} frames of the logits"),
        (strange, labelling, f"classes of a labelling are 0 to {n_classes - 1}, as there are {n_classes} logits"),
        (labelling == blank, labelling, f"classes of a labelling are others than the blank of {cost}"),
        ((labelling[:, :-1] == -1) & not_at_the_end, labelling[:, 1:], "-1 stands after the end of a labelling only"),
    ):
        if namespace(t).any(wrong):
            raise DataError(f"{message}, got {int(numbers[wrong][0])}")
