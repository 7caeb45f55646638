"""Libraries: whether something in the user's file is PyTorch's or JAX's.

What the file has not imported made nothing in it, so neither is imported here to find that out.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from types import CellType, CodeType, ModuleType
from typing import Any

LIBRARIES = {"torch": ("torch",), "jax": ("jax", "jaxlib", "flax", "equinox")}  # and packages that come with them


def is_differentiable(thing: Any) -> bool:
    """Return whether something says by itself that PyTorch or JAX differentiate it: a module, Function, custom_vjp."""
    return is_torch_module(thing) or is_torch_function(thing) or is_jax_function(thing)


def is_torch_module(thing: Any) -> bool:
    """Return whether something is a torch.nn.Module, or a class of such."""
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(_class_of(thing), torch.nn.Module)


def is_torch_function(thing: Any) -> bool:
    """Return whether something is a torch.autograd.Function, or the `apply` of one."""
    torch = sys.modules.get("torch")
    kind = thing if isinstance(thing, type) else getattr(thing, "__self__", None)
    return torch is not None and isinstance(kind, type) and issubclass(kind, torch.autograd.Function)


def is_jax_function(thing: Any) -> bool:
    """Return whether something was made by jax.custom_vjp, jax.custom_jvp, jax.jit and the like."""
    if not callable(thing) or isinstance(thing, type):
        return False
    return any(_library_of(base.__module__) == "jax" for base in type(thing).__mro__)


def libraries_of(function: Any, inputs: Iterable[Any]) -> set[str]:
    """Return which of the libraries a function is of: by its inputs, or its code, or what its file has imported."""
    if found := _libraries(type(leaf).__module__ for leaf in inputs):
        return found
    if is_torch_module(getattr(function, "__self__", None)):
        return {"torch"}
    mentioned = set(_mentioned(function, set()))
    if found := _libraries(mentioned):
        return found
    is_numpy = any(name.partition(".")[0] == "numpy" for name in mentioned)
    around = getattr(_inner(function), "__globals__", {})
    return set() if is_numpy else _libraries(_module_of(each) for each in around.values())


def _libraries(modules: Iterable[str]) -> set[str]:
    return {library for name in modules if (library := _library_of(name))}


def _class_of(thing: Any) -> type:
    return thing if isinstance(thing, type) else type(thing)


def _library_of(module: str) -> str | None:
    package = module.partition(".")[0]
    return next((name for name, packages in LIBRARIES.items() if package in packages), None)


def _module_of(thing: Any) -> str:
    return thing.__name__ if isinstance(thing, ModuleType) else str(getattr(thing, "__module__", ""))


def _inner(function: Any) -> Any:
    """Return the function of Python inside something that can be called."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "__func__", function))
    return function if inspect.isroutine(function) or isinstance(function, type) else type(function).__call__


def _mentioned(function: Any, seen: set[int]) -> Iterator[str]:
    """Yield the names of the modules of all that the code of a function mentions, and what it calls in its own file."""
    function = _inner(function)
    code = getattr(function, "__code__", None)
    if code is None or id(code) in seen:
        return
    seen.add(id(code))
    known = function.__globals__ | dict(zip(code.co_freevars, _contents(function), strict=True))
    for thing in map(known.get, _names_in(code)):
        yield _module_of(thing)
        yield from (base.__module__ for base in getattr(thing, "__mro__", ()))
        if getattr(thing, "__module__", "") == function.__module__ and not isinstance(thing, type):
            yield type(thing).__module__
            yield from _mentioned(thing, seen) if callable(thing) else ()


def _contents(function: Any) -> list[Any]:
    """Return what a function holds of the functions around it."""
    return [cell.cell_contents if cell != CellType() else None for cell in function.__closure__ or ()]


def _names_in(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_freevars)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_in(inner)
