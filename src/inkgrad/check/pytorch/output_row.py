"""OutputRow: all numbers that a function of tensors gives, as one array."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.pytorch.precision import eps_of
from inkgrad.check.pytorch.tensor_call import as_complex
from inkgrad.errors import CheckError

NUMPY_TYPES = {torch.float16: np.float16, torch.float64: np.float64}  # all others become float32


class OutputRow:
    """Takes the outputs of a function to one array y and dy back to them.

    One output keeps its shape; several are one row.  Complex numbers are pairs of real ones on a last axis.  Left
    out are integers, and outputs to which no gradient flows where there are others; infinities that stay are 0.
    """

    def __init__(self, owner: str, outputs: Sequence[Any], every: bool = False) -> None:
        self.owner = owner
        for each in outputs:
            if each.layout != torch.strided or each.is_quantized:
                raise CheckError(f"{owner} gives a sparse or quantised tensor: check a function of its values")
        numbers = [k for k, each in enumerate(outputs) if each.is_floating_point() or each.is_complex()]
        flowing = [k for k in numbers if outputs[k].requires_grad]
        self.kept = numbers if every else flowing or numbers
        if not self.kept:
            kinds = ", ".join(dict.fromkeys(str(each.dtype).removeprefix("torch.") for each in outputs))
            raise CheckError(f"{owner} should give a tensor of floating-point numbers, got {kinds}")
        reals = self.reals(outputs)
        self.shapes = [tuple(each.shape) for each in reals]
        self.dtype = np.result_type(*(NUMPY_TYPES.get(each.dtype, np.float32) for each in reals))
        self.eps = max(eps_of(each.dtype) for each in reals)
        self.infinite: NDArray | None = None
        first = self.of(outputs)
        self.infinite = np.where(np.isinf(first), first, 0) if np.isinf(first).any() else None

    @property
    def named_shapes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The name and the shape of each output in the row; nothing where it is one alone."""
        named = zip(self.kept, self.shapes, strict=True)
        return tuple((f"y[{k}]", shape) for k, shape in named) if len(self.kept) > 1 else ()

    def chosen(self, outputs: Sequence[Any]) -> list[Any]:
        """Return the outputs that count, with their graph."""
        if len(outputs) <= self.kept[-1]:
            raise CheckError(f"{self.owner} gives fewer outputs when its inputs move: such a function has no slopes")
        return [outputs[k] for k in self.kept]

    def reals(self, outputs: Sequence[Any]) -> list[Any]:
        """Return the outputs that count, complex ones as pairs."""
        chosen = self.chosen(outputs)
        return [torch.view_as_real(each.resolve_conj()) if each.is_complex() else each for each in chosen]

    def of(self, outputs: Sequence[Any]) -> NDArray:
        """Return y, a copy."""
        y = self.joined(self.reals(outputs))
        return y if self.infinite is None else np.where((self.infinite != 0) & (y == self.infinite), 0, y)

    def joined(self, reals: Sequence[Any]) -> NDArray:
        """Return one array of the numbers of real tensors."""
        arrays = [self._array(each) for each in reals]
        if [each.shape for each in arrays] != self.shapes:
            raise CheckError(f"{self.owner} gives other shapes when its inputs move: such a function has no slopes")
        return np.array(arrays[0]) if len(arrays) == 1 else np.concatenate([each.ravel() for each in arrays])

    def _array(self, tensor: Any) -> NDArray:
        tensor = tensor.detach()
        return np.asarray((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True))

    def pieces(self, dy: Any, outputs: Sequence[Any]) -> list[Any]:
        """Return the part of dy, a tensor, that belongs to each output that counts, in its type and on its device."""
        if self.infinite is not None:
            dy = dy.masked_fill(torch.from_numpy(self.infinite != 0), 0)
        parts = dy.reshape(-1).split([prod(shape) for shape in self.shapes]) if len(self.shapes) > 1 else [dy]
        found = []
        for part, shape, each in zip(parts, self.shapes, outputs, strict=True):
            piece = part.reshape(shape)
            found.append((as_complex(piece) if each.is_complex() else piece).to(each))
        return found
