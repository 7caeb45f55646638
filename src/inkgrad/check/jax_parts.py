"""Custom calls: where a function of JAX has rules written by hand, and what it is without them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal, jaxpr_as_fun, jaxprs_in_params

KINDS = {"custom_vjp_call": "custom_vjp", "custom_jvp_call": "custom_jvp"}  # by the name of the primitive
CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "remat2": "jaxpr"}
CALLS |= {"checkpoint": "jaxpr"}
UNNAMED = {"core_call": "", "closed_call": "", "remat2": "checkpoint"}  # what stands in a path for them
HOME = str(Path(jax.__file__).parent) + os.sep  # with its end: jaxopt and others are not JAX

Rule = Callable[[Any, list[Any]], Sequence[Any]]


@dataclass(frozen=True)
class CustomCall:
    """A call of a jax.custom_vjp or custom_jvp: its path ("block/silu"), and the inputs that it really gets.

    names   what its arguments are called, one for each input
    fixed   how many of the first inputs it closes over: they have no gradient
    """

    path: str
    kind: str
    names: tuple[str, ...]
    inputs: tuple[Any, ...]
    fixed: int
    equation: Any

    def run(self, *inputs: Any) -> list[Any]:
        """Return its outputs, differentiated by its own rule."""
        return bind(self.equation, list(inputs))

    @property
    def likeness(self) -> tuple[Any, ...] | None:
        """What it has in common with calls of the same rule that can be computed by the same code; None if unknown."""
        rule = self.equation.params.get("bwd")
        numbers = all(jax.dtypes.issubdtype(each.dtype, np.inexact) for each in self.inputs)
        if rule is None or self.fixed or not numbers:  # what has no gradient stays inside the compiled code
            return None
        forward = self.equation.params["fwd_jaxpr_thunk"].debug_info.func_src_info
        shapes = tuple((each.shape, each.dtype) for each in self.inputs)
        return rule.f, forward, str(self.inside), shapes, self.names

    @property
    def inside(self) -> Any:
        """The jaxpr of its forward."""
        return self.equation.params["call_jaxpr"]


def custom_calls(closed: Any, inputs: Sequence[Any]) -> list[CustomCall]:
    """Return the calls that the evaluation of a closed jaxpr makes of custom rules, from the first to the last.

    Of a scan its last step is seen, of a loop its first; what another custom call does inside is its own.
    JAX's own rules, such as that of relu, are left out.
    """
    try:
        found = _compiled_walk(closed, inputs)
    except jax.errors.ConcretizationTypeError:  # which branch is taken depends on numbers
        found = []
        _walk(closed, inputs, (), found)
    counts: Counter[str] = Counter()
    for k, call in enumerate(found):
        counts[call.path] += 1
        if counts[call.path] > 1:
            found[k] = replace(call, path=f"{call.path} ({_ordinal(counts[call.path])} call)")
    return found


def _compiled_walk(closed: Any, inputs: Sequence[Any]) -> list[CustomCall]:
    """Return the custom calls, all of whose inputs are computed by one compiled function."""
    found: list[CustomCall] = []

    def all_inputs(*inputs: Any) -> list[tuple[Any, ...]]:
        found.clear()
        _walk(closed, inputs, (), found)
        return [call.inputs for call in found]

    numbers = jax.jit(all_inputs)(*inputs)
    return [replace(call, inputs=tuple(each)) for call, each in zip(found, numbers, strict=True)]


def undecorated(closed: Any) -> Callable[..., list[Any]]:
    """Return the function of a closed jaxpr without the rules written by hand, so that JAX differentiates it."""

    def rule(equation: Any, given: list[Any]) -> Sequence[Any]:
        name = equation.primitive.name
        if is_custom(equation):
            return _evaluate(equation.params["call_jaxpr"], given, rule)
        if not _holds_customs(equation):
            return bind(equation, given)
        if name in CALLS:
            return _evaluate(equation.params[CALLS[name]], given, rule)
        if name in LOOPS:
            return LOOPS[name](equation.params, given, lambda inner: lambda *each: _evaluate(inner, each, rule))
        return bind(equation, given)

    return lambda *inputs: list(_evaluate(closed, inputs, rule))


def equations(closed: Any) -> Iterator[Any]:
    """Yield the equations of a jaxpr, and those of the jaxprs inside."""
    for equation in getattr(closed, "jaxpr", closed).eqns:
        yield equation
        for each in jaxprs_in_params(equation.params):
            yield from equations(each)


def constants(closed: Any) -> Iterator[Any]:
    """Yield the numbers that were known when a jaxpr was traced, but for keys, which are no numbers."""
    known = list(closed.consts)
    for equation in equations(closed):
        known += [each.val for each in equation.invars if isinstance(each, Literal)]
    yield from (each for each in known if not jax.dtypes.issubdtype(getattr(each, "dtype", float), jax.dtypes.extended))


def customs(closed: Any) -> Iterator[Any]:
    """Yield the equations that call rules written by hand, wherever they stand in a jaxpr."""
    return filter(is_custom, equations(closed))


def is_custom(equation: Any) -> bool:
    """Return whether an equation calls a custom rule that is not one of JAX's own."""
    if equation.primitive.name not in KINDS:
        return False
    return HOME not in _origin(equation) or HOME not in _origin_of_rule(equation) or _is_wrapper(equation)


def _origin_of_rule(equation: Any) -> str:
    """Return the same of the rule itself, which a user may write for a function of JAX's."""
    rule = equation.params.get("bwd") or equation.params.get("jvp_jaxpr_fun")
    return str(rule.debug_info.func_src_info)


def _origin(equation: Any) -> str:
    """Return what the function of a custom rule is called and where it is written: "silu at FILE:LINE"."""
    return str(equation.params["call_jaxpr"].jaxpr.debug_info.func_src_info)


def _is_wrapper(equation: Any) -> bool:
    """Return whether a custom rule is written by jax.custom_gradient around a function of somebody else."""
    return HOME in (origin := _origin(equation)) and "custom_derivatives.py" in origin


def bind(equation: Any, given: Sequence[Any]) -> list[Any]:
    """Return the outputs of one equation of a jaxpr at other inputs."""
    with equation.ctx.manager:
        found = equation.primitive.bind(*given, **equation.primitive.get_bind_params(equation.params))
    return list(found) if equation.primitive.multiple_results else [found]


def _walk(closed: Any, inputs: Sequence[Any], path: tuple[str, ...], found: list[CustomCall]) -> Sequence[Any]:
    """Evaluate a jaxpr, and add the custom calls on the way to `found`."""

    def rule(equation: Any, given: list[Any]) -> Sequence[Any]:
        name = equation.primitive.name
        here = (*path, *_scopes(equation))
        if is_custom(equation):
            found.append(_custom_call(equation, given, here))
        elif _holds_customs(equation):
            if name in CALLS:
                here = (*here, UNNAMED.get(name) or str(equation.params.get("name", "")))
                return _walk(equation.params[CALLS[name]], given, here, found)
            step = STEPS[name](equation.params, given) if name in STEPS else None
            if step:
                _walk(*step, (*here, name), found)
        return bind(equation, given)

    return _evaluate(closed, inputs, rule)


def _evaluate(closed: Any, inputs: Sequence[Any], rule: Rule) -> Sequence[Any]:
    """Return the outputs of a jaxpr, closed or not, each of whose equations is evaluated by `rule`."""
    jaxpr = getattr(closed, "jaxpr", closed)
    known = dict(zip(jaxpr.constvars, getattr(closed, "consts", ()), strict=True))
    known |= dict(zip(jaxpr.invars, inputs, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else known[atom]

    for equation in jaxpr.eqns:
        found = rule(equation, [read(each) for each in equation.invars])
        known |= dict(zip(equation.outvars, found, strict=True))
    return [read(each) for each in jaxpr.outvars]


def _holds_customs(equation: Any) -> bool:
    return any(True for each in jaxprs_in_params(equation.params) for _ in customs(each))


def _custom_call(equation: Any, given: list[Any], path: tuple[str, ...]) -> CustomCall:
    name = "custom_gradient" if _is_wrapper(equation) else _origin(equation).partition(" at ")[0]
    names = _names(equation, len(given))
    fixed = int(equation.params.get("num_consts", 0))
    whole = "/".join(each for k, each in enumerate((*path, name)) if each and (*path, name)[k + 1 : k + 2] != (each,))
    return CustomCall(whole, KINDS[equation.primitive.name], names, tuple(given), fixed, equation)


def _names(equation: Any, count: int) -> tuple[str, ...]:
    """Return what the inputs of a custom call are called: its fwd says so, which has the same arguments."""
    rule = equation.params.get("fwd_jaxpr_thunk")
    told = rule.debug_info if rule is not None else equation.params["call_jaxpr"].jaxpr.debug_info
    names = tuple(told.arg_names or ())
    fixed = count - len(names)
    names = tuple(f"constant {k + 1}" for k in range(fixed)) + names
    if fixed < 0 or not all(names) or len(set(names)) < count:
        return tuple(f"argument {k + 1}" for k in range(count))
    return names


def _scopes(equation: Any) -> list[str]:
    """Return the jax.named_scopes around an equation: of libraries of networks, their modules."""
    return [each for each in str(equation.source_info.name_stack).split("/") if each and "(" not in each]


def _ordinal(k: int) -> str:
    ending = "th" if k % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{ending}"


# Loops and branches


def _last_step(params: Any, given: list[Any]) -> tuple[Any, list[Any]] | None:
    """Return what a scan evaluates at its last step, and at what: at the first a state is often 0, and hides much."""
    length, inner = params["length"], params["jaxpr"]
    if not length:
        return None
    constants, state, xs = _split(given, params["num_consts"], params["num_carry"])

    def step(state: list[Any], x: list[Any]) -> tuple[list[Any], None]:
        return jaxpr_as_fun(inner)(*constants, *state, *x)[: len(state)], None

    before = slice(1, None) if params["reverse"] else slice(None, -1)
    state, _ = jax.lax.scan(step, state, [x[before] for x in xs], length - 1, params["reverse"])
    return inner, [*constants, *state, *(x[0 if params["reverse"] else -1] for x in xs)]


def _first_turn(params: Any, given: list[Any]) -> tuple[Any, list[Any]] | None:
    """Return what a while loop evaluates first, and at what; None where it does not even begin."""
    of_condition, constants, state = _split(given, params["cond_nconsts"], params["body_nconsts"])
    if not jaxpr_as_fun(params["cond_jaxpr"])(*of_condition, *state)[0]:
        return None
    return params["body_jaxpr"], [*constants, *state]


def _branch(params: Any, given: list[Any]) -> tuple[Any, list[Any]]:
    """Return the branch that is taken, and its inputs; jax.lax.switch clamps its index."""
    branches = params["branches"]
    return branches[min(max(int(given[0]), 0), len(branches) - 1)], given[1:]


Rebuild = Callable[[Any], Callable[..., Sequence[Any]]]


def _scan(params: Any, given: list[Any], rebuild: Rebuild) -> Sequence[Any]:
    constants, state, xs = _split(given, params["num_consts"], params["num_carry"])
    inner = rebuild(params["jaxpr"])

    def step(state: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
        found = list(inner(*constants, *state, *x))
        return found[: len(state)], found[len(state) :]

    state, ys = jax.lax.scan(step, state, xs, params["length"], params["reverse"])
    return [*state, *ys]


def _while(params: Any, given: list[Any], rebuild: Rebuild) -> Sequence[Any]:
    of_condition, constants, state = _split(given, params["cond_nconsts"], params["body_nconsts"])
    condition, body = rebuild(params["cond_jaxpr"]), rebuild(params["body_jaxpr"])
    found: Sequence[Any] = jax.lax.while_loop(
        lambda state: condition(*of_condition, *state)[0], lambda state: list(body(*constants, *state)), state
    )
    return found


def _cond(params: Any, given: list[Any], rebuild: Rebuild) -> Sequence[Any]:
    found: Sequence[Any] = jax.lax.switch(given[0], [rebuild(each) for each in params["branches"]], *given[1:])
    return found


def _split(given: list[Any], first: int, second: int) -> tuple[list[Any], list[Any], list[Any]]:
    return given[:first], given[first : first + second], given[first + second :]


STEPS: dict[str, Callable[[Any, list[Any]], tuple[Any, list[Any]] | None]]
STEPS = {"scan": _last_step, "while": _first_turn, "cond": _branch}
LOOPS = {"scan": _scan, "while": _while, "cond": _cond}
