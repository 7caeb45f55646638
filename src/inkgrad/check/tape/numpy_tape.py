"""A forward of NumPy written down: the user's functions called with arrays that tell what is done with them."""

from __future__ import annotations

import functools
import sysconfig
from collections.abc import Callable, Mapping
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import as_one_line
from inkgrad.check.tape.place import is_ours
from inkgrad.check.tape.recorder import leaves_of
from inkgrad.check.tape.tape import Tape, TapeError
from inkgrad.check.tape.traced_arrays import Traced, Tracer

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Numpy:
    """numpy, as a function sees it whose operations are written down: what makes arrays makes such as are followed."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._makers = {name: self._followed(name) for name in ("zeros", "ones", "empty", "full")}
        self._makers |= {name: self._array(name) for name in ("array", "asarray", "ascontiguousarray", "asanyarray")}

    def __getattr__(self, name: str) -> Any:
        return self._makers.get(name) or getattr(np, name)

    def replacement(self, thing: Any) -> Any:
        """Return what stands for a thing in the functions: itself, unless it is numpy or makes arrays."""
        if thing is np:
            return self
        if callable(thing):
            return next((maker for name, maker in self._makers.items() if thing is getattr(np, name)), thing)
        return thing

    def _followed(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._tracer.constant(getattr(np, name)(*args, **kwargs))

    def _array(self, name: str) -> Callable[..., Any]:
        def make(tree: Any, *args: Any, **kwargs: Any) -> Any:
            if any(True for _ in leaves_of(tree, Traced)):
                return self._tracer.call(np.array, (tree, *args), kwargs)
            made = getattr(np, name)(tree, *args, **kwargs)
            return self._tracer.constant(made) if name == "array" else made

        return make


def written_down(function: Callable[..., Any], arrays: Mapping[str, NDArray], call: Callable[..., Any]) -> Tape:
    """Return the tape of a function of arrays.

    call(function, arrays) calls it with the arrays in their places, and returns its outputs in their order.

    Raises TapeError where it does what cannot be written down.
    """
    tracer = Tracer()
    traced = {name: tracer.traced(array, tracer.array(name, array)) for name, array in arrays.items()}
    try:
        outputs = call(Rebound(Numpy(tracer)).called(function), traced)
    except TapeError:
        raise
    except Exception as error:  # it is the user's, and was written for arrays that do not tell: it may raise anything
        raise TapeError(as_one_line(error)) from error
    if not all(isinstance(each, Traced) and each.recorder is tracer for each in outputs):
        raise TapeError("an output does not come from what was followed")
    return tracer.tape([each.number for each in outputs])


class Rebound:
    """Copies of functions that see another numpy; those that they call in their own modules do too.

    The user's functions and modules are left as they are.
    """

    def __init__(self, numpy: Numpy) -> None:
        self._numpy = numpy
        self._globals: dict[int, dict[str, Any]] = {}
        self._functions: dict[int, Any] = {}

    def called(self, thing: Any) -> Any:
        """Return what to call for a function, a method, or an object that is called."""
        method = thing.__call__
        return self.function(method if isinstance(method, MethodType) else thing)

    def function(self, thing: Any) -> Any:
        """Return the copy of a function, or of a method; other things as they are."""
        if id(thing) in self._functions:
            return self._functions[id(thing)]
        if isinstance(thing, functools.partial):
            return functools.partial(self.function(thing.func), *thing.args, **thing.keywords)
        if isinstance(thing, MethodType):
            return MethodType(self.function(thing.__func__), thing.__self__)
        if not isinstance(thing, FunctionType):
            return self._numpy.replacement(thing)
        if thing.__module__ and thing.__module__.partition(".")[0] == "numpy":
            return self._numpy.replacement(thing)
        cells = tuple(CellType() for _ in thing.__closure__ or ())
        copy = FunctionType(
            thing.__code__, self._of_module(thing.__globals__), thing.__name__, thing.__defaults__, cells
        )
        copy.__kwdefaults__ = thing.__kwdefaults__
        copy.__dict__.update(vars(thing))
        self._functions[id(thing)] = copy
        for cell, own in zip(cells, thing.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.function(own.cell_contents)
            except ValueError:  # a name that has no value yet
                continue
        return copy

    def _of_module(self, names: dict[str, Any]) -> dict[str, Any]:
        if id(names) not in self._globals:
            new = self._globals[id(names)] = dict(names)
            for name, thing in names.items():
                if isinstance(thing, FunctionType) and (thing.__globals__ is names or _is_own(thing)):
                    new[name] = self.function(thing)
                elif not isinstance(thing, (type, FunctionType)):
                    new[name] = self._numpy.replacement(thing)
        return self._globals[id(names)]


def _is_own(function: FunctionType) -> bool:
    """Return whether a function is the user's, not one of a library."""
    file = function.__code__.co_filename
    if is_ours(file) or file.startswith(_LIBRARIES):
        return False
    return any(each is np for each in function.__globals__.values())
