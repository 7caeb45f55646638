"""Turned: a gradient goes through a step the way of forward, or transposed into one of several inputs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Edge
from inkgrad.check.tape.local import Diagonal, Entries


def as_forward(inside: Inside) -> Iterator[Way]:
    """What only moves numbers, such as a roll, moves the gradient as forward does, not back."""
    for edges in inside.lone_and_joint(inside.same_edges):
        if any(_shapes_differ(inside, edge) for edge in edges):
            continue
        locals_ = [inside.tape.local(edge) for edge in edges]
        if not any(isinstance(each, Entries) and each.is_selection for each in locals_):
            continue
        k, slot = edges[-1]
        step = inside.tape.steps[k]
        message = (
            f"the gradient of {inside.word(step.inputs[slot])} goes through {step.operation} as in forward, not back"
        )
        ways = {edge: local.push for edge, local in zip(edges, locals_, strict=True)}
        yield Way(Kind.jacobian_not_transposed, f"{message} ({inside.where(k)})", edges=ways)


def _shapes_differ(inside: Inside, edge: Edge) -> bool:
    step = inside.tape.steps[edge[0]]
    return inside.tape.values[step.inputs[edge[1]]].shape != inside.tape.values[step.output].shape


def summed_over_the_other(inside: Inside) -> Iterator[Way]:
    """Of a square value, such as that of all pairs, the gradient of one input is summed over the other of the two
    axes."""
    for edges in inside.lone_and_joint(inside.same_edges):
        k, slot = edges[-1]
        step = inside.tape.steps[k]
        y, x = inside.tape.values[step.output], inside.tape.values[step.inputs[slot]]
        local = inside.tape.local(edges[-1])
        if y.ndim < 2 or y.shape[-1] != y.shape[-2] or x.size == y.size or not isinstance(local, Diagonal):
            continue
        words = inside.word(step.output), inside.word(step.inputs[slot])
        message = f"the gradient of {words[0]} is summed over the wrong one of its two axes for {words[1]}"
        ways = {edge: partial(_turned, inside, edge) for edge in edges}
        yield Way(Kind.wrong_axis, f"{message} ({inside.where(k)})", edges=ways)


def _turned(inside: Inside, edge: Edge, gradient: NDArray) -> NDArray:
    return inside.tape.local(edge).pull(np.ascontiguousarray(gradient.swapaxes(-1, -2)))


def parts_transposed(inside: Inside) -> Iterator[Way]:
    """What comes to a square value on one of several ways comes transposed."""
    for edges in inside.lone_and_joint(inside.same_edges):
        k, slot = edges[-1]
        number = inside.tape.steps[k].inputs[slot]
        shape = inside.tape.values[number].shape
        if len(shape) < 2 or shape[-1] != shape[-2] or len(inside.tape.users[number]) < 2:
            continue
        message = f"what {inside.tape.steps[k].operation} gives back to {inside.word(number)} is transposed"
        ways = {edge: partial(_transposed, inside, edge) for edge in edges}
        yield Way(Kind.transposed, f"{message} ({inside.where(k)})", edges=ways)


def _transposed(inside: Inside, edge: Edge, gradient: NDArray) -> NDArray:
    return np.ascontiguousarray(inside.tape.local(edge).pull(gradient).swapaxes(-1, -2))
