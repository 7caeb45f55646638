"""Moves: what a parameter of a layer moves, so that a large network is checked in seconds, not minutes.

The checker knows it of Dense and of elementwise activations.  Of a layer of your own you may say it too:

    @moves.register
    def _(layer: Square, x, name):
        for k in range(layer.n):
            yield Move(np.array([k]), k, (x[:, k] ** 2)[np.newaxis])

It is a help, not needed for a check, and no proof: some entries are measured all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.layers import Dense, Elementwise, Layer
from inkgrad.layout import Named


@dataclass(frozen=True)
class Move:
    """Some entries of a parameter that move one output unit each: y_unit changes by h direction.

    entries    where they are in the flattened parameter, (P,)
    direction  dy_unit for each entry and example, (P, N)
    """

    entries: NDArray
    unit: int
    direction: NDArray


@singledispatch
def moves(layer: Layer, x: NDArray, name: str) -> Iterator[Move] | None:
    """Say how the parameter `name` of a layer moves y at the batch x; None where that is not simple.

    It is for layers whose parameters each move a single output unit, in proportion.
    """
    return None


@singledispatch
def follow(
    layer: Layer, p: Named, x: NDArray, y: NDArray, unit: int, values: NDArray
) -> tuple[int | None, NDArray] | None:
    """Say what becomes of y when the input `unit` of a layer takes other values (P, N).

    Return a unit and its new values (P, N) where only that output changes, or None and whole
    new outputs (P, N, n_out); or None where neither is simple.
    """
    return None


def has_moves(layer: Layer) -> bool:
    """Return whether something is said of how the parameters of such a layer move y."""
    return moves.dispatch(type(layer)) is not moves.dispatch(Layer)


@moves.register
def _(layer: Dense, x: NDArray, name: str) -> Iterator[Move]:
    """W_kj moves y_ij by h x_ik, and b_j by h."""
    rows = x.T if name == "W" else np.ones((1, len(x)))
    for j in range(layer.n_out):
        yield Move(np.arange(len(rows)) * layer.n_out + j, j, rows)


@follow.register
def _(layer: Dense, p: Named, x: NDArray, y: NDArray, unit: int, values: NDArray) -> tuple[None, NDArray]:
    """Another value of x_ik moves the whole of y_i along row k of W."""
    return None, y + (values - x[:, unit])[..., np.newaxis] * p.W[unit]


@follow.register
def _(layer: Elementwise, p: Named, x: NDArray, y: NDArray, unit: int, values: NDArray) -> tuple[int, NDArray]:
    """Only the same unit changes."""
    return unit, layer.value(values)
