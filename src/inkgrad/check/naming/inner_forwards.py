"""Forwards: backward belongs to another forward, in which one operation is left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming import inner_softmax
from inkgrad.check.naming.inner_steps import lets_pass
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import TapeError

AXES = "transpose", "swapaxes", "moveaxis", "permute", "t"  # operations that exchange axes
MOST = 30  # other forwards, each of which has to be differentiated anew


def recomputed(inside: Inside) -> Iterator[Way]:
    """Backward computes forward again without a mask, a scale or another operation."""
    tape, count = inside.tape, 0
    for edges in inside.same_edges:
        k, slot = edges[-1]
        step = tape.steps[k]
        if tape.values[step.inputs[slot]].shape != tape.values[step.output].shape:
            continue
        if len(set(step.inputs) & tape.live) > 1:  # which joins two branches: without it there is another function
            continue
        count += 1
        if count > MOST:
            return
        try:
            other = tape.without(frozenset(edges))
        except TapeError:
            continue
        pairs = zip(other.values, tape.values, strict=True)
        if not all(np.isfinite(a).all() and a.shape == b.shape for a, b in pairs):
            continue
        kind = Kind.mask_forgotten if lets_pass(inside, [(k, slot)]) else Kind.wrong_argument
        if step.operation in AXES:
            kind = Kind.wrong_axis
        message = f"backward belongs to a forward without {step.operation} of {inside.word(step.inputs[slot])}"
        yield Way(kind, f"{message}: is that computed again, and otherwise? ({inside.where(k)})", tape=other)
        yield from inner_softmax.of_another_forward(
            inside, other, f"of a forward without {step.operation} of {inside.word(step.inputs[slot])}"
        )
