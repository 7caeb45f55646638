"""check_function, check_vjp, check_torch, check_jax: functions that are not layers, with backwards written by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.examine import examine
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.report import Report
from inkgrad.errors import CheckError, GradientMismatch


def check_function(
    f: Callable[..., Any], gradient: Callable[..., Any], *arrays: NDArray, seed: int = 0, raises: bool = True
) -> Report:
    """Check that gradient(*arrays) is the gradient of the scalar function f(*arrays).

    With one array `gradient` returns an array of its shape, with several a tuple of them.  The
    first array is called x, the others as f calls its parameters.  float32 arrays are judged as
    float32.

    Raises GradientMismatch, which carries the Report, if it is not, unless `raises` is False;
    CheckError where there is nothing to compare.
    """

    def scalar(*arrays: NDArray) -> NDArray:
        value = np.asarray(f(*arrays))
        if value.size != 1:
            raise CheckError(f"{name_of(f)} should give one number, got an array of shape {value.shape}: use check_vjp")
        return value.reshape(())

    def vjp(dy: NDArray, *arrays: NDArray) -> tuple[Any, ...]:
        found = gradient(*arrays)
        found = found if isinstance(found, tuple) or (isinstance(found, list) and len(arrays) > 1) else (found,)
        return tuple(None if each is None else dy * np.asarray(each) for each in found)

    names = names_of(f, len(arrays))
    return _check(name_of(f), "gradient", scalar, vjp, dict(zip(names, arrays, strict=True)), seed, raises)


def check_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], *arrays: NDArray, seed: int = 0, raises: bool = True
) -> Report:
    """Check that vjp(dy, *arrays) gives dy J for each array, for y = f(*arrays).

    With one array vjp returns its gradient, with several a tuple of gradients.  The first array
    is called x, the others as f calls its parameters.  float32 arrays are judged as float32.

    Raises GradientMismatch, which carries the Report, if it does not, unless `raises` is False;
    CheckError where there is nothing to compare.
    """

    def pull(dy: NDArray, *arrays: NDArray) -> tuple[Any, ...]:
        found = vjp(dy, *arrays)
        return tuple(found) if isinstance(found, tuple) or (isinstance(found, list) and len(arrays) > 1) else (found,)

    names = names_of(f, len(arrays))
    return _check(name_of(f), "vjp", f, pull, dict(zip(names, arrays, strict=True)), seed, raises)


def check_torch(function: Callable[..., Any], inputs: Sequence[Any], *, seed: int = 0, raises: bool = True) -> Report:
    """Check the gradients that PyTorch gives for function(*inputs), which returns one tensor.

    `function` is the `apply` of a torch.autograd.Function, a module or any function of tensors;
    of a module the parameters are checked too, and it is left as it is.  Only floating-point
    inputs are checked; float32 is judged as float32.  The first input is called x, the others as the
    function calls its parameters.  PyTorch's own
    random numbers start from `seed` at each call, so that dropout drops the same.

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, unless `raises` is
    False; CheckError where there is nothing to compare.
    """
    import torch

    owner = name_of(function)
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    module = function if isinstance(function, torch.nn.Module) else None
    names = names_of(function if module is None else module.forward, len(given))
    named = dict(zip(names, given, strict=True))
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

    def forward(arrays: Arrays) -> NDArray:
        with torch.no_grad():
            return np.array(call(tensors(arrays)).numpy(force=True))

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
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


def check_jax(function: Callable[..., Any], args: Sequence[Any], *, seed: int = 0, raises: bool = True) -> Report:
    """Check the gradients that jax.vjp gives for function(*args), which returns one array.

    The arguments may be trees, such as a dict of parameters.  Only floating-point arrays and
    numbers are checked, and judged by their own type: float32 unless JAX has been told to use 64
    bits.  The first is called x, the others as the function calls its parameters: "p['W']".

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, unless `raises` is
    False; CheckError where there is nothing to compare.
    """
    import jax
    import jax.numpy as jnp

    given = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    leaves, tree = jax.tree_util.tree_flatten_with_path(given)
    names = names_of(function, len(given))
    paths = [names[path[0].idx] + "".join(map(str, path[1:])) for path, _ in leaves]
    named = {path if k else "x": leaf for k, (path, (_, leaf)) in enumerate(zip(paths, leaves, strict=True))}
    live = {name for name, leaf in named.items() if jnp.issubdtype(getattr(leaf, "dtype", type(leaf)), jnp.floating)}
    arrays = {name: np.array(jnp.asarray(named[name])) for name in named if name in live}

    def call(moved: dict[str, Any]) -> Any:
        return function(*jax.tree_util.tree_unflatten(tree, (named | moved).values()))

    def tensors(arrays: Arrays) -> dict[str, Any]:
        return {name: jnp.array(array) for name, array in arrays.items()}

    def forward(arrays: Arrays) -> NDArray:
        return np.array(call(tensors(arrays)))

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        _, pull = jax.vjp(call, tensors(arrays))
        found = pull(jnp.asarray(dy))[0]
        return {name: np.array(found[name]) for name in arrays}

    return conclude(name_of(function), arrays, forward, backward, seed, raises)


def _check(
    owner: str,
    role: str,
    f: Callable[..., Any],
    vjp: Callable[..., tuple[Any, ...]],
    given: dict[str, NDArray],
    seed: int,
    raises: bool,
) -> Report:
    arrays = {name: as_floats(owner, name, array) for name, array in given.items()}

    def forward(arrays: Arrays) -> NDArray:
        return np.asarray(f(*arrays.values()))

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        found = vjp(dy, *arrays.values())
        if len(found) != len(arrays):
            raise CheckError(
                f"the {role} of {owner} should give {len(arrays)} gradient{'s' * (len(arrays) > 1)}, got {len(found)}"
            )
        gradients = {}
        for name, each in zip(arrays, found, strict=True):
            gradients[name] = np.array(each)  # a copy: it may be dy, or a view of x
            if gradients[name].dtype.kind not in "fiu":
                kind = "None" if each is None else f"an array of {gradients[name].dtype}"
                raise CheckError(f"the {role} of {owner} should give numbers for {name}, got {kind}")
        return gradients

    return conclude(owner, arrays, forward, backward, seed, raises)


def conclude(
    owner: str,
    arrays: Arrays,
    forward: Callable[[Arrays], NDArray],
    backward: Callable[[Arrays, NDArray, float], Arrays],
    seed: int,
    raises: bool,
) -> Report:
    """Return the report of functions that are the user's; raise what is to be raised."""
    if not arrays:
        raise CheckError(f"{owner}: there is no array of floating-point numbers to check")

    def safe_forward(arrays: Arrays) -> NDArray:
        return np.asarray(_run(owner, "forward", lambda: forward(arrays)))

    def safe_backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        found: Arrays = _run(owner, "backward", lambda: backward(arrays, np.asarray(dy), start))
        return found

    with np.errstate(all="ignore"):
        report = examine(Subject(owner, arrays, safe_forward, safe_backward), seed)
    return report.raise_if_not_right() if raises else report


def _run(owner: str, part: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (CheckError, GradientMismatch):
        raise
    except Exception as error:  # the functions are the user's: whatever they raise is about them
        raise CheckError(f"{owner}, {part}: {type(error).__name__}: {error}") from error


def as_floats(owner: str, name: str, array: Any) -> NDArray:
    """Return a floating-point array; raise CheckError for another, as it has no slopes."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        raise CheckError(f"{owner}: {name} has type {array.dtype}; slopes need floating-point numbers")
    return array


def name_of(f: Any) -> str:
    """Return what a function, a class or an object that can be called is called."""
    owner = getattr(f, "__self__", None)
    if isinstance(owner, type):  # Square.apply says less than Square
        return owner.__name__
    return str(getattr(f, "__qualname__", None) or type(f).__name__).rpartition("<locals>.")[2]


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """Return a name for each array: x, then as f calls them; where it has no names for them, x1, x2 and so on."""
    names = _signature(f)
    owner: Any = getattr(f, "__self__", None)
    if hasattr(owner, "setup_context"):  # f is the apply of a torch.autograd.Function
        has_context = not any(
            "setup_context" in vars(kind) for kind in owner.__mro__ if "torch." not in kind.__module__
        )
        names = _signature(owner.forward)[has_context:]
    found = ["x"]
    for k in range(1, count):
        found.append(names[k] if k < len(names) and names[k] not in found else f"x{k}")
    return found[:count]


def _signature(f: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that a function takes by position."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # some built-in functions have no signature
        return []
    return [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
