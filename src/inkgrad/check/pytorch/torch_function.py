"""What a torch.autograd.Function brings with it: a forward that PyTorch can differentiate itself, and a jvp."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.pytorch.argument_names import has_context
from inkgrad.check.pytorch.tensor_call import blamed
from inkgrad.check.pytorch.vector_product import VectorProduct


class StandIn:
    """Takes what a forward tells its ctx, and needs none of it."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors, for a forward that reads them again."""
        self.saved_tensors = tensors

    save_for_forward = save_for_backward

    def set_materialize_grads(self, value: bool) -> None:
        """Do nothing: no gradient is None here."""

    def mark_dirty(self, *tensors: Any) -> None:
        """Do nothing: autograd sees itself what changes."""

    mark_non_differentiable = mark_dirty
    mark_shared_storage = mark_dirty


@contextmanager
def _forward_mode() -> Iterator[None]:
    """Begin forward mode, without the warning of what torch itself compiles for it."""
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        yield


def reference_of(product: VectorProduct) -> Callable[[Arrays, NDArray], Arrays] | None:
    """Return dy J as autograd gives it for a Function's own forward; None for what is no Function."""
    forward = own_forward(product)
    return partial(product.pulled, function=forward) if forward else None


def own_forward(product: VectorProduct) -> Callable[..., Any] | None:
    """Return the forward of a Function, without its backward; None for what is no Function."""
    kind = product.call.kind
    if kind is None:
        return None

    def forward(*inputs: Any) -> Any:
        if not has_context(kind):
            return kind.forward(*inputs)
        return kind.forward(StandIn(tuple(torch.is_tensor(each) for each in inputs)), *inputs)

    return forward


def pushforward_of(product: VectorProduct) -> Callable[[Arrays, Arrays], NDArray] | None:
    """Return the slopes along a direction as a Function's own jvp gives them; None where it has none."""
    kind = product.call.kind
    if kind is None or kind.jvp is torch.autograd.Function.jvp:
        return None
    call, row = product.call, product.row

    def pushforward(arrays: Arrays, directions: Arrays) -> NDArray:
        tangents = [slot.tangent(np.asarray(directions[slot.name], arrays[slot.name].dtype)) for slot in call.slots]
        with blamed(call.owner, "jvp"), call.moved(arrays, False) as leaves, _forward_mode():
            duals = [forward_ad.make_dual(*each) for each in zip(leaves, tangents, strict=True)]
            reals = row.reals(call.outputs(call.passed(duals), duals))
            found = [forward_ad.unpack_dual(each) for each in reals]
            return row.joined([each.primal * 0 if each.tangent is None else each.tangent for each in found])

    return pushforward
