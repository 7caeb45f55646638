"""Functions that PyTorch or JAX differentiate: modules, Functions, custom rules, and any function of their arrays."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from inkgrad.arrays import NDArray
from inkgrad.check import Report, check_jax, check_torch
from inkgrad.check.array_tree import leaves
from inkgrad.check.calls import a_kind
from inkgrad.cli.targets.libraries import (
    is_differentiable,
    is_jax_function,
    is_torch_function,
    is_torch_module,
    libraries_of,
)
from inkgrad.cli.targets.made_inputs import arranged, made_inputs, parameters_of, random_inputs
from inkgrad.cli.targets.own_file import OwnFile
from inkgrad.cli.targets.own_layers import made
from inkgrad.cli.targets.request import Request
from inkgrad.errors import SettingError

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def report_of_function(request: Request, file: OwnFile, name: str, thing: Any) -> Report:
    """Return the report of a function that PyTorch or JAX differentiate."""
    _refuse_other_kinds(file, name, thing)
    given = made_inputs(request.inputs, file) if request.inputs else None
    if _library(file, name, thing, given) == "torch":
        return _report_of_torch(request, name, _made_by_torch(request, file, name, thing), given)
    return _report_of_jax(request, name, thing, given)


def _refuse_other_kinds(file: OwnFile, name: str, thing: Any) -> None:
    if not callable(thing):
        raise SettingError(f"{name} in {file.path} is {a_kind(thing)}, which has no gradient; "
                           f"{file.path} has {file.candidates()}")  # fmt: skip
    if isinstance(thing, type) and not is_differentiable(thing):
        raise SettingError(
            f"{name} in {file.path} is neither a Layer nor a Cost of inkgrad, nor a torch.nn.Module or "
            "torch.autograd.Function; of an object of it that can be called, give that its own name"
        )


def _library(file: OwnFile, name: str, thing: Any, given: Arguments | None) -> str:
    """Return "torch" or "jax"; raise SettingError where that cannot be told."""
    if is_torch_module(thing) or is_torch_function(thing):
        return "torch"
    if is_jax_function(thing):
        return "jax"
    args, kwargs = given or ((), {})
    found = libraries_of(thing, [leaf for each in (*args, *kwargs.values()) for _, leaf in leaves("", each)])
    if not found:
        raise SettingError(
            f"{name} is a function that neither PyTorch nor JAX differentiate: name the backward that you wrote, "
            f"{file.path}:{name},BACKWARD"
        )
    if len(found) > 1:
        raise SettingError(
            f"{name} may be a function of PyTorch or of JAX: make inputs of one of them with --inputs FILE.py:make"
        )
    return found.pop()


# PyTorch.


def _made_by_torch(request: Request, file: OwnFile, name: str, thing: Any) -> Any:
    if not is_torch_module(thing):
        return thing
    sys.modules["torch"].manual_seed(request.seed)
    return made(thing, file, name, request.values)


def _report_of_torch(request: Request, name: str, function: Any, given: Arguments | None) -> Report:
    torch: Any = sys.modules["torch"]
    if given is None:
        arrays, modules = random_inputs(request), _modules(function)
        dtype = getattr(torch, request.dtype) if request.dtype else _own_dtype(modules)
        for module in modules:
            module.to(dtype)
        tensors = [_tensor(torch, each, dtype) for each in arrays]
        settings = {} if is_torch_module(function) else request.values
        given = arranged(name, _torch_parameters(function), tensors, settings)
    args, kwargs = given
    return check_torch(function, args, kwargs, order=request.order, **request.asked)


def _torch_parameters(function: Any) -> list[inspect.Parameter] | None:
    if is_torch_module(function):
        return parameters_of(function.forward)
    if not is_torch_function(function):
        return parameters_of(function)
    from inkgrad.check.pytorch.argument_names import function_class, has_context

    kind = function_class(function)
    found = parameters_of(kind.forward)
    has_ctx = found and found[0].kind is not inspect.Parameter.VAR_POSITIONAL and has_context(kind)
    return found[1:] if found and has_ctx else found


def _modules(function: Any) -> list[Any]:
    """Return the modules that a call takes: the one called, or whose method is, and those that a function knows."""
    from inkgrad.check.pytorch.torch_modules import known_modules, moving_modules

    return [*moving_modules(function, ()).values(), *known_modules(function).values()]


def _own_dtype(modules: Iterable[Any]) -> Any:
    """Return the type of the modules' own numbers; float64 where they have none."""
    own = (each for module in modules for each in (*module.parameters(), *module.buffers()))
    return next((each.dtype for each in own if each.is_floating_point()), sys.modules["torch"].float64)


def _tensor(torch: Any, array: NDArray, dtype: Any) -> Any:
    tensor = torch.from_numpy(array.copy()) if array.ndim else torch.tensor(array.item())
    return tensor.to(dtype) if array.dtype.kind == "f" else tensor


# JAX.


def _report_of_jax(request: Request, name: str, function: Callable[..., Any], given: Arguments | None) -> Report:
    with _bits(request):
        if given is None:
            import jax.numpy as jnp

            dtype = request.dtype and getattr(jnp, request.dtype)
            arrays = [jnp.asarray(each, dtype if each.dtype.kind == "f" else None) for each in random_inputs(request)]
            given = arranged(name, parameters_of(function), arrays, request.values)
        args, kwargs = given
        return check_jax(function, args, kwargs, order=request.order, **request.asked)


def _bits(request: Request) -> AbstractContextManager[Any]:
    """Let JAX have float64 where that is asked for; it has float32 otherwise, or what the user's file says."""
    import jax

    return jax.enable_x64(True) if request.dtype == "float64" else nullcontext()
