"""Arrays of NumPy that tell a recorder what is done with them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.tape.place import place_of_caller
from inkgrad.check.tape.recorder import Recorder, leaves_of, replaced
from inkgrad.check.tape.tape import TapeError

FOLLOWED = "fc"  # the kinds of numbers that move a little
LIBRARY = str(Path(np.__file__).parent)
METHODS = (  # of arrays, which are functions of NumPy too
    *("reshape", "transpose", "swapaxes", "ravel", "squeeze", "copy", "take", "repeat", "diagonal", "trace", "dot"),
    *("sum", "mean", "var", "std", "prod", "max", "min", "cumsum", "cumprod", "clip", "round", "conj", "conjugate"),
)
IN_PLACE_METHODS = "sort", "partition", "fill", "put"
IN_PLACE_FUNCTIONS = np.copyto, np.put, np.putmask, np.place, np.put_along_axis, np.fill_diagonal


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
        if "where" in kwargs:  # elsewhere what was there before stays
            call, inputs = _masked(call), (out, *inputs)
        tracer.overwrite(out, tracer.call(call, inputs, kwargs))
        return out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        tracer = _tracer((args, kwargs))
        if function in IN_PLACE_FUNCTIONS:
            return tracer.change(args[0], function, args[1:], kwargs)
        if kwargs.get("out") is None:
            return tracer.call(function, args, kwargs)
        out = kwargs.pop("out")
        tracer.overwrite(out, tracer.call(function, args, kwargs))
        return out

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

    @property  # type: ignore[misc]
    def real(self) -> Any:
        """The real part."""
        return self._call(np.real)

    @property  # type: ignore[misc]
    def imag(self) -> Any:
        """The imaginary part."""
        return self._call(np.imag)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the array in another type, which is followed if it has slopes; of complex numbers the real part."""
        kind = np.dtype(dtype).kind
        if kind not in FOLLOWED:
            return _plain(self).astype(dtype, *args, **kwargs)
        return self._call(np.array, dtype) if kind == "c" else self._call(np.real).copy()

    def flatten(self, order: Any = "C") -> Any:
        """Return all numbers in a row."""
        return self._call(np.ravel, order)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return _tracer((self, args)).call(function, (self, *args), kwargs)


def _masked(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def masked(start: NDArray, *inputs: Any, **kwargs: Any) -> NDArray:
        own = np.array(start)
        call(*inputs, out=own, **kwargs)
        return own

    return masked


def _method(name: str) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        if name in ("reshape", "transpose") and len(args) > 1:
            args = (args,)
        return self.__array_function__(getattr(np, name), (), (self, *args), kwargs)

    return method


def _in_place(name: str) -> Callable[..., None]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> None:
        _tracer((self, args)).change(self, getattr(np.ndarray, name), args, kwargs)

    return method


for _name in METHODS:
    setattr(Traced, _name, _method(_name))
for _name in IN_PLACE_METHODS:
    setattr(Traced, _name, _in_place(_name))


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
        return self.traced(array, self.value(array)) if np.asarray(array).dtype.kind in FOLLOWED else array

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a function of NumPy, and write it down; give its result, of several each alone."""
        result, tree, inputs = self._result(function, (args, kwargs))
        if isinstance(result, (tuple, list)):
            found = [
                self._written(function, tree, inputs, each, operator.itemgetter(k)) for k, each in enumerate(result)
            ]
            return type(result)(*found) if hasattr(result, "_fields") else type(result)(found)
        return self._written(function, tree, inputs, result, lambda result: result)

    def change(self, array: Any, function: Callable[..., Any], args: Any, kwargs: Any = None) -> None:
        """Change an array in place by function(array, *args, **kwargs), and write down what it is from now on."""
        if not isinstance(array, Traced):
            raise TapeError("an array that is not followed gets values that are")

        def changed(array: NDArray, *args: Any, **kwargs: Any) -> NDArray:
            own = np.array(array)
            function(own, *args, **kwargs)
            return own

        self.overwrite(array, self.call(changed, (array, *args), kwargs or {}))

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
        if not isinstance(result, (np.ndarray, np.generic)) or result.dtype.kind not in FOLLOWED:
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
