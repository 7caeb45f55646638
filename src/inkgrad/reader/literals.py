"""Literals: the signs that a pattern expects in a line, put where nothing was seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from inkgrad.pictures.mnist_form import MNIST_SIDE_PX
from inkgrad.reader.pattern import Pattern
from inkgrad.reader.reading import UNSURE, Character


def with_literals(characters: Sequence[Character], pattern: Pattern) -> tuple[Character, ...]:
    """Return the characters of a reading with the signs that each line, or else each cell, lacks to be as expected.

    Spaces that the pattern does not name are left out.  What is not as expected even so stays as it is.
    """
    found: list[Character] = []
    for _, group in groupby(characters, lambda character: character.line):
        line = list(group)
        whole = _with_signs(line, pattern)
        if whole is None:
            cells = [list(cell) for _, cell in groupby(line, lambda character: character.cell)]
            whole = [each for cell in cells for each in _with_signs(cell, pattern) or cell]
        found += [replace(each, column=column) for column, each in enumerate(whole)]
    return tuple(found)


def _with_signs(line: Sequence[Character], pattern: Pattern) -> list[Character] | None:
    """Return the characters of a line as it is expected, None where it is not."""
    seen = line[0].best + "".join(each.gap + each.best for each in line[1:])
    written = pattern.written(seen) or pattern.written(seen.replace(" ", ""))
    if written is None:
        return None
    found: list[Character] = []
    gap, n_seen = line[0].gap, 0
    for signs, number in written:
        if signs == " ":
            gap = gap or signs
            continue
        if number is None:
            found.append(_unseen(signs, gap, line, n_seen))
        else:
            found.append(replace(line[n_seen], gap=gap))
            n_seen += 1
        gap = ""
    return found


def _unseen(signs: str, gap: str, line: Sequence[Character], n_before: int) -> Character:
    """Return a character that is one of some signs, as probable as each other, after so many characters of a line."""
    before, after = line[max(n_before - 1, 0)], line[min(n_before, len(line) - 1)]
    left = before.box[2] if n_before else after.box[0]
    right = after.box[0] if n_before < len(line) else left
    p = 1 / len(signs)
    return Character(
        label=signs if len(signs) == 1 else UNSURE,
        best=signs[0],
        probability=p,
        others=tuple((sign, p) for sign in signs[1:3]),
        box=(min(left, right), min(before.box[1], after.box[1]), max(left, right), max(before.box[3], after.box[3])),
        line=after.line,
        column=after.column,
        image=np.zeros((MNIST_SIDE_PX, MNIST_SIDE_PX), np.uint8),
        gap=gap,
        cell=after.cell,
    )
