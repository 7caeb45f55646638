"""The subject of a function of JAX: its trees of arrays by name, and its gradients as jax.vjp gives them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.array_subject import finite_entries
from inkgrad.check.calls import in_one_line
from inkgrad.check.jax_call import (
    JaxCall,
    Real,
    has_slopes,
    jax_call,
    kinds_of,
    named_outputs,
    numbers_of,
    real_function,
)
from inkgrad.check.jax_parts import CustomCall, constants, custom_calls, customs, equations, undecorated
from inkgrad.check.jax_tape import unfold
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Backward, Component, Subject
from inkgrad.check.rounding import same_function
from inkgrad.check.tape import Tape, TapeError
from inkgrad.errors import CheckError

REFUSALS = (jax.errors.JAXTypeError, jax.errors.JAXIndexError)  # of what must see numbers, where JAX shows none


def subject_of_jax(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    order: int = 1,
) -> Subject:
    """Return what a check of the gradients of function(*args, **kwargs) needs.

    Arguments and outputs may be trees; their arrays are called by their paths, "p['W']", and those of a
    function that is a tree itself, such as a model with its parameters, by theirs.  What has no slopes, such
    as integers, is passed through.  Complex numbers are pairs of real ones, (..., 2); float16 and bfloat16
    travel as float32.  With order=2 the outputs are the gradients of <dy, f>, and dy is one of the arrays.

    Raises CheckError, in one line, where there is nothing to check or the function raises something.
    """
    if order not in (1, 2):
        raise CheckError(f"order must be 1, the gradient, or 2, the gradient of it, got {order!r}")
    call = jax_call(function, tuple(args) if isinstance(args, (tuple, list)) else (args,), dict(kwargs or {}))
    return _subject(call, seed, order)


@dataclass(frozen=True)
class JaxSizes:
    """What is small enough to be called without jax.jit too, where each equation is compiled alone, for some 30 ms."""

    most_equations: int = 60


SIZES = JaxSizes()


def _subject(call: JaxCall, seed: int, order: int, x64: bool = False) -> Subject:
    """Return the subject of a call, and with it the same in float64."""
    kinds = kinds_of(call.live)
    arrays = {name: numbers_of(leaf, kinds[name]) for name, leaf in call.live.items()}
    adapter = Adapter(call, kinds, arrays, x64=x64)
    y = adapter.forward(adapter.arrays)
    if not adapter.repeats():
        adapter = replace(adapter, jitted=False)
    chosen = finite_entries(adapter.forward, adapter.arrays, y, seed)
    if chosen is not None:
        adapter, y = replace(adapter, chosen=chosen), y.reshape(-1)[chosen]
    traced = adapter.traces_backward(y)
    if traced and adapter.jitted:
        _refuse_another_forward(adapter, y)
    precise = _precise(adapter, y)
    if precise is not None and traced and not precise.traces_backward(y):
        precise = None
    if order == 2:
        dy = np.asarray(stream(seed, "dy").normal(size=y.shape)).astype(y.dtype)
        adapter, precise = replace(adapter, dy=dy), precise and replace(precise, dy=dy.astype(np.float64))
    subject = _whole(adapter, adapter.subject(None), precise, seed, order)
    if precise is None:
        return subject
    return replace(subject, precise=_whole(precise, precise.subject(subject), None, seed, order))


def _refuse_another_forward(adapter: Adapter, y: NDArray) -> None:
    """Raise CheckError if the fwd of a custom_vjp gives other outputs than the function: whose gradient would it be?"""
    if adapter.closed is None or not any(customs(adapter.closed)):
        return
    function = adapter.value.plain
    try:
        found = adapter.computed("forward", jax.jit(lambda arrays: jax.vjp(function, arrays)[0]))
    except CheckError:  # backward will say it: what cannot be differentiated gives no other outputs
        return
    finite = np.isfinite(y)
    off = np.linalg.norm(found[finite] - y[finite])
    size = np.linalg.norm(y[finite])
    if off > np.sqrt(adapter.eps) * size:
        owner, much = adapter.call.owner, f"{off / size:.2g} of them" if size else f"{off:.2g}"
        raise CheckError(
            f"{owner}: when it is differentiated its outputs are others, by {much}: fwd must give what f gives"
        )


def _whole(adapter: Adapter, subject: Subject, precise: Adapter | None, seed: int, order: int) -> Subject:
    """Return a subject with its variants and its parts."""
    variants: dict[str, Backward] = {}
    if adapter.closed is None or any(customs(adapter.closed)):  # what is JAX's own is the same in every way
        variants["under jax.vmap"] = adapter.batched_backward
        if adapter.closed and len(list(equations(adapter.closed))) <= SIZES.most_equations:
            variants["without jax.jit"] = adapter.plain_backward
    parts = functools.partial(_parts, adapter, precise, seed, order) if adapter.has_parts else None
    return replace(subject, variants=variants, parts=parts)


def _precise(adapter: Adapter, y: NDArray) -> Adapter | None:
    """Return the same function in float64; None where it is so already, takes none, or is another function there.

    Random numbers are others in float64, and with them what dropout drops.
    """
    if not adapter.unit and all(array.dtype == np.float64 for array in adapter.arrays.values()):
        return None
    call = replace(adapter.call, run=adapter.call.precise or adapter.call.run)
    kinds = {name: np.dtype(np.complex128 if kind.kind == "c" else np.float64) for name, kind in adapter.kinds.items()}
    arrays = {name: array.astype(np.float64) for name, array in adapter.arrays.items()}
    precise = replace(adapter, call=call, kinds=kinds, arrays=arrays, x64=True)
    try:
        found = precise.forward(arrays)
    except CheckError:  # many functions are written for one type
        return None
    return precise if same_function(y, found, adapter.eps) else None


def _parts(adapter: Adapter, precise: Adapter | None, seed: int, order: int) -> Iterator[Component]:
    """Yield the custom calls of a function, from the last to the first, each as a subject at its real inputs."""
    exact = {call.path: call for call in precise.calls()} if precise else {}
    known: dict[Any, Subject] = {}
    for call in reversed(adapter.calls()):
        part = _part(call, exact.get(call.path))
        if not part.live:
            continue
        likeness = call.likeness
        subject = _moved(known[likeness], part) if likeness in known else None
        if subject is None:
            subject = _subject(part, seed, order, adapter.x64)
        if likeness is not None and subject.parts is None:
            known[likeness] = subject
        yield Component(call.path, call.kind, subject)


def _moved(subject: Subject, part: JaxCall) -> Subject | None:
    """Return the subject of a call at the inputs of another of the same rule, which need not be compiled again."""
    kinds = kinds_of(part.live)
    arrays = {**subject.arrays, **{name: numbers_of(leaf, kinds[name]) for name, leaf in part.live.items()}}
    if (subject.forward(arrays) == -np.inf).any():
        return None
    precise = subject.precise
    if precise is not None:
        precise = precise.at({name: array.astype(np.float64) for name, array in arrays.items()})
    return replace(subject.at(arrays), precise=precise)


def _part(call: CustomCall, exact: CustomCall | None) -> JaxCall:
    """Return a custom call as a function of its own; what it closes over stays as it is."""

    def run(call: CustomCall, moved: dict[str, Any]) -> list[Any]:
        return call.run(*(moved.get(name, each) for name, each in zip(call.names, call.inputs, strict=True)))

    inputs = list(zip(call.names, call.inputs, strict=True))[call.fixed :]
    live = {name: each for name, each in inputs if has_slopes(each)}
    precise = functools.partial(run, exact) if exact else None
    name = call.path.partition(" (")[0].rpartition("/")[2]
    return JaxCall(name, functools.partial(run, call), live, next(iter(live), None), True, precise)


class Compiled:
    """A function under jax.jit, or as it is from the first call on that needs to see its numbers."""

    def __init__(self, function: Callable[..., Any], jitted: bool = True) -> None:
        self.plain = function
        self.call = jax.jit(function) if jitted else function

    def __call__(self, *given: Any) -> Any:
        if self.call is not self.plain:
            try:
                return self.call(*given)
            except REFUSALS:
                self.call = self.plain
        return self.plain(*given)


@dataclass(frozen=True)
class Adapter:
    """A call in one precision, between arrays of NumPy and of JAX.

    kinds   the types in which the function gets its arrays
    arrays  the same as real numbers
    chosen  which entries of all outputs in a row are y, where not all are
    dy      given if y is to be the gradients of <dy, f>, as functions of the arrays and of dy
    x64     whether JAX is told to use 64 bits: while this runs, and in this thread alone
    jitted  whether jax.jit sees all that the function does: not where it draws random numbers in Python
    """

    call: JaxCall
    kinds: Mapping[str, Any]
    arrays: Arrays
    chosen: NDArray | None = None
    dy: NDArray | None = None
    x64: bool = False
    jitted: bool = True

    @property
    def unit(self) -> float:
        """The epsilon of the coarsest of the types that travel as another; 0 where none does."""
        return max((float(jnp.finfo(kind).eps) for kind in self.kinds.values() if kind.itemsize < 4), default=0.0)

    @property
    def eps(self) -> float:
        """The epsilon of the coarsest of all types."""
        return max(self.unit, *(float(np.finfo(array.dtype).eps) for array in self.arrays.values()))

    @property
    def dy_name(self) -> str:
        """What dy is called as an array: another name where the function has an argument of that one."""
        return "dy of y" if "dy" in self.arrays else "dy"

    def subject(self, like: Subject | None) -> Subject:
        """Return the subject, without what needs calls in other ways.

        `like` is the same in another type, where there is one: what JAX can do in one it can do in the other.
        """
        owner, arrays = self.call.owner, self.arrays
        if self.dy is not None:
            arrays = {**arrays, self.dy_name: self.dy}
        subject = Subject(owner, arrays, self.forward, self.backward, main=self.call.main, unit=self.unit)
        has_reference = like.reference is not None if like else self.has_reference
        has_pushforward = like.pushforward is not None if like else self.has_pushforward
        return replace(
            subject,
            reference=self.reference if has_reference else None,
            pushforward=self.pushforward if has_pushforward else None,
            outputs=self.in_row,
            unfold=self.unfold if self.dy is None else None,
        )

    @property
    def in_row(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The outputs that are in a row, if they are all of it."""
        if self.dy is not None or self.chosen is not None or not self.jitted:
            return ()
        with self._bits():
            return named_outputs(self.call.run, self.kinds, self.arrays)

    # What JAX computes

    @cached_property
    def once(self) -> Real:
        """The function itself."""
        whole, chosen = real_function(self.call.run, self.kinds, self.call.owner), self.chosen
        return whole if chosen is None else lambda arrays: whole(arrays).reshape(-1)[chosen]

    @cached_property
    def value(self) -> Compiled:
        return Compiled(self._lifted(self.once), self.jitted)

    @cached_property
    def pull(self) -> Compiled:
        return Compiled(_vjp(self.value.plain), self.jitted)

    def traces_backward(self, y: NDArray) -> bool:
        """Return whether backward can be traced, or need not be.

        It is done before anything is traced in float64: JAX gives a constant of NumPy the type that it first had.
        """
        return self.pull.call is self.pull.plain or self._traces(self.pull.call, y)

    def _lifted(self, once: Real) -> Real:
        """Return the function whose outputs are y: `once`, or its gradients."""
        if self.dy is None:
            return once
        pull, names, dy = _vjp(once), tuple(self.arrays), self.dy_name

        def twice(arrays: dict[str, Any]) -> Any:
            found = pull({name: arrays[name] for name in names}, arrays[dy])
            return jnp.concatenate([found[name].reshape(-1) for name in names])

        return twice

    @cached_property
    def closed(self) -> Any:
        """The jaxpr of the function; None where it needs to see its numbers."""
        return in_one_line(self.call.owner, "forward", lambda: self._traced(self.once))

    def _traced(self, once: Real) -> Any:
        try:
            with self._bits():
                return jax.jit(once).trace(dict(self.arrays)).jaxpr
        except REFUSALS:
            return None

    def repeats(self) -> bool:
        """Return whether the function is the same when it is traced again: its constants are, if it draws none."""
        if self.closed is None:
            return True
        again = in_one_line(self.call.owner, "forward", lambda: self._traced(lambda arrays: self.once(arrays)))
        if again is None:
            return False
        one, other = ([np.asarray(each) for each in constants(closed)] for closed in (self.closed, again))
        return len(one) == len(other) and all(map(np.array_equal, one, other))

    @property
    def has_parts(self) -> bool:
        """Whether there are custom rules inside; that which the function is itself is none."""
        return len(list(customs(self.closed))) > self.call.custom if self.closed else False

    def calls(self) -> list[CustomCall]:
        """Return the custom calls inside."""
        with self._bits():
            found = custom_calls(self.closed, [jnp.asarray(self.arrays[name]) for name in sorted(self.arrays)])
            return custom_calls(found[0].inside, found[0].inputs) if self.call.custom and len(found) == 1 else found

    def computed(self, part: str, function: Callable[..., Any]) -> NDArray:
        """Return what a function gives at the arrays."""
        return np.array(self._run(part, function, dict(self.arrays)))

    # What a subject shows of it

    def forward(self, arrays: Arrays) -> NDArray:
        """Return y, a copy: JAX may give what it was given."""
        return np.array(self._run("forward", self.value, dict(arrays)))

    def unfold(self, arrays: Arrays) -> Tape:
        """Return what the function does with the arrays, equation by equation."""
        if self.closed is None or any(each.dtype != np.float64 for each in self.arrays.values()):
            raise TapeError("a function that must see its numbers, or numbers that are not float64")
        with self._bits():
            return unfold(self.closed, sorted(self.arrays), arrays, self.forward(arrays))

    def backward(self, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        """Return the gradient of each array; nothing of it starts from anything."""
        return self._gradients(self.pull, arrays, dy)

    def plain_backward(self, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        """Return the same without jax.jit."""
        return self._gradients(self.pull.plain, arrays, dy)

    def batched_backward(self, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        """Return the same, computed as the second of a batch of two; of what takes no batch as it is."""
        try:
            return self._gradients(self._batch, arrays, dy)
        except CheckError:  # a callback or a rule in NumPy: that it cannot be batched says nothing of its numbers
            return self.backward(arrays, dy, start)

    @cached_property
    def _batch(self) -> Callable[..., Any]:
        function = self.value.plain

        def second(arrays: dict[str, Any], dy: Any) -> dict[str, Any]:
            y, pull = jax.vjp(function, arrays)
            dy = jnp.asarray(dy, y.dtype)
            (found,) = jax.vmap(pull)(jnp.stack([jnp.flip(dy), dy]))
            return {name: each[1] for name, each in found.items()}

        return jax.jit(second)

    def reference(self, arrays: Arrays, dy: NDArray) -> Arrays:
        """Return the gradients by JAX alone, without the rules written by hand."""
        return self._gradients(self._undecorated, arrays, dy)

    def pushforward(self, arrays: Arrays, directions: Arrays) -> NDArray:
        """Return the slopes of y along directions, by forward mode."""
        return np.array(self._run("jvp", self._push, dict(arrays), dict(directions)))

    @property
    def has_reference(self) -> bool:
        """Whether there are rules written by hand, and JAX can do without them."""
        if self.closed is None or not any(customs(self.closed)):
            return False
        return self._traces(self._undecorated.plain, self._y_like)

    @property
    def has_pushforward(self) -> bool:
        """Whether JAX can do forward mode; a jax.custom_vjp takes it from a function, but not from its gradient."""
        if self.closed is None:
            return False
        if self.dy is None and any(equation.primitive.name == "custom_vjp_call" for equation in equations(self.closed)):
            return False
        return self._traces(self._push.plain, self._all_arrays, "custom_lin")

    @cached_property
    def _undecorated(self) -> Compiled:
        plain, names = undecorated(self.closed), sorted(self.arrays)
        return Compiled(_vjp(self._lifted(lambda arrays: plain(*(arrays[name] for name in names))[0])))

    @cached_property
    def _push(self) -> Compiled:
        function = self.value.plain

        def slopes(arrays: dict[str, Any], directions: dict[str, Any]) -> Any:
            directions = {name: jnp.asarray(directions[name], array.dtype) for name, array in arrays.items()}
            return jax.jvp(function, (arrays,), (directions,))[1]

        return Compiled(slopes)

    # How it is run

    @property
    def _all_arrays(self) -> dict[str, NDArray]:
        return dict(self.arrays) if self.dy is None else {**self.arrays, self.dy_name: self.dy}

    @property
    def _y_like(self) -> Any:
        return self._run("forward", functools.partial(jax.eval_shape, self.value.plain), self._all_arrays)

    def _traces(self, function: Callable[..., Any], other: Any, never: str = "") -> bool:
        """Return whether JAX can do a function of the arrays and another argument, without the primitive `never`."""
        try:
            with self._bits():
                closed = jax.make_jaxpr(function)(self._all_arrays, other)
        except (
            Exception,
            SystemExit,
        ):  # JAX refuses in many ways, and forward rules are the user's; nobody asked for this one
            return False
        return all(equation.primitive.name != never for equation in equations(closed))

    def _gradients(self, pull: Callable[..., Any], arrays: Arrays, dy: NDArray) -> Arrays:
        found = self._run("backward", pull, dict(arrays), np.asarray(dy))
        return {name: np.array(found[name]) for name in arrays}

    def _run(self, part: str, function: Callable[..., Any], *given: Any) -> Any:
        """Return what a function gives, when it is there; raise CheckError for whatever it raises, in one line."""
        with self._bits():
            return in_one_line(self.call.owner, part, lambda: jax.block_until_ready(function(*given)))

    def _bits(self) -> AbstractContextManager[Any]:
        return jax.enable_x64(True) if self.x64 else nullcontext()


def _vjp(function: Real) -> Callable[..., Any]:
    """Return a function of arrays and dy that gives the gradient of each array."""

    def pull(arrays: dict[str, Any], dy: Any) -> Any:
        y, pull = jax.vjp(function, arrays)
        return pull(jnp.asarray(dy, y.dtype))[0]

    return pull
