"""Masks inside forward: what lets a gradient pass is read off another value, or inverted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.inner_steps import lets_pass
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change, Edge
from inkgrad.check.tape.local import Diagonal, unspread


def other_masks(inside: Inside) -> Iterator[Way]:
    """Where a gradient passes is where another value is positive, or just where it should not."""
    tape = inside.tape
    for edges in inside.same_edges:
        edge = edges[-1]
        if len(edges) > 1 or not lets_pass(inside, edges):
            continue
        step, local = tape.steps[edge[0]], tape.local(edge)
        assert isinstance(local, Diagonal)
        what, where = f"the gradient comes back through {step.operation}", inside.where(edge[0])
        inverted = partial(_masked, np.asarray(1 - local.slopes), local.shape)
        yield Way(Kind.wrong_mask, f"{what} just where it should be stopped ({where})", edges={edge: inverted})
        for other in inside.alike(step.output):
            if other != step.inputs[edge[1]]:
                mask = np.asarray(1.0 * (tape.values[other] > 0))
                message = f"{what} where {inside.word(other)} > 0, which is not its mask"
                yield Way(Kind.wrong_mask, f"{message} ({where})", edges={edge: partial(_masked, mask, local.shape)})


def other_choices(inside: Inside) -> Iterator[Way]:
    """Between two inputs, as of a leaky ReLU, it is chosen by the sign of another value than in forward."""
    tape = inside.tape
    for steps in _choices(inside):
        k = steps[-1]
        shape = tape.values[tape.steps[k].output].shape
        others = inside.turns if len(steps) > 1 else [(number,) for number in inside.alike(tape.steps[k].output)]
        for values in sorted(others, key=lambda each: each[-1] not in inside.names):  # of masks that are the same
            if len(values) != len(steps) or tape.values[values[-1]].shape != shape:
                continue
            for is_swapped, words in ((False, "> 0"), (True, "<= 0")):
                edges: dict[Edge, Change] = {}
                for step, number in zip(steps, values, strict=True):
                    mask = np.asarray(1.0 * (tape.values[number] > 0))
                    masks = (1 - mask, mask) if is_swapped else (mask, 1 - mask)
                    edges |= {(step, slot): _change(inside, (step, slot), masks[slot]) for slot in (0, 1)}
                message = (
                    f"{tape.steps[k].operation} is taken back by {inside.word(values[-1])} {words}, not as forward"
                )
                yield Way(Kind.wrong_mask, f"{message} chose ({inside.where(k)})", edges=edges)


def _choices(inside: Inside) -> Iterator[list[int]]:
    """Yield steps that choose between two inputs number by number, those of all turns of a loop together."""
    groups: dict[Any, list[int]] = {}
    for k, step in enumerate(inside.tape.steps):
        if len(step.inputs) != 2 or step.output not in inside.gradients or not inside.tape.live >= set(step.inputs):
            continue
        first, second = (inside.tape.local((k, slot)) for slot in (0, 1))
        if isinstance(first, Diagonal) and isinstance(second, Diagonal):
            a, b = first.slopes.round(6), second.slopes.round(6)
            if np.array_equal(a, 1 - b) and np.isin(a, (0, 1)).all():
                groups.setdefault((step.place.key, step.operation, a.shape), []).append(k)
    yield from groups.values()


def _change(inside: Inside, edge: Edge, mask: NDArray) -> Change:
    local = inside.tape.local(edge)
    assert isinstance(local, Diagonal)
    return partial(_masked, mask, local.shape)


def _masked(mask: NDArray, shape: tuple[int, ...], gradient: NDArray) -> NDArray:
    return unspread(mask * gradient, shape)
