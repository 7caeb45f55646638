"""Class names: from a file, or from the labels themselves, and the number of each label."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError
from inkgrad.whole_numbers import shown_whole

NAMES_FILE = "classes.txt"
MOST_CLASSES = 10_000
WAY_OUT = "say how many classes there are, or name them, with `classes`"


def read_class_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of classes in a text file, one a line, in their order; empty lines are left out.

    Raises DataError for a file that is not text in UTF-8, or names none.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} should name a class a line, as text in UTF-8: {error}", setting="classes") from None
    names = tuple(line.strip() for line in lines if line.strip())
    if not names:
        raise DataError(f"{path} should name a class a line, and is empty", setting="classes")
    return refuse_bad_names(names, str(path))


def refuse_bad_names(names: Iterable[str], source: str = "`classes`") -> tuple[str, ...]:
    """Return names of classes; raise DataError where two are the same, or there are too many."""
    found = tuple(names)
    twice = [name for k, name in enumerate(found) if name in found[:k]] if len(found) <= MOST_CLASSES else []
    if twice:
        raise DataError(f"{source} has the class {twice[0]!r} twice: each has a name of its own", setting="classes")
    refuse_bad_number(len(found))
    return found


def refuse_bad_number(n_classes: int) -> None:
    """Raise DataError for a number of classes that no data have."""
    if not 1 <= n_classes <= MOST_CLASSES:
        raise DataError(f"data have 1 to {MOST_CLASSES} classes, got {shown_whole(n_classes)}")


def names_of_labels(labels: NDArray) -> tuple[str, ...]:
    """Return the labels that there are, in their order: whole numbers by size, texts by the alphabet."""
    return in_order([str(label) for label in np.unique(labels)])


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in their order: by size where all are whole numbers, otherwise by the alphabet.

    >>> in_order(["10", "9"]), in_order(["b10", "b9"])
    (('9', '10'), ('b10', 'b9'))
    """
    found = list(names)
    return tuple(sorted(found, key=int) if all(name.isdecimal() for name in found) else sorted(found))


def numbers_of_labels(labels: NDArray, names: Sequence[str], part: str) -> tuple[NDArray, bool]:
    """Return the class number of each label, (N,), and whether the labels are counted from 1.

    A label is one of the names; otherwise whole numbers count the names, from 0, or from 1 where the last is reached.

    Raises DataError, speaking of the `part` of the data, where a label is neither.
    """
    place = {name: k for k, name in enumerate(names)}
    kinds, which = np.unique(labels, return_inverse=True)
    known = [place.get(str(kind)) for kind in kinds]
    if None not in known:
        numbers = np.array(known, np.int64)[which]
        return labels if labels.dtype.kind in "ui" and np.array_equal(numbers, labels) else numbers, False
    if labels.dtype.kind in "ui":
        low, high = int(kinds[0]), int(kinds[-1])
        if low >= 0 and high < len(names):
            return labels, False
        if low >= 1 and high == len(names):
            return labels.astype(np.int64) - 1, True
        wrong = low if low < 0 else high
        where = int(np.argmax(labels == wrong))
        raise DataError(
            f"{part} label {wrong} at index {where} is out of range: {len(names)} classes have labels 0 to "
            f"{len(names) - 1}; {WAY_OUT}",
            setting="classes",
        )
    wrong_name = str(kinds[known.index(None)])
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    raise DataError(f"{part} label {wrong_name!r} is none of the classes {shown}: {WAY_OUT}", setting="classes")
