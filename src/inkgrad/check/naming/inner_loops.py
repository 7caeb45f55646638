"""Loops: what one turn hands on to the next is lost, or one turn alone counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change, Edge

BUFFERS = "changed", "__setitem__", "scatter", "dynamic_update_slice"  # into which results of all turns are written


def carries(inside: Inside) -> Iterator[Way]:
    """All that a value hands on to the next turn of a loop is left out."""
    for values in inside.same_values:
        edges = carried(inside, values)
        if edges:
            word = inside.word(values[-1])
            message = f"what {word} hands on from one step to the next is lost ({inside.where(edges[-1][0])})"
            yield Way(Kind.carry_lost, message, edges={edge: _nothing(inside, edge) for edge in edges})


def carried(inside: Inside, values: list[int]) -> list[Edge]:
    """Return the inputs to which values go in a later turn of a loop: those that stand before them in the code."""
    tape, found = inside.tape, []
    for number in values:
        made = tape.steps[tape.makers[number]].place.order
        for k, slot in tape.users.get(number, []):
            step = tape.steps[k]
            is_buffer = step.operation in BUFFERS and slot == 0
            if step.place.order and step.place.order <= made and step.output in inside.gradients and not is_buffer:
                found.append((k, slot))
    return sorted(found)


def one_turn_alone(inside: Inside) -> Iterator[Way]:
    """What each turn of a loop adds to the gradient of a value is overwritten by the next: one turn alone counts."""
    tape = inside.tape
    for edges in inside.same_edges:
        number = tape.steps[edges[-1][0]].inputs[edges[-1][1]]
        if len(edges) < 2 or any(tape.steps[k].inputs[slot] != number for k, slot in edges):
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
