"""GradientCall: the gradient of a function as a function itself, whose gradients are the second ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.pytorch.tensor_call import Layout, Slot
from inkgrad.check.pytorch.vector_product import VectorProduct, gradients, nodes_of
from inkgrad.errors import CheckError

DELAYED_ERROR = "torch::autograd::Error"  # the node that once_differentiable leaves in a graph


class GradientCall:
    """dy J of a product, by all of its arrays, as a function of these and of the array "dy".

    All outputs count: a gradient that does not depend on anything by the graph is a second derivative forgotten.
    """

    counts_every_output = True

    def __init__(self, product: VectorProduct, seed: int) -> None:
        self.product, self.call = product, product.call
        self.owner, self.kind = self.call.owner, self.call.kind
        self._n_inputs = sum(not slot.parameter for slot in self.call.slots)
        inputs, parameters = self.call.slots[: self._n_inputs], self.call.slots[self._n_inputs :]
        dy = torch.from_numpy(random_dy(product.y, seed))
        name = "dy" if all(slot.name != "dy" for slot in self.call.slots) else "dy of y"
        self._dy = Slot(name, dy, False, dy.dtype)
        self.slots = [*inputs, self._dy, *parameters]

    @contextmanager
    def moved(self, arrays: Arrays, graph: bool, learn: bool = False) -> Iterator[list[Any]]:
        """Put the arrays' numbers in their places, and yield what to differentiate by: always with a first graph."""
        dy = self._dy.tensor(arrays[self._dy.name]).requires_grad_(graph)
        with self.call.moved(arrays, True, learn) as leaves:
            yield [*leaves[: self._n_inputs], dy, *leaves[self._n_inputs :]]

    def passed(self, leaves: Sequence[Any], lay: Layout | None = None) -> list[Any]:
        """Return the inputs that the function gets, and dy; with gradients, as it is these that are asked for."""
        with torch.enable_grad():
            return [*self.call.passed(self._first(leaves), lay), leaves[self._n_inputs].clone()]

    def outputs(self, passed: Sequence[Any], leaves: Sequence[Any], function: Any = None) -> list[Any]:
        """Return the gradients by all arrays but dy; they keep their own graph where gradients are on."""
        graph, first = torch.is_grad_enabled(), self._first(leaves)
        with torch.enable_grad():
            chosen = self.product.row.chosen(self.call.outputs(passed[:-1], first, function))
            found = gradients(chosen, first, self.product.row.pieces(passed[-1], chosen), graph)
            found = [_dense(each, leaf) for each, leaf in zip(found, first, strict=True)]
        if graph and any(node.name() == DELAYED_ERROR for node in nodes_of(found)):  # torch raises only sometimes
            raise CheckError(f"{self.owner} has a backward that is once_differentiable: it has no second derivatives")
        return found

    def redraw(self) -> bool:
        """Let the random numbers of this call go on otherwise; return whether it draws any."""
        return self.call.redraw()

    def _first(self, leaves: Sequence[Any]) -> list[Any]:
        return [*leaves[: self._n_inputs], *leaves[self._n_inputs + 1 :]]


def random_dy(y: NDArray, seed: int) -> NDArray:
    """Return a dy like y, the same numbers for coarse types and for float64."""
    return np.asarray(stream(seed, "dy").normal(size=y.shape).astype(np.float16).astype(y.dtype))


def _dense(gradient: Any, leaf: Any) -> Any:
    if gradient is None:
        return torch.zeros_like(leaf, requires_grad=False)
    return gradient if gradient.layout == torch.strided else gradient.to_dense()
