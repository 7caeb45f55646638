"""Loops: what one turn hands on to the next is lost, or one turn alone counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change, Edge
from inkgrad.check.tape.local import Entries

MOST_USES = 5  # of a value in the next turn, any of which may be left out
FEWEST_TURNS = 3  # of two the one that does not count may as well be forgotten
BUFFERS = "changed", "__setitem__", "scatter", "dynamic_update_slice"  # into which results of all turns are written


def carries(inside: Inside) -> Iterator[Way]:
    """All that a value hands on to the next turn of a loop is left out."""
    for values in inside.same_values:
        edges = carried(inside, values)
        if edges:
            word = inside.word(values[-1])
            message = f"what {word} hands on from one step to the next is lost ({inside.where(edges[-1][0])})"
            yield Way(Kind.carry_lost, message, edges={edge: _nothing(inside, edge) for edge in edges})


def parts_of_carries(inside: Inside) -> Iterator[Way]:
    """Of several ways in which a value is used in the next turn of a loop some are left out."""
    for values in inside.same_values:
        by_place: dict[Any, list[Edge]] = {}
        for k, slot in carried(inside, values):
            step = inside.tape.steps[k]
            by_place.setdefault((step.place.key, step.operation, slot), []).append((k, slot))
        places = list(by_place.values())
        if not 1 < len(places) <= MOST_USES:
            continue
        for count in range(1, len(places)):
            for chosen in combinations(places, count):
                uses = " and ".join(inside.where(edges[-1][0]) for edges in chosen)
                message = (
                    f"of what {inside.word(values[-1])} hands on from one step to the next a part is lost ({uses})"
                )
                edges = [edge for place in chosen for edge in place]
                yield Way(Kind.term_missing, message, edges={edge: _nothing(inside, edge) for edge in edges})


def overlapping_turns(inside: Inside) -> Iterator[Way]:
    """Each turn of a loop sets its part of a gradient, where parts overlap and should be added up."""
    tape = inside.tape
    for edges in inside.same_edges:
        number = tape.steps[edges[-1][0]].inputs[edges[-1][1]]
        if len(edges) < 2 or any(tape.steps[k].inputs[slot] != number for k, slot in edges):
            continue
        parts = [local for edge in edges if isinstance(local := tape.local(edge), Entries)]
        if len(parts) < len(edges):
            continue
        touched = [np.isin(np.arange(tape.values[number].size), each.columns) for each in parts]
        if len(edges) < FEWEST_TURNS and np.array_equal(touched[0], touched[-1]):
            continue
        for which, order in (("last", edges), ("first", edges[::-1])):
            taken = touched if which == "last" else touched[::-1]
            ways = {}
            for k, edge in enumerate(order):
                later = np.any(taken[k + 1 :], axis=0) if k + 1 < len(order) else np.zeros_like(taken[k])
                ways[edge] = _where(inside, edge, ~later)
            message = f"of the steps of the loop that use a number of {inside.word(number)} the {which} alone counts"
            yield Way(Kind.overwritten, f"{message}: = for +=? ({inside.where(edges[-1][0])})", edges=ways)


def _where(inside: Inside, edge: Edge, kept: NDArray) -> Change:
    def some(gradient: NDArray) -> NDArray:
        found = inside.tape.local(edge).pull(gradient)
        return found * kept.reshape(found.shape)

    return some


def carried(inside: Inside, values: list[int]) -> list[Edge]:
    """Return the inputs to which values go in a later turn of a loop: those that stand before them in the code."""
    tape, found = inside.tape, []
    for number in values:
        made = tape.steps[tape.makers[number]].place.order
        for k, slot in tape.users.get(number, []):
            step = tape.steps[k]
            is_buffer = step.operation in BUFFERS and slot == 0
            is_before = bool(step.place.order) and step.place.order <= made and inside.is_repeated(step)
            if is_before and step.output in inside.gradients and not is_buffer:
                found.append((k, slot))
    return sorted(found)


def one_turn_alone(inside: Inside) -> Iterator[Way]:
    """What each turn of a loop adds to the gradient of a value is overwritten by the next: one turn alone counts."""
    tape = inside.tape
    for edges in inside.same_edges:
        number = tape.steps[edges[-1][0]].inputs[edges[-1][1]]
        if len(edges) < FEWEST_TURNS or any(tape.steps[k].inputs[slot] != number for k, slot in edges):
            continue
        for kept, which in ((edges[0], "first"), (edges[-1], "last")):
            message = f"of all steps of the loop the {which} alone counts for {inside.word(number)}: = for +=?"
            ways = {edge: _nothing(inside, edge) for edge in edges if edge != kept}
            yield Way(Kind.overwritten, f"{message} ({inside.where(kept[0])})", edges=ways)


def _nothing(inside: Inside, edge: Edge) -> Change:
    shape = inside.tape.values[inside.tape.steps[edge[0]].inputs[edge[1]]].shape

    def nothing(gradient: NDArray) -> NDArray:
        return np.zeros(shape)

    return nothing
