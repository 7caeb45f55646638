"""subject_of_torch: what PyTorch differentiates, as a Subject of a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inkgrad.check.measure.subject import Subject
from inkgrad.check.pytorch.memory_layouts import variants_of
from inkgrad.check.pytorch.precision import eps_of
from inkgrad.check.pytorch.tensor_call import TensorCall
from inkgrad.check.pytorch.torch_function import pushforward_of, reference_of
from inkgrad.check.pytorch.vector_product import VectorProduct
from inkgrad.errors import CheckError


def subject_of_torch(
    function: Any, inputs: Any, kwargs: Mapping[str, Any] | None = None, *, seed: int = 0, order: int = 1
) -> Subject:
    """Return the subject of a check of the gradients that PyTorch gives for function(*inputs, **kwargs).

    `function` is a torch.autograd.Function or its `apply`, a module or a method of one, or any function of tensors.
    All floating-point tensors among the inputs are checked, complex ones as pairs of real numbers, and all
    parameters of a module that require a gradient.  The user's module and random numbers are left as they are.
    With order=2 it is the gradient that is checked, as a function of all these and of dy.

    Raises CheckError where there is nothing to check, or where the function does.
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) and not hasattr(inputs, "_fields") else (inputs,)
    call = TensorCall(function, given, kwargs or {}, seed)
    if not call.slots:
        raise CheckError(f"{call.owner}: there is no tensor of floating-point numbers to check")
    return _subject(call)


def _subject(call: TensorCall) -> Subject:
    product = VectorProduct(call)
    coarsest = max(product.coarsest(), product.row.eps, *(eps_of(slot.dtype) for slot in call.slots))
    return Subject(
        call.owner,
        product.arrays,
        product.forward,
        product.backward,
        main=_main(call),
        unit=coarsest,
        precise=None if coarsest <= np.finfo(np.float64).eps else _precise(call),
        reference=reference_of(product),
        pushforward=pushforward_of(product),
        variants=variants_of(product),
    )


def _main(call: TensorCall) -> str | None:
    """Return the first input, unless another one has its shape: neither stands for x then."""
    shapes = [(slot.name, slot.own.shape) for slot in call.slots if not slot.parameter]
    if not shapes or any(shape == shapes[0][1] for _, shape in shapes[1:]):
        return None
    return shapes[0][0]


def _precise(call: TensorCall) -> Subject | None:
    """Return the same function in float64, or None where it does not take that."""
    for widening in (False, True):
        try:
            product = VectorProduct(call.wider(widening))
            coarsest = product.coarsest()
        except CheckError:
            continue
        if widening or coarsest <= np.finfo(np.float64).eps:
            return Subject(
                call.owner,
                product.arrays,
                product.forward,
                product.backward,
                main=_main(call),
                unit=max(coarsest, product.row.eps),
            )
    return None
