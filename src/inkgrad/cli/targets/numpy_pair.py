"""A pair of functions of NumPy: forward, and the backward that somebody wrote for it."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np

from inkgrad.check import Report, check_function, check_vjp
from inkgrad.check.array_tree import labels_of
from inkgrad.check.calls import name_of
from inkgrad.cli.targets.made_inputs import arranged, made_inputs, parameters_of, random_inputs
from inkgrad.cli.targets.own_file import OwnFile, theirs
from inkgrad.cli.targets.request import Request
from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError

Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # by position and by name


@dataclass(frozen=True)
class NumpyPair:
    """A function and what is to be its backward, with the arguments that both are called with."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What its backward is called."""
        return name_of(self.backward)

    def report(self, request: Request) -> Report:
        """Return the report of the check that fits the signature of backward, and say which that is."""
        asked = request.asked
        names = ", ".join([*labels_of(self.forward, len(self.args)), *self.kwargs])
        if self._keeps_cache:
            say(f"{self.name} is taken as the vjp, {self.name}(dy, cache), with the cache that forward gives beside y")
            return check_vjp(*self._without_cache(), *self.args, kwargs=self.kwargs, **asked)
        if self._takes(len(self.args)) and not self._takes_dy:
            say(f"{self.name} is taken as the gradient of a number, {self.name}({names})")
            return check_function(self.forward, self.backward, *self.args, kwargs=self.kwargs, **asked)
        if self._takes(1 + len(self.args)):
            say(f"{self.name} is taken as the vjp, {self.name}(dy, {names})")
            return check_vjp(self.forward, self.backward, *self.args, kwargs=self.kwargs, **asked)
        raise SettingError(
            f"{self.name}({', '.join(_names(self.backward))}) should take dy and then {names}; of a forward that gives "
            f"one number {names} alone; of a forward that gives y and a cache dy and the cache"
        )

    @property
    def _takes_dy(self) -> bool:
        """Whether backward takes dy before the arrays, where its signature allows both."""
        return self._takes(1 + len(self.args)) and _names(self.backward)[:1] != _names(self.forward)[:1]

    @property
    def _keeps_cache(self) -> bool:
        """Whether forward gives y and a cache, and backward takes dy and that."""
        is_vjp = self._takes(1 + len(self.args)) and _names(self.backward)[1:] == _names(self.forward)
        if is_vjp or not _can_take(self.backward, 2, {}) or _names(self.backward) == _names(self.forward):
            return False
        with theirs(name_of(self.forward)):
            y = self.forward(*deepcopy(self.args), **deepcopy(self.kwargs))
        return isinstance(y, tuple) and len(y) == 2

    def _takes(self, n: int) -> bool:
        """Return whether backward can be called with n arguments, and those by name."""
        fits = _can_take(self.backward, n, self.kwargs)
        return n == 1 + len(self.args) if fits is None else fits

    def _without_cache(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return y alone, under the names of its arguments, and backward with the arrays in the place of the cache."""

        def y_alone(*args: Any, **kwargs: Any) -> Any:
            return self.forward(*args, **kwargs)[0]

        def vjp(dy: Any, *args: Any, **kwargs: Any) -> Any:
            return self.backward(dy, self.forward(*args, **kwargs)[1])

        return update_wrapper(y_alone, self.forward), vjp


def report_of_pair(request: Request, file: OwnFile, names: str) -> Report:
    """Return the report of "forward,backward" in a file."""
    request.refuse("order", "{} is for functions of PyTorch and JAX: leave it out")
    parts = [each.strip() for each in names.split(",")]
    if len(parts) != 2 or not all(parts):
        raise SettingError(f"a function and its backward are two names, {file.path}:forward,backward, got {names!r}")
    forward, backward = (file.thing(each) for each in parts)
    for name, each in zip(parts, (forward, backward), strict=True):
        if not callable(each) or isinstance(each, type):
            raise SettingError(f"{name} in {file.path} is not a function")
    settings = request.values
    taken = [each.name for each in parameters_of(forward) or ()]
    if unknown := sorted(settings.keys() - set(taken)):
        raise SettingError(f"{parts[0]} takes {', '.join(taken)}, no {', '.join(unknown)}: leave that --set out")
    if request.inputs is not None:
        args, kwargs = made_inputs(request.inputs, file)
    else:
        args, kwargs = _random_arguments(request, _with(forward, settings), parts[0])
    answers = _without_nones(_with(backward, settings), taken, settings)
    return NumpyPair(_with(forward, settings), answers, args, kwargs).report(request)


def _random_arguments(request: Request, forward: Callable[..., Any], owner: str) -> Arguments:
    if request.dtype == "bfloat16":
        raise SettingError("NumPy has no bfloat16: --dtype is float64, float32 or float16")
    dtype = np.dtype(request.dtype or "float64")
    arrays = [each.astype(dtype) if each.dtype.kind == "f" else each for each in random_inputs(request)]
    return arranged(owner, parameters_of(forward), arrays, {})


def _with(function: Callable[..., Any], settings: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a function without those of the settings that it takes, as constants: they have no gradient.

    What stands behind a setting can still be given by position: f(x, eps, w) with an eps is f(x, w).
    """
    taken = {each.name: settings[each.name] for each in parameters_of(function) or () if each.name in settings}
    if not taken:
        return function
    whole = inspect.signature(function)
    rest = whole.replace(parameters=[each for name, each in whole.parameters.items() if name not in taken])

    def without(*args: Any, **kwargs: Any) -> Any:
        given = rest.bind(*args, **kwargs).arguments
        call = inspect.BoundArguments(whole, OrderedDict({**given, **taken}))
        call.apply_defaults()  # what stands before a setting can then be given by position, too
        return function(*call.args, **call.kwargs)

    update_wrapper(without, function)
    without.__qualname__ = name_of(function)
    without.__signature__ = rest  # type: ignore[attr-defined]
    return without


def _without_nones(
    backward: Callable[..., Any], names: Sequence[str], settings: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return backward without the None that it gives for each setting among forward's names, as PyTorch has it."""
    if not settings:
        return backward

    def answers(*args: Any, **kwargs: Any) -> Any:
        found = backward(*args, **kwargs)
        if not isinstance(found, tuple) or len(found) != len(names):
            return found
        by_name = list(zip(names, found, strict=True))
        if any(each is not None for name, each in by_name if name in settings):
            return found
        return tuple(each for name, each in by_name if name not in settings)

    update_wrapper(answers, backward)
    answers.__qualname__ = name_of(backward)  # an object that can be called has none
    return answers


def _can_take(function: Callable[..., Any], n: int, kwargs: Mapping[str, Any]) -> bool | None:
    """Return whether a function can be called with n arguments and those by name; None where it does not say."""
    try:
        inspect.signature(function).bind(*range(n), **kwargs)
    except TypeError:
        return False
    except ValueError:  # some built-in functions have no signature
        return None
    return True


def _names(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that may be given by position."""
    parameters = parameters_of(function) or ()
    return [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
