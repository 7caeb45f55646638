"""What a PyTorch function and its arguments are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from inkgrad.check.calls import name_of


def function_class(function: Any) -> Any:
    """Return the torch.autograd.Function of which this is the class or the `apply`, or None."""
    owner = function if isinstance(function, type) else getattr(function, "__self__", None)
    return owner if isinstance(owner, type) and issubclass(owner, torch.autograd.Function) else None


def owner_of(function: Any) -> str:
    """Return what a function, a Function or a module is called."""
    if kind := function_class(function):
        return str(kind.__name__)
    if isinstance(function, partial):
        return owner_of(function.func)
    return name_of(function)


def argument_names(function: Any, count: int) -> list[str]:
    """Return what the function calls each of its first `count` arguments; x, x1, x2 where it has no names for them."""
    names: list[str] = []
    for parameter in _parameters(function):
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{k}]" for k in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    for k in range(len(names), count):
        names.append(f"x{k}" if k else "x")
    return names[:count]


def has_context(kind: Any) -> bool:
    """Return whether the forward of a Function takes ctx first: it does not where setup_context is defined."""
    return bool(kind.setup_context is torch.autograd.Function.setup_context)


def _parameters(function: Any) -> list[inspect.Parameter]:
    kind = function_class(function)
    called: Callable[..., Any] = kind.forward if kind else function
    if isinstance(function, torch.nn.Module):
        called = function.forward
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):  # most built-in functions have no signature
        return []
    if kind and has_context(kind) and parameters and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        return parameters[1:]
    return parameters
