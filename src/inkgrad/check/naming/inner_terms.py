"""Terms: the gradient as it would be if a part of forward were held constant, or counted another number of times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Edge

COUNTS = {-1.0: "with the wrong sign", 2.0: "twice", 0.5: "half"}


def held_constant(inside: Inside) -> Iterator[Way]:
    """Each value, and each way that leads from it where several do, contributes nothing."""
    yield from _counted(inside, 0.0)


def counted_otherwise(inside: Inside) -> Iterator[Way]:
    """Each counts with the wrong sign, twice, half, or as often as an array is long."""
    lengths = {float(size) for value in inside.tape.values for size in value.shape if size > 2}
    for weight in (-1.0, 2.0, 0.5):
        yield from _counted(inside, weight)
    for weight in (*sorted(lengths), *sorted(1 / size for size in lengths)):
        yield from (way for way in _counted(inside, weight) if way.is_single)


def _counted(inside: Inside, weight: float) -> Iterator[Way]:
    change = partial(np.multiply, weight)
    for values in inside.lone_and_joint(inside.same_values):
        kind, message = _words_of_value(inside, values[-1], weight)
        family = weight, *inside.called_at(inside.tape.makers[values[-1]])
        yield Way(kind, message, nodes=dict.fromkeys(values, change), evidence={"counts": weight}, family=family)
    for edges in inside.lone_and_joint(inside.same_edges):
        if any(len(inside.tape.users[inside.tape.steps[k].inputs[slot]]) > 1 for k, slot in edges):
            kind, message = _words_of_edges(inside, edges, weight)
            ways = {(k, slot): partial(_scaled_pull, inside, (k, slot), weight) for k, slot in edges}
            family = weight, edges[-1][1], *inside.called_at(edges[-1][0])
            yield Way(kind, message, edges=ways, evidence={"counts": weight}, family=family)


def fitted_count(inside: Inside, name: str, off: NDArray) -> Iterator[Way]:
    """Each counts a number of times that is fitted to how far the slopes are off."""
    ways = [way for way in inside.ways(held_constant) if way.is_single]
    for way, part in zip(ways, -inside.slopes(name, ways), strict=True):
        square = float(part @ part)
        weight = 1 + float(part @ off) / square if square else 1.0
        if abs(weight - 1) > 1e-6 and np.linalg.norm((weight - 1) * part - off) < 1e-4 * np.linalg.norm(off):
            yield from _with_weight(inside, way, weight)


def _with_weight(inside: Inside, way: Way, weight: float) -> Iterator[Way]:
    if way.nodes:
        (number,) = way.nodes
        kind, message = _words_of_value(inside, number, weight)
        yield Way(kind, message, nodes={number: partial(np.multiply, weight)}, evidence={"counts": weight})
    else:
        (edge,) = way.edges
        kind, message = _words_of_edges(inside, [edge], weight)
        change = partial(_scaled_pull, inside, edge, weight)
        yield Way(kind, message, edges={edge: change}, evidence={"counts": weight})


def _scaled_pull(inside: Inside, edge: Edge, weight: float, gradient: NDArray) -> NDArray:
    return weight * inside.tape.local(edge).pull(gradient)


def _words_of_value(inside: Inside, number: int, weight: float) -> tuple[Kind, str]:
    k = inside.tape.makers[number]
    word = inside.word(number)
    if weight == 0:
        return (
            Kind.term_missing,
            f"the part that goes through {word} is missing, as if it were constant ({inside.where(k)})",
        )
    return Kind.term_factor, f"the part through {word} counts {_times(weight)} ({inside.where(k)})"


def _words_of_edges(inside: Inside, edges: list[Edge], weight: float) -> tuple[Kind, str]:
    k, slot = edges[-1]
    step = inside.tape.steps[k]
    word = inside.word(step.inputs[slot])
    if weight == 0:
        return (
            Kind.term_missing,
            f"the part that goes through {word} is missing, as if it were constant ({inside.where(k)})",
        )
    return Kind.term_factor, f"the part through {word} counts {_times(weight)} ({inside.where(k)})"


def _times(weight: float) -> str:
    if weight in COUNTS:
        return COUNTS[weight]
    return f"{weight:.6g} times" if weight >= 1 or (1 / weight) % 1 else f"1/{1 / weight:.0f} times"
