"""Passages: from a value inside forward to what is made of it, where the gradient takes another way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change


@dataclass(frozen=True)
class Passage:
    """From value `number` to value `other`; `axis` is that along which it goes together, if it does."""

    number: int
    other: int
    axis: int = 0


@dataclass
class WrongPassage:
    """Adds to the gradient at the start of a passage how far that is off, which depends on the gradient at its end."""

    off: Change
    gradient: NDArray | None = None

    def at_end(self, gradient: NDArray) -> NDArray:
        """Keep the gradient at the end."""
        self.gradient = gradient
        return gradient

    def at_start(self, gradient: NDArray) -> NDArray:
        """Return the gradient at the start with what is wrong of it."""
        return gradient if self.gradient is None else gradient + self.off(self.gradient)


def by_place(inside: Inside, passages: Iterable[Passage]) -> list[list[Passage]]:
    """Return passages, those of all turns of a loop together."""
    tape, groups = inside.tape, dict[Any, list[Passage]]()
    for each in passages:
        places = (
            (tape.steps[tape.makers[k]].place.key, tape.steps[tape.makers[k]].operation) if k in tape.makers else k
            for k in (each.number, each.other)
        )
        groups.setdefault((*places, each.axis), []).append(each)
    return list(groups.values())


def way_through(inside: Inside, kind: Kind, message: str, passages: list[Passage], offs: Sequence[Change]) -> Way:
    """Return the way that goes wrong in some passages: by how much at their starts say `offs` of their ends."""
    if len(passages) == 1:
        number, gradient = passages[0].number, inside.gradients[passages[0].other]
        return Way(kind, message, nodes={number: partial(np.add, offs[0](gradient))})
    starts: dict[int, list[Change]] = {}
    ends: dict[int, list[Change]] = {}
    for passage, off in zip(passages, offs, strict=True):
        wrong = WrongPassage(off)
        starts.setdefault(passage.number, []).append(wrong.at_start)
        ends.setdefault(passage.other, []).append(wrong.at_end)
    nodes = {k: partial(_one_by_one, [*starts.get(k, ()), *ends.get(k, ())]) for k in (*starts, *ends)}
    return Way(kind, message, nodes=nodes)


def _one_by_one(changes: list[Change], gradient: NDArray) -> NDArray:
    for change in changes:
        gradient = change(gradient)
    return gradient
