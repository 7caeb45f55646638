"""What a layer is: a differentiable function y = f(p, x), forward and backward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from inkgrad.arrays import AnyArray
from inkgrad.layout import Named, Shapes


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
    def forward(self, p: Named, x: AnyArray, rng: np.random.Generator | None = None) -> tuple[AnyArray, Any]:
        """Return y, and a cache of whatever `backward` will need.

        With `rng` a layer may act at random, as in training; without, it must not.
        """

    @abstractmethod
    def backward(self, p: Named, g: Named, cache: Any, dy: AnyArray) -> AnyArray:
        """Return dx = dC/dx, given dy = dC/dy; write dC/dp into g.

        dx has the shape of x, and each gradient in g that of its parameter in p.
        """

    def parameter_gradient(self, p: Named, g: Named, cache: Any, dy: AnyArray) -> None:
        """Write dC/dp into g, as `backward` does, where nobody wants dx.

        So it is for the first layer of a network in training.  A layer whose dx costs
        much can save it here; the others need not define this.
        """
        self.backward(p, g, cache, dy)
