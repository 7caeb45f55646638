"""Passages: from a value inside forward to what is made of it, where the gradient takes another way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change


@dataclass(frozen=True)
class Along:
    """From value `number` to value `other`; `axis` is that along which it goes together."""

    number: int
    other: int
    axis: int


def by_place(inside: Inside, passages: Iterable[Along]) -> list[list[Along]]:
    """Return passages, those of all turns of a loop together."""
    tape, groups = inside.tape, dict[Any, list[Along]]()
    for each in passages:
        places = (
            (tape.steps[tape.makers[k]].place.key, tape.steps[tape.makers[k]].operation) if k in tape.makers else k
            for k in (each.number, each.other)
        )
        groups.setdefault((*places, each.axis), []).append(each)
    return list(groups.values())


def way_through(kind: Kind, message: str, passages: list[Along], offs: Sequence[Change]) -> Way:
    """Return the way that goes wrong in some passages: by how much at their starts say `offs` of their ends."""
    changes = {(each.number, each.other): off for each, off in zip(passages, offs, strict=True)}
    return Way(kind, message, passages=changes)
