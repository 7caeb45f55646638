"""The subject of a function of NumPy and of the VJP that somebody wrote for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.array_tree import ABSENT, as_array, branches, labels_of, leaves, paired, with_leaves
from inkgrad.check.calls import a_kind, in_one_line
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.rounding import same_function
from inkgrad.check.tape import Tape, TapeError
from inkgrad.check.tape.numpy_tape import written_down
from inkgrad.errors import CheckError


def subject_of_arrays(
    f: Callable[..., Any],
    vjp: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    owner: str,
    role: str = "vjp",
) -> Subject:
    """Return what a check of the gradients that vjp(dy, *args, **kwargs) gives for f(*args, **kwargs) needs.

    Arguments may be dicts, lists and tuples of arrays; their gradients are trees of the same form.  An array
    for which vjp gives None is a constant, and left out; one that it leaves out has a gradient of 0.  What has
    no slopes, such as integers, is passed through, and needs no gradient.  vjp gives one gradient an argument;
    one alone may come without a tuple.  Of several outputs, a tuple or a dict, dy has the same form, with None
    for integers.

    Complex numbers are pairs of real ones, (..., 2), and dC/dx + i dC/dy is the gradient of C for x + i y, as
    PyTorch has it.

    With role="gradient" f gives one number, and vjp(*args, **kwargs) its gradient, without a dy.

    Raises CheckError, in one line, where there is nothing to check or a function raises something.
    """
    trees = dict(zip([*labels_of(f, len(args)), *(kwargs or {})], [*args, *(kwargs or {}).values()], strict=True))
    named = [pair for label, tree in trees.items() for pair in leaves(label, tree)]
    for name, leaf in named:
        if hasattr(leaf, "tocsr"):
            raise CheckError(f"{owner}: {name} is sparse ({type(leaf).__name__}): check it with a dense array")
    found = {name: in_one_line(owner, name, partial(as_array, leaf)) for name, leaf in named}
    live = {name: array for name, array in found.items() if array is not None}
    if not live:
        raise CheckError(f"{owner}: there is no array of floating-point numbers to check")
    if not any(array.size for array in live.values()):
        name, array = next(iter(live.items()))
        raise CheckError(f"{owner}: {name} has shape {array.shape}, so there is nothing to check")
    return _subject(Pair(f, vjp, trees, len(args), live, owner, role))


def _subject(pair: Pair) -> Subject:
    """Return the subject of a pair, and with it the same in float64."""
    pair = pair.seen()
    y = pair.forward(pair.copies())
    chosen = finite_entries(pair.forward, pair.arrays, y)
    if chosen is not None:
        pair, y = replace(pair, chosen=chosen), y.reshape(-1)[chosen]
    pair = pair.without(pair.constants(y))
    main = next((label for label in pair.trees if label in pair.live), None)
    subject = Subject(
        pair.owner,
        pair.arrays,
        pair.forward,
        pair.backward,
        main=main,
        outputs=pair.in_row(),
        unfold=pair.unfold,
    )
    precise = _precise(pair, y)
    if precise is None:
        return subject
    exact = replace(
        subject.at(precise.arrays), forward=precise.forward, backward=precise.backward, unfold=precise.unfold
    )
    return replace(subject, precise=exact)


def _precise(pair: Pair, y: NDArray) -> Pair | None:
    """Return the same in float64; None where it is so already, takes none, or is another function there."""
    live: dict[str, NDArray] = {
        name: array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
        for name, array in pair.live.items()
    }
    coarse = [array.real.dtype for name, array in pair.live.items() if array.itemsize < live[name].itemsize]
    if not coarse:
        return None
    try:
        precise = replace(pair, live=live).seen()
        found = precise.forward(precise.copies())
    except CheckError:  # many functions are written for one type
        return None
    return precise if same_function(y, found, max(float(np.finfo(kind).eps) for kind in coarse)) else None


@dataclass(frozen=True)
class Pair:
    """A function and its VJP, or the gradient of a function that gives one number.

    trees    the arguments by their names, of which the first `positional` are given by position
    live     the arrays that have gradients, as the function gets them
    outputs  what the function gives, to know its form
    chosen   which of all numbers in a row are y, where not all are
    """

    f: Callable[..., Any]
    vjp: Callable[..., Any]
    trees: Mapping[str, Any]
    positional: int
    live: Mapping[str, NDArray]
    owner: str
    role: str
    outputs: Any = None
    chosen: NDArray | None = None

    @property
    def arrays(self) -> Arrays:
        """The arrays that have gradients, as real numbers; they share their memory."""
        return {name: as_reals(array) for name, array in self.live.items()}

    def copies(self) -> dict[str, NDArray]:
        """Return copies of the arrays: the function is the user's, and may change what it gets."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def seen(self) -> Pair:
        """Return the same when it is known in what form the function gives its outputs."""
        return replace(self, outputs=self._called(self.copies()))

    def constants(self, y: NDArray) -> list[str]:
        """Return the arrays for which vjp gives None: it takes them for constants."""
        return [name for name, each in self._found(self.copies(), np.ones_like(y)).items() if each is None]

    def without(self, constants: list[str]) -> Pair:
        """Return the same with arrays that stay as they are; raise CheckError if none is left."""
        live = {name: array for name, array in self.live.items() if name not in constants}
        if not live:
            raise CheckError(f"the {self.role} of {self.owner} gives None for each array: there is nothing to check")
        return replace(self, live=live)

    def in_row(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return the name and the shape of each output; nothing where y is one array, or holds but a part of them."""
        named = [
            (name, as_reals(array)) for name, leaf in leaves("y", self.outputs) if (array := as_array(leaf)) is not None
        ]
        return tuple((name, each.shape) for name, each in named) if len(named) > 1 and self.chosen is None else ()

    def forward(self, arrays: Arrays) -> NDArray:
        """Return y, of several outputs all numbers in one row."""
        outputs = self._called(arrays)
        found = [as_reals(array) for _, leaf in leaves("y", outputs) if (array := as_array(leaf)) is not None]
        if not found:
            raise CheckError(f"{self.owner} should give floating-point numbers, got {_form(outputs)}")
        y = found[0] if len(found) == 1 else np.concatenate([array.reshape(-1) for array in found])
        if self.role == "gradient":
            if y.size != 1:
                what = f"one number, got an array of shape {y.shape}"
                raise CheckError(f"{self.owner} should give {what}: give check_vjp a backward that takes dy")
            y = y.reshape(())
        return y if self.chosen is None else y.reshape(-1)[self.chosen]

    def backward(self, arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        """Return the gradient of each array, a copy: it may be dy, or a view of x."""
        factor = float(dy) if self.role == "gradient" else 1.0
        found = self._found(arrays, dy)
        return {name: self._gradient(name, each, factor) for name, each in found.items()}

    def unfold(self, arrays: Arrays) -> Tape:
        """Return what f does with the arrays, operation by operation."""
        if self.chosen is not None or any(array.dtype.kind == "c" for array in self.live.values()):
            raise TapeError("complex numbers, or outputs that are left out")

        def call(f: Callable[..., Any], traced: Arrays) -> list[Any]:
            args, kwargs = self._arguments(traced)
            return [leaf for _, leaf in leaves("y", f(*args, **kwargs)) if as_array(leaf) is not None]

        try:
            return written_down(self.f, arrays, call)
        finally:
            self._called(arrays)  # so that what a layer keeps of its last call are plain arrays again

    # To the user's functions

    def _arguments(self, arrays: Arrays) -> tuple[list[Any], dict[str, Any]]:
        moved = {name: as_own(array, self.live[name]) for name, array in arrays.items()}
        built = {label: with_leaves(label, tree, moved) for label, tree in self.trees.items()}
        args = [built.pop(label) for label in list(built)[: self.positional]]
        return args, built

    def _called(self, arrays: Arrays) -> Any:
        args, kwargs = self._arguments(arrays)
        return in_one_line(self.owner, "forward", lambda: self.f(*args, **kwargs))

    def _dy(self, dy: NDArray) -> Any:
        """Return dy in the form of the outputs; of one array it is dy itself, so that a change in place is seen."""
        named = {name: as_array(leaf) for name, leaf in leaves("y", self.outputs)}
        live = {name: array for name, array in named.items() if array is not None}
        shapes = {name: as_reals(array).shape for name, array in live.items()}
        if self.chosen is not None:
            row = np.zeros(sum(map(prod, shapes.values())), dy.dtype)
            row[self.chosen] = dy
            dy = row
        n = sum(map(prod, shapes.values()))
        if dy.size != n:
            raise CheckError(f"{self.owner}: forward gives {n} numbers, then {dy.size} when it is called again")
        parts: dict[str, Any] = dict.fromkeys(named)
        start = 0
        for name, shape in shapes.items():
            part = dy if dy.shape == shape else dy.reshape(-1)[start : start + prod(shape)].reshape(shape)
            parts[name] = as_own(part, live[name])
            start += prod(shape)
        return with_leaves("y", self.outputs, parts)

    # And from them

    def _found(self, arrays: Arrays, dy: NDArray) -> dict[str, Any]:
        """Return what vjp gives for each array."""
        args, kwargs = self._arguments(arrays)
        given = () if self.role == "gradient" else (self._dy(dy),)
        return self._by_name(in_one_line(self.owner, "backward", lambda: self.vjp(*given, *args, **kwargs)))

    def _by_name(self, found: Any) -> dict[str, Any]:
        """Return the gradients by the names of arrays, in whichever way vjp gives them."""
        alive = [
            label for label in self.trees if any(name in self.live for name, _ in leaves(label, self.trees[label]))
        ]
        for labels, gradients in self._ways(found, alive):
            pairs = [paired(label, self.trees[label], each) for label, each in zip(labels, gradients, strict=True)]
            if all(each is not None for each in pairs):
                told = {name: each for pair in pairs if pair for name, each in pair.items()}
                return {name: told.get(name, ABSENT) for name in self.live}
        got = len(found) if isinstance(found, (tuple, list)) else 1
        if got != len(alive) and not any(branches(label, self.trees[label]) for label in alive):
            count = f"{len(alive)} gradient{'s' * (len(alive) > 1)}"
            raise CheckError(f"the {self.role} of {self.owner} should give {count}, got {got}")
        forms = " and ".join(f"{label} as {_form(self.trees[label])}" for label in alive)
        raise CheckError(f"the {self.role} of {self.owner} should give gradients for {forms}, got {_form(found)}")

    def _ways(self, found: Any, alive: list[str]) -> Iterator[tuple[list[str], list[Any]]]:
        """Yield how gradients may be meant: by position, the same without integers, by name, or one alone."""
        if isinstance(found, tuple) or (isinstance(found, list) and len(self.trees) > 1):
            yield from ((labels, list(found)) for labels in (list(self.trees), alive) if len(labels) == len(found))
        if isinstance(found, Mapping) and len(alive) > 1 and not found.keys() - self.trees.keys():
            yield list(found), list(found.values())
        if len(alive) == 1:
            yield alive, [found]

    def _gradient(self, name: str, found: Any, factor: float) -> NDArray:
        array = self.live[name]
        if found is None or found is ABSENT:
            return np.zeros_like(as_reals(array))
        gradient = in_one_line(self.owner, "backward", partial(np.array, found))
        if gradient.dtype.kind not in ("fiuc" if array.dtype.kind == "c" else "fiu"):
            kind = f"an array of {gradient.dtype}"
            raise CheckError(f"the {self.role} of {self.owner} should give numbers for {name}, got {kind}")
        if array.dtype.kind == "c":
            gradient = as_reals(gradient.astype(np.result_type(gradient, np.complex64)))
        return gradient * factor if self.role == "gradient" else gradient


@dataclass(frozen=True)
class Probes:
    """How far arrays are moved to see whether an output stays -inf, as part of their size."""

    nudge: float = 1e-3


def finite_entries(forward: Callable[[Arrays], NDArray], arrays: Arrays, y: NDArray, seed: int = 0) -> NDArray | None:
    """Return which entries of y in a row are left when those are left out that stay -inf; None for all of them."""
    gone = y.reshape(-1) == -np.inf
    rng = np.random.default_rng(seed)
    for sign in (1, -1) if gone.any() else ():
        moved = {}
        for name, array in arrays.items():
            size = np.sqrt(np.sum(array**2) / max(array.size, 1)) or 1.0
            step = sign * Probes().nudge * size * rng.normal(size=array.shape)
            moved[name] = (array + step).astype(array.dtype)
        gone &= forward(moved).reshape(-1) == -np.inf
    return np.flatnonzero(~gone).astype(np.int32) if gone.any() else None


def as_reals(array: NDArray) -> NDArray:
    """Return complex numbers as pairs of real ones, (..., 2), others as they are; they share their memory."""
    if array.dtype.kind != "c":
        return array
    return np.asarray(array, order="C")[..., np.newaxis].view(array.real.dtype)


def as_own(array: NDArray, like: NDArray) -> NDArray:
    """Return real numbers as those of an array that they came from, complex ones if it has such."""
    if like.dtype.kind != "c":
        return array if array.dtype == like.dtype else array.astype(like.dtype)
    return np.ascontiguousarray(array).view(np.result_type(array, np.complex64))[..., 0]


def _form(tree: Any) -> str:
    """Return what a tree looks like from outside, in words."""
    if isinstance(tree, Mapping):
        return "a dict of " + ", ".join(map(repr, tree))
    if branches("", tree) is not None:
        return f"{a_kind(tree)} of {len(tree)}"
    return f"an array of {np.asarray(tree).dtype}" if hasattr(tree, "__array__") else a_kind(tree)
