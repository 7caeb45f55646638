"""Which modules take part in a call: the one that is called, those among the arguments, those that a function knows."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import torch

Named = dict[str, Any]  # modules, by what their paths begin with: "" for the one that is called


def moving_modules(function: Any, arguments: Iterable[tuple[str, Any]]) -> Named:
    """Return the modules whose parameters move: the one called, or whose method is, and those among the arguments."""
    while isinstance(function, partial):
        function = function.func
    called = getattr(function, "__self__", function)
    named = [("", called), *arguments]
    return {name: module for name, module in named if isinstance(module, torch.nn.Module)}


def known_modules(function: Any) -> Named:
    """Return the modules that a plain function knows by a name of its own or of its file."""
    while isinstance(function, partial):
        function = function.func
    if not inspect.isfunction(function):
        return {}
    try:
        known = inspect.getclosurevars(function)
    except ValueError:  # a name of its own that is not bound yet
        return {}
    named = {**known.globals, **known.nonlocals}
    return {name: module for name, module in named.items() if isinstance(module, torch.nn.Module)}


def parameters_of(modules: Named) -> Iterator[tuple[str, Any]]:
    """Yield each parameter once, with its path: "0.weight", or "net.0.weight" of a module with a name."""
    seen: set[int] = set()
    for name, module in modules.items():
        for path, parameter in module.named_parameters():
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield f"{name}.{path}".lstrip("."), parameter


def submodules_of(modules: Named) -> Iterator[tuple[str, Any]]:
    """Yield each module once, with its path: "" is that of the one that is called."""
    seen: set[int] = set()
    for name, root in modules.items():
        for path, module in root.named_modules():
            if id(module) not in seen:
                seen.add(id(module))
                yield f"{name}.{path}".strip("."), module
