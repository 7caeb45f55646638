"""Masks inside forward: what lets a gradient pass is read off another value, or inverted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.inner_steps import lets_pass
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape.local import Diagonal, unspread


def other_masks(inside: Inside) -> Iterator[Way]:
    """Where a gradient passes is where another value is positive, or just where it should not."""
    tape = inside.tape
    for edges in inside.same_edges:
        edge = edges[-1]
        if len(edges) > 1 or not lets_pass(inside, edge):
            continue
        step, local = tape.steps[edge[0]], tape.local(edge)
        assert isinstance(local, Diagonal)
        what, where = f"the gradient comes back through {step.operation}", inside.where(edge[0])
        inverted = partial(_masked, np.asarray(1 - local.slopes), local.shape)
        yield Way(Kind.wrong_mask, f"{what} just where it should be stopped ({where})", edges={edge: inverted})
        for other in inside.alike(local.slopes.shape):
            if other != step.inputs[edge[1]]:
                mask = np.asarray(1.0 * (tape.values[other] > 0))
                message = f"{what} where {inside.word(other)} > 0, which is not its mask"
                yield Way(Kind.wrong_mask, f"{message} ({where})", edges={edge: partial(_masked, mask, local.shape)})


def _masked(mask: NDArray, shape: tuple[int, ...], gradient: NDArray) -> NDArray:
    return unspread(mask * gradient, shape)
