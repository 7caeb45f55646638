"""check_torch: the backward of a torch.autograd.Function or a module, checked by our means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.function import conclude, name_of
from inkgrad.check.report import Report
from inkgrad.check.subject import Arrays
from inkgrad.errors import CheckError


def check_torch(function: Callable[..., Any], inputs: Sequence[Any], *, seed: int = 0, raises: bool = True) -> Report:
    """Check the gradients that PyTorch gives for function(*inputs), which returns one tensor.

    `function` is the `apply` of a torch.autograd.Function, a module or any function of tensors;
    of a module the parameters are checked too, and it is left as it is.  Only floating-point
    inputs are checked; float32 is judged as float32.  The first input is called x.  PyTorch's own
    random numbers start from `seed` at each call, so that dropout drops the same.

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, unless `raises` is
    False; CheckError where there is nothing to compare.
    """
    import torch

    owner = name_of(function)
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    named = {f"argument {k}" if k else "x": each for k, each in enumerate(given)}
    module = function if isinstance(function, torch.nn.Module) else None
    own = {} if module is None else {f"self.{k}" if k in named else k: k for k, _ in module.named_parameters()}
    parameters = {} if module is None else dict(module.named_parameters())
    live = {name: each for name, each in named.items() if torch.is_tensor(each) and each.is_floating_point()}
    live |= {name: parameters[key] for name, key in own.items()}
    for name, each in live.items():
        if each.dtype == torch.bfloat16:
            raise CheckError(f"{owner}: {name} has type bfloat16, which NumPy lacks: check it in float32")

    def call(moved: dict[str, Any]) -> Any:
        arguments = tuple(moved.get(name, each) for name, each in named.items())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if module is None:
                y = function(*arguments)
            else:
                state = {key: moved[name] for name, key in own.items()}
                state |= {key: each.clone() for key, each in module.named_buffers()}
                y = torch.func.functional_call(module, state, arguments)
        if not torch.is_tensor(y):
            raise CheckError(f"{owner} should give one tensor, got {type(y).__name__}")
        return y

    def tensors(arrays: Arrays) -> dict[str, Any]:
        return {name: torch.from_numpy(array).to(live[name].device) for name, array in arrays.items()}

    def forward(arrays: Arrays) -> Array:
        with torch.no_grad():
            return np.array(call(tensors(arrays)).numpy(force=True))

    def backward(arrays: Arrays, dy: Array, start: float) -> Arrays:
        leaves = {name: each.requires_grad_() for name, each in tensors(arrays).items()}
        y = call(leaves)
        if not y.requires_grad:  # detached: nothing comes back
            return {name: np.zeros_like(array) for name, array in arrays.items()}
        found = torch.autograd.grad(y, list(leaves.values()), torch.from_numpy(dy).to(y.device), allow_unused=True)
        return {
            name: np.zeros_like(arrays[name]) if each is None else np.array(each.numpy(force=True))
            for name, each in zip(leaves, found, strict=True)
        }

    arrays = {name: each.numpy(force=True).copy() for name, each in live.items()}
    return conclude(owner, arrays, forward, backward, seed, raises)
