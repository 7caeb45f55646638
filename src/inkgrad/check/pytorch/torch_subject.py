"""subject_of_torch: what PyTorch differentiates, as a Subject of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import SECOND, Component, Subject
from inkgrad.check.pytorch.gradient_call import GradientCall
from inkgrad.check.pytorch.other_calls import variants_of
from inkgrad.check.pytorch.precision import eps_of
from inkgrad.check.pytorch.tensor_call import TensorCall
from inkgrad.check.pytorch.torch_function import pushforward_of, reference_of
from inkgrad.check.pytorch.torch_parts import parts_of, rests_on_constants
from inkgrad.check.pytorch.torch_tape import unfold
from inkgrad.check.pytorch.vector_product import VectorProduct
from inkgrad.check.rounding import same_function
from inkgrad.errors import CheckError

EPS = float(np.finfo(np.float64).eps)


def subject_of_torch(
    function: Any, inputs: Any, kwargs: Mapping[str, Any] | None = None, *, seed: int = 0, order: int = 1
) -> Subject:
    """Return the subject of a check of the gradients that PyTorch gives for function(*inputs, **kwargs).

    `function` is a torch.autograd.Function or its `apply`, a module or a method of one, or any function of tensors.
    All floating-point tensors among the inputs are checked, complex ones as pairs of real numbers, and all
    parameters of a module that require a gradient; if some inputs require one, the others are constants.  The
    user's module and random numbers are left as they are.  With order=2 it is the gradient that is checked, as a
    function of all these and of dy.

    Raises CheckError where there is nothing to check, or where the function does.
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) and not hasattr(inputs, "_fields") else (inputs,)
    if order not in (1, 2):
        raise CheckError(f"order must be 1, the gradient, or 2, the gradient of it, got {order!r}")
    if torch.is_inference_mode_enabled():
        raise CheckError("there are no gradients in torch.inference_mode: check it outside")
    if isinstance(function, type) and issubclass(function, torch.nn.Module):
        name = function.__name__
        raise CheckError(f"{name} is a class of modules: check one that is made, {name}(...)")
    call = TensorCall(function, given, kwargs or {}, seed)
    if rests_on_constants(call):
        call = TensorCall(function, given, kwargs or {}, seed, fixed=True)
    make = _product if order == 1 else _second_product
    return replace(_subject(make, call), parts=_parts(make, call))


def _product(call: TensorCall) -> VectorProduct:
    if not call.slots:
        inputs, kwargs = call.trees
        is_numpy = any(isinstance(each, np.ndarray) for each in (*inputs, *kwargs.values()))
        hint = "; of arrays of NumPy torch.from_numpy makes some" if is_numpy else ""
        raise CheckError(f"{call.owner}: there is no tensor of floating-point numbers to check{hint}")
    return VectorProduct(call)


def _second_product(call: TensorCall) -> VectorProduct:
    return VectorProduct(GradientCall(_product(call), call.seed))


def _parts(make: Callable[[TensorCall], VectorProduct], call: TensorCall) -> Callable[[], Iterable[Component]] | None:
    """Return what yields the parts of a call; of one that differentiates inside also their second derivatives."""
    if call.kind:
        return None
    parts, twice = parts_of(call, partial(_subject, make)), parts_of(call, partial(_subject, _second_product))

    def all_parts() -> Iterator[Component]:
        yield from parts()
        if make is _product and _product(call).needs_graph:
            for each in twice():
                yield replace(each, path=f"{each.path}{SECOND}", last_resort=True)

    return all_parts


def _subject(make: Callable[[TensorCall], VectorProduct], call: TensorCall) -> Subject:
    product = make(call)
    coarsest = max(product.coarsest(), product.row.eps, *(eps_of(slot.dtype) for slot in call.slots))
    return Subject(
        call.owner,
        product.arrays,
        product.forward,
        product.backward,
        main=_main(call),
        unit=coarsest,
        precise=_precise(make, call, product.y) if coarsest > EPS and not call.wide else None,
        reference=reference_of(product),
        pushforward=pushforward_of(product) if make is _product else None,
        variants=variants_of(product),
        y=product.y,
        outputs=product.row.named_shapes,
        unfold=partial(unfold, product) if make is _product else None,
    )


def _main(call: TensorCall) -> str | None:
    """Return the first input, unless another one has its shape: neither stands for x then."""
    shapes = [(slot.name, slot.own.shape) for slot in call.slots if not slot.parameter]
    if not shapes or any(shape == shapes[0][1] for _, shape in shapes[1:]):
        return None
    return shapes[0][0]


def _precise(make: Callable[[TensorCall], VectorProduct], call: TensorCall, y: NDArray) -> Subject | None:
    """Return the same function in float64, or None where it does not take that, or draws other random numbers there."""
    for widening in (False, True):
        wider = call.wider(widening)
        try:
            subject = _subject(make, wider)
        except CheckError:
            continue
        if call.state.draws and not same_function(
            y, subject.forward(subject.copies()), max(eps_of(slot.dtype) for slot in call.slots)
        ):
            return None
        if widening or subject.unit <= EPS:
            return replace(subject, parts=_parts(make, wider))
    return None
