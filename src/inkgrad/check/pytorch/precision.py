"""Precision: functions of coarse types run in float64, and whether one works in coarse types inside."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from inkgrad.check.pytorch.tensor_trees import tensors_of, with_tensors

FINE = torch.float64
COARSE = {
    torch.float32: FINE,
    torch.float16: FINE,
    torch.bfloat16: FINE,
    torch.complex64: torch.complex128,
    torch.complex32: torch.complex128,
}
CASTS = {
    torch.Tensor.float: torch.Tensor.double,
    torch.Tensor.half: torch.Tensor.double,
    torch.Tensor.bfloat16: torch.Tensor.double,
    torch.Tensor.cfloat: torch.Tensor.cdouble,
    torch.Tensor.chalf: torch.Tensor.cdouble,
}


def fine(dtype: Any) -> Any:
    """Return the type of double precision that takes the numbers of this one."""
    return COARSE.get(dtype, dtype)


class Widening(TorchFunctionMode):  # type: ignore[misc]
    """Makes float64 of all coarser floating-point types that functions of torch are given, or told to give."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        func = CASTS.get(func, func)
        if getattr(func, "__name__", "") in ("__get__", "__set__", "requires_grad_", "set_default_dtype"):
            return func(*args, **(kwargs or {}))
        return func(*_widened(args), **_widened(kwargs or {}))


def _widened(arguments: Any) -> Any:
    found = [
        tensor.to(COARSE[tensor.dtype]) if tensor.dtype in COARSE else tensor for _, tensor in tensors_of(arguments)
    ]
    arguments = with_tensors(arguments, iter(found))
    if isinstance(arguments, tuple):
        return tuple(_type(each) for each in arguments)
    return {key: _type(each) for key, each in arguments.items()}


def _type(argument: Any) -> Any:
    return COARSE.get(argument, argument) if isinstance(argument, torch.dtype) else argument


class CoarsestSeen(TorchDispatchMode):  # type: ignore[misc]
    """Remembers the largest machine epsilon that finer numbers are rounded to by any operation."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say no, as else torch imports its compiler at the first operation, which takes seconds."""
        return False

    def __init__(self) -> None:
        super().__init__()
        self.eps = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        kinds = {eps_of(tensor.dtype) for _, tensor in tensors_of(args)} - {0.0}
        for _, tensor in tensors_of(found):
            eps = eps_of(tensor.dtype)
            if any(finer < eps for finer in kinds):
                self.eps = max(self.eps, eps)
        return found


def eps_of(dtype: Any) -> float:
    """Return the machine epsilon of a floating-point or complex type, 0 of others."""
    return float(torch.finfo(dtype).eps) if dtype.is_floating_point or dtype.is_complex else 0.0
