"""A forward of NumPy written down: arrays that tell a recorder what is done with them."""

from __future__ import annotations

import functools
import operator
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import as_one_line
from inkgrad.check.tape.place import is_ours, place_of_caller
from inkgrad.check.tape.recorder import Recorder, leaves_of, replaced
from inkgrad.check.tape.tape import Tape, TapeError

LIBRARY = str(Path(np.__file__).parent)
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
METHODS = (  # of arrays, which are functions of NumPy too
    *("reshape", "transpose", "swapaxes", "ravel", "squeeze", "copy", "take", "repeat", "diagonal", "trace", "dot"),
    *("sum", "mean", "var", "std", "prod", "max", "min", "cumsum", "cumprod", "clip", "round", "sort"),
)


class Traced(np.ndarray):
    """An array whose operations are written down; one without a recorder is a constant."""

    recorder: Tracer | None = None
    number: int = -1

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        tracer = _tracer((inputs, kwargs))
        if method == "at":
            return tracer.change(inputs[0], ufunc.at, inputs[1:])
        call = ufunc if method == "__call__" else getattr(ufunc, method)
        (out,) = kwargs.pop("out", None) or (None,)
        if out is None:
            return tracer.call(call, inputs, kwargs)
        result = tracer.call(call, inputs, kwargs)
        tracer.overwrite(out, result)
        return out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _tracer((args, kwargs)).call(function, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._call(operator.getitem, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _tracer((self, key, value)).change(self, operator.setitem, (key, value))

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    @property
    def T(self) -> Any:
        """The transpose."""
        return self._call(np.transpose)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the array in another type: itself, if that has slopes."""
        return self._call(np.copy) if np.dtype(dtype).kind == "f" else _plain(self).astype(dtype, *args, **kwargs)

    def flatten(self, order: Any = "C") -> Any:
        """Return all numbers in a row."""
        return self._call(np.ravel, order)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return _tracer((self, args)).call(function, (self, *args), kwargs)


def _method(name: str) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        if name in ("reshape", "transpose") and len(args) > 1:
            args = (args,)
        return self._call(getattr(np, name), *args, **kwargs)

    return method


for _name in METHODS:
    setattr(Traced, _name, _method(_name))


def _plain(array: Any) -> Any:
    return np.asarray(array).view(np.ndarray)


def _tracer(tree: Any) -> Tracer:
    """Return the recorder of the arrays among some arguments."""
    for each in leaves_of(tree, Traced):
        if each.recorder is not None:
            return each.recorder
    return Tracer()  # nothing of this is written down: all are constants


class Tracer(Recorder):
    """A recorder of what is done with arrays of NumPy."""

    def traced(self, array: Any, number: int) -> Traced:
        """Return an array that tells this recorder what is done with it."""
        found = np.array(array).view(Traced)
        found.recorder, found.number = self, number
        return found

    def constant(self, array: Any) -> Any:
        """Return an array that depends on nothing yet, but into which other values may be written."""
        return self.traced(array, self.value(array)) if np.asarray(array).dtype.kind == "f" else array

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a function of NumPy, and write it down; give its result, of several each alone."""
        result, tree, inputs = self._result(function, (args, kwargs))
        if isinstance(result, (tuple, list)):
            found = [
                self._written(function, tree, inputs, each, operator.itemgetter(k)) for k, each in enumerate(result)
            ]
            return type(result)(found) if type(result) in (tuple, list) else tuple(found)
        return self._written(function, tree, inputs, result, lambda result: result)

    def change(self, array: Any, function: Callable[..., Any], args: Any) -> None:
        """Change an array in place by function(array, *args), and write down what it is from now on."""
        if not isinstance(array, Traced):
            raise TapeError("an array that is not followed gets values that are")

        def changed(array: NDArray, *args: Any) -> NDArray:
            own = np.array(array)
            function(own, *args)
            return own

        self.overwrite(array, self.call(changed, (array, *args), {}))

    def overwrite(self, array: Any, result: Any) -> None:
        """Let an array be a result from now on."""
        if not isinstance(array, Traced) or not isinstance(result, Traced):
            raise TapeError("an array that is not followed gets values that are")
        np.ndarray.__setitem__(array, ..., _plain(result))
        array.recorder, array.number = self, result.number

    def _result(self, function: Callable[..., Any], tree: Any) -> tuple[Any, Any, list[Traced]]:
        given = list(leaves_of(tree, Traced))
        args, kwargs = replaced(tree, Traced, iter([_plain(each) for each in given]))
        return function(*args, **kwargs), tree, given

    def _written(
        self, function: Callable[..., Any], tree: Any, given: list[Traced], result: Any, part: Callable[[Any], Any]
    ) -> Any:
        if not isinstance(result, (np.ndarray, np.generic)) or result.dtype.kind != "f":
            return result  # integers and masks are constants: they do not move a little
        live = [k for k, each in enumerate(given) if each.recorder is self]
        if not live:
            return self.constant(result)
        plain = [np.array(_plain(each)) for each in given]

        def apply(*values: NDArray) -> NDArray:
            inputs = list(plain)
            for k, value in zip(live, values, strict=True):
                inputs[k] = value
            args, kwargs = replaced(tree, Traced, iter(inputs))
            return np.asarray(part(function(*args, **kwargs)))

        inputs = [given[k].number for k in live]
        place = place_of_caller(tuple(given[k] for k in live), LIBRARY)
        number = self.step(apply, inputs, result, place, getattr(function, "__name__", str(function)))
        return self.traced(result, number)


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
        outputs = call(Rebound(Numpy(tracer)).function(function), traced)
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

    def function(self, thing: Any) -> Any:
        """Return the copy of a function, of a method, or of an object that is called; other things as they are."""
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
