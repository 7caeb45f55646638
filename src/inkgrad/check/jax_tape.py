"""A forward of JAX written down: its jaxpr, with the loops unrolled and what it calls put in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

from inkgrad.arrays import NDArray
from inkgrad.check.jax_parts import CALLS, KINDS, bind, is_custom
from inkgrad.check.jax_primitives import NUMPY
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.tape import Recorder, Tape, TapeError
from inkgrad.check.tape.place import NOWHERE, Place, extended, place_of_traceback

LIBRARY = str(Path(jax.__file__).parent)


@dataclass(frozen=True)
class Known:
    """A number of a jaxpr: its value, and which of those that are followed it is, if it is one."""

    value: Any
    number: int | None = None


class JaxprTracer(Recorder):
    """A recorder of the equations of a jaxpr."""

    def run(self, closed: Any, inputs: Sequence[Known], within: Place | None = None) -> list[Known]:
        """Evaluate a jaxpr, closed or not, and write down its equations.

        Inside what a library calls the place is that of the call, `within`: it is traced only once.
        """
        jaxpr = getattr(closed, "jaxpr", closed)
        constants = map(Known, getattr(closed, "consts", ()))
        known = dict(zip(jaxpr.constvars, constants, strict=True))
        known |= dict(zip(jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Known:
            return Known(atom.val) if isinstance(atom, Literal) else known[atom]

        last, count = NOWHERE, 0
        for k, equation in enumerate(jaxpr.eqns):
            if within is None:
                place = place_of_traceback(equation.source_info.traceback, LIBRARY)
                count = count + 1 if place.key == last.key else 0  # one operation of the user may be several equations
                last, place = place, extended(place, count)
            else:
                place = extended(within, k)
            found = self._equation(equation, [read(each) for each in equation.invars], place)
            known |= dict(zip(equation.outvars, found, strict=True))
        return [read(each) for each in jaxpr.outvars]

    def _equation(self, equation: Any, given: list[Known], place: Place) -> list[Known]:
        name, params = equation.primitive.name, equation.params
        if all(each.number is None for each in given):
            return [Known(each) for each in _results(equation, [each.value for each in given])]
        if name in KINDS:
            return self.run(params["call_jaxpr"], given, None if is_custom(equation) else place)
        if name in CALLS:
            return self.run(params[CALLS[name]], given, place)
        if name == "cond":
            branches = params["branches"]
            index = min(max(int(given[0].value), 0), len(branches) - 1)
            return self.run(branches[index], given[1:])
        if name == "scan":
            return self._scan(params, given, place)
        if name == "while":
            return self._while(params, given)
        return self._step(equation, given, place)

    def _scan(self, params: Any, given: list[Known], place: Place) -> list[Known]:
        n_constants, n_carried, length = params["num_consts"], params["num_carry"], params["length"]
        constants, state, xs = given[:n_constants], given[n_constants:][:n_carried], given[n_constants + n_carried :]
        collected: dict[int, list[Known]] = {}
        for t in reversed(range(length)) if params["reverse"] else range(length):
            slices = [self._written("getitem", partial(_row, t), [x], extended(place, -1, k)) for k, x in enumerate(xs)]
            found = self.run(params["jaxpr"], [*constants, *state, *slices])
            state = found[:n_carried]
            for k, each in enumerate(found[n_carried:]):
                collected.setdefault(k, []).append(each)
        rows = (each[::-1] if params["reverse"] else each for each in collected.values())
        return [*state, *(self._written("stack", _stacked, each, extended(place, k)) for k, each in enumerate(rows))]

    def _while(self, params: Any, given: list[Known]) -> list[Known]:
        n_condition, n_body = params["cond_nconsts"], params["body_nconsts"]
        of_condition, constants = given[:n_condition], given[n_condition:][:n_body]
        state = given[n_condition + n_body :]
        while JaxprTracer().run(params["cond_jaxpr"], [Known(each.value) for each in (*of_condition, *state)])[0].value:
            state = self.run(params["body_jaxpr"], [*constants, *state])
        return state

    def _step(self, equation: Any, given: list[Known], place: Place) -> list[Known]:
        results = _results(equation, [each.value for each in given])
        name = equation.primitive.name
        return [
            self._written(name, partial(_result, equation, k), given, extended(place, k), each)
            for k, each in enumerate(results)
        ]

    def _written(
        self,
        name: str,
        operation: Any,
        given: list[Known],
        place: Place,
        result: Any = None,
    ) -> Known:
        """Return the result of an operation, written down if it depends on what is followed."""
        values = [each.value for each in given]
        result = operation(*values) if result is None else result
        if all(each.number is None for each in given) or np.asarray(result).dtype.kind not in "fc":
            return Known(result)
        numbers = [self._number(each) for each in given]
        live = [k for k, number in enumerate(numbers) if number is not None]

        def apply(*moved: NDArray) -> NDArray:
            own = list(values)
            for k, value in zip(live, moved, strict=True):
                own[k] = value
            return np.asarray(operation(*own))

        inputs = [number for number in numbers if number is not None]
        here = replace(place, names=("",) * len(inputs))
        return Known(result, self.step(apply, inputs, result, here, name))

    def _number(self, known: Known) -> int | None:
        """Return which value a number is: a constant of floating-point numbers becomes one."""
        if known.number is None and getattr(known.value, "dtype", np.dtype(int)).kind in "fc":
            return self.value(known.value)
        return known.number


def _row(t: int, x: NDArray) -> NDArray:
    return np.asarray(np.asarray(x)[t])


def _stacked(*rows: NDArray) -> NDArray:
    return np.stack([np.asarray(row) for row in rows])


def _results(equation: Any, given: Sequence[Any]) -> list[Any]:
    """Return what an equation gives, by NumPy where that is known to do the same."""
    function = NUMPY.get(equation.primitive.name)
    if function:
        return [function(*map(np.asarray, given), **equation.params)]
    with jax.enable_x64(True):  # in which all values here are
        found = bind(equation, given)
    return [each if jax.dtypes.issubdtype(each.dtype, jax.dtypes.extended) else np.asarray(each) for each in found]


def _result(equation: Any, k: int, *given: Any) -> Any:
    return _results(equation, given)[k]


def unfold(closed: Any, names: Sequence[str], arrays: Arrays, y: NDArray) -> Tape:
    """Return the tape of a closed jaxpr that takes the arrays of some names, in their order, and gives y.

    Raises TapeError where that cannot be written down.
    """
    tracer = JaxprTracer()
    given = [Known(np.asarray(arrays[name]), tracer.array(name, arrays[name])) for name in names]
    try:
        with np.errstate(all="ignore"):
            (found,) = tracer.run(closed, given)
    except TapeError:
        raise
    except Exception as error:  # an equation may need what is there only when JAX runs it all
        raise TapeError(str(error)) from error
    if found.number is None or not np.allclose(found.value, y, rtol=1e-9, atol=1e-12, equal_nan=True):
        raise TapeError("the outputs do not come from what was followed")
    return tracer.tape([found.number])
