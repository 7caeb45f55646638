"""Factors: the gradient of a value inside forward multiplied, or divided, by another value once too often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Edge
from inkgrad.check.tape.local import Diagonal, spreads

DIVISIONS = "divide", "true_divide", "div"
PRODUCTS = "multiply", "mul"
MOST_CONSTANTS = 12  # of which any two may be exchanged


def other_factors(inside: Inside) -> Iterator[Way]:
    """A value's gradient is multiplied or divided by another value, or holds another in the place of its own."""
    tape = inside.tape
    others = sorted((*tape.arrays.values(), *tape.makers), key=lambda number: number not in inside.names)
    for values in inside.same_values:
        if len(values) > 1:
            continue
        number = values[0]
        own, where = tape.values[number], inside.where(tape.makers[number])
        for other in others:
            factor = tape.values[other]
            if not spreads(factor.shape, own.shape) or not np.all(factor):
                continue
            word, third = inside.word(number), inside.word(other)
            for by, how in ((factor, "multiplied"), (1 / factor, "divided")):
                kind, message = Kind.term_factor, f"the part through {word} is {how} by {third} once too often"
                if (pair := _made_by(inside, other, how)) is not None:
                    wrong, right = map(inside.word, pair)
                    kind, message = Kind.wrong_argument, f"{wrong} stands where {right} belongs, {how} by {third}"
                yield Way(kind, f"{message} ({where})", nodes={number: partial(np.multiply, by)})
            if other != number and factor.shape == own.shape and np.all(own):
                for by in (factor / own, own / factor):
                    message = f"{third} stands where {word} belongs"
                    yield Way(Kind.wrong_argument, f"{message} ({where})", nodes={number: partial(np.multiply, by)})


def exchanged_constants(inside: Inside) -> Iterator[Way]:
    """Two values that are multiplied by a constant each, as the parts of a cost are, have each other's."""
    found = []
    for edges in inside.same_edges:
        k, _ = edges[-1]
        constant = _constant(inside, edges[-1])
        if constant and inside.tape.steps[k].operation in (*PRODUCTS, *DIVISIONS):
            found.append((edges, constant))
    for (edges, one), (others, other) in combinations(found[:MOST_CONSTANTS], 2):
        if np.isclose(one, other):
            continue
        names = (inside.word(inside.tape.steps[k].inputs[slot]) for k, slot in (edges[-1], others[-1]))
        message = f"{' and '.join(names)} have each other's constants, {one:.6g} and {other:.6g}"
        ways = {edge: partial(_times, inside, edge, other / one) for edge in edges}
        ways |= {edge: partial(_times, inside, edge, one / other) for edge in others}
        yield Way(Kind.term_factor, f"{message} ({inside.where(edges[-1][0])})", edges=ways)


def _constant(inside: Inside, edge: Edge) -> float:
    """Return the one number by which a step multiplies an input; 0 where it does not, or by 1 or -1."""
    local, step = inside.tape.local(edge), inside.tape.steps[edge[0]]
    if not isinstance(local, Diagonal) or len(set(step.inputs) & inside.tape.live) > 1 or not local.slopes.size:
        return 0.0
    first = float(local.slopes.flat[0])
    is_one = np.ptp(local.slopes) < 1e-7 * abs(first) and not np.isclose(abs(first), 1)
    return first if is_one else 0.0


def _times(inside: Inside, edge: Edge, weight: float, gradient: NDArray) -> NDArray:
    return weight * inside.tape.local(edge).pull(gradient)


def _made_by(inside: Inside, factor: int, how: str) -> tuple[int, int] | None:
    """Return a value and what forward makes of it by the opposite of that: one may stand where the other belongs."""
    names = DIVISIONS if how == "multiplied" else PRODUCTS
    for step in inside.tape.steps:
        if step.operation in names and factor in step.inputs[1:]:
            return step.inputs[0], step.output
    return None
