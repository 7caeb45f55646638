"""What a layer is: a differentiable function y = f(p, x), forward and backward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.layout import Named, Shapes


@dataclass(frozen=True)
class Move:
    """Some entries of a parameter that move one output unit each: y_unit changes by h direction.

    entries    where they are in the flattened parameter, (P,)
    direction  dy_unit for each entry and example, (P, N)
    """

    entries: Array
    unit: int
    direction: Array


class Layer(ABC):
    """A differentiable function y = f(p, x) of parameters p and a batch x.

    A layer holds settings (sizes, rates) and nothing else: no parameters, no gradients,
    no memory of the last call.  Layers can therefore be shared between threads, sent to
    other processes, compared, printed and saved.
    """

    def shapes(self) -> Shapes:
        """Name and shape of each parameter; none by default."""
        return {}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        """Fill the parameters with their first values."""

    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one input where the settings fix it; None where others will do."""
        return None

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one output, given the shape of one input; neither counts the batch.

        Raises ShapeError when the layer does not take such inputs.
        """
        return input_shape

    @abstractmethod
    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Return y, and a cache of whatever `backward` will need.

        With `rng` a layer may act at random, as in training; without, it must not.
        """

    @abstractmethod
    def backward(self, p: Named, g: Named, cache: Any, dy: Array) -> Array:
        """Return dx = dC/dx, given dy = dC/dy; write dC/dp into g.

        dx has the shape of x, and each gradient in g that of its parameter in p.
        """

    def moves(self, x: Array, name: str) -> Iterator[Move] | None:
        """Say how the parameter `name` moves y, for fast gradient checks; None where that is not simple.

        A layer whose parameters each move a single output unit, in proportion, can tell.
        """
        return None

    def follow(self, p: Named, x: Array, y: Array, unit: int, values: Array) -> tuple[int | None, Array] | None:
        """Say what becomes of y when the input `unit` takes other values (P, N), for fast gradient checks.

        Return a unit and its new values (P, N) where only that output changes, or None and whole
        new outputs (P, N, n_out); or None where neither is simple.
        """
        return None

    def parameter_gradient(self, p: Named, g: Named, cache: Any, dy: Array) -> None:
        """Write dC/dp into g, as `backward` does, where nobody wants dx.

        So it is for the first layer of a network in training.  A layer whose dx costs
        much can save it here; the others need not define this.
        """
        self.backward(p, g, cache, dy)
