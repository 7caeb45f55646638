"""Other ways to call a backward, which it must not notice: numbers that lie otherwise in memory, and vmap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import REDRAWN, Arrays, Backward
from inkgrad.check.pytorch.vector_product import VectorProduct


def variants_of(product: VectorProduct) -> dict[str, Backward]:
    """Return backward called with other random numbers, with dy and inputs that lie otherwise in memory, and with a dy
    of a batch.

    "dy expanded" is another call only where all numbers of an output's dy are the same.
    """
    found: dict[str, Backward] = {REDRAWN: partial(_redrawn, product)}
    found |= {"dy transposed": _with_dy(product, transposed), "dy expanded": _with_dy(product, expanded)}
    if any(not slot.parameter and not slot.own.is_contiguous() and _distinct(slot.own) for slot in product.call.slots):
        found["inputs with their own strides"] = partial(_as_given, product)
    if product.call.kind and len(product.row.shapes) > 1:
        found["dy of one output at a time"] = partial(_one_by_one, product)
    if takes_batches(product.call.kind):
        found["dy in a batch"] = partial(_in_batch, product)
    return found


def _with_dy(product: VectorProduct, lay: Callable[[Any], Any]) -> Backward:
    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        return product.pulled(arrays, dy, lay_dy=lay)

    return backward


def _as_given(product: VectorProduct, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
    return product.pulled(arrays, dy, lay_x=strided_as)


def _one_by_one(product: VectorProduct, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
    """Return the sum of the gradients of single outputs: the dy of the others is None, or zeros where that is asked."""
    found = [product.pulled(arrays, dy, only=k) for k in range(len(product.row.shapes))]
    return {name: np.sum([each[name] for each in found], axis=0) for name in arrays}


def _redrawn(product: VectorProduct, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
    return product.pulled(arrays, dy, redrawn=True)


def _in_batch(product: VectorProduct, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
    return product.pulled(arrays, dy, batched=True)


def takes_batches(kind: Any) -> bool:
    """Return whether a Function says that vmap may take it."""
    return kind is not None and (kind.generate_vmap_rule or kind.vmap is not torch.autograd.Function.vmap)


def transposed(tensor: Any) -> Any:
    """Return a copy that lies in memory with its first axis last; of one axis, every second number of a memory."""
    if tensor.dim() < 2:
        return tensor.repeat_interleave(2)[::2] if tensor.dim() else tensor
    order = tuple(reversed(range(tensor.dim())))
    return tensor.permute(order).contiguous().permute(order)


def expanded(tensor: Any) -> Any:
    """Return one number expanded to the shape, if they are all the same."""
    if not tensor.numel() or not bool((tensor == tensor.flatten()[0]).all()):
        return tensor
    return tensor.flatten()[0].clone().expand(tensor.shape)


def strided_as(tensor: Any, own: Any) -> Any:
    """Return a copy, with its gradient, that lies in memory as the user's own does."""
    if own.is_contiguous() or not _distinct(own):
        return tensor.clone()
    empty = torch.empty_strided(own.shape, own.stride(), dtype=tensor.dtype, device=tensor.device)
    return empty.copy_(tensor)


def _distinct(tensor: Any) -> bool:
    """Return whether no two entries are sure to share their memory: an expanded tensor cannot be written to."""
    return all(stride or size == 1 for stride, size in zip(tensor.stride(), tensor.shape, strict=True))
