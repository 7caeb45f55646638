"""A case: a function with a right backward, and the lines of it that someone got wrong.

What stands in the files is right; a mistake is one line of it as it was written instead.  So the same text makes
the wrong function and the mended one, and each can be checked.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np

from inkgrad.check import check_function, check_jax, check_torch, check_vjp
from inkgrad.check.report import Report


@dataclass(frozen=True)
class Mistake:
    """A line of backward as it should be and as it was written.

    arrays  those whose gradients are wrong, each with the words that are true of the mistake; where there is none,
            nothing but `unknown` would be honest
    """

    name: str
    says: str
    right: str
    wrong: str
    arrays: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """A check to be made, and the functions that together are the forward, whose lines are counted."""

    check: Callable[[], Report]
    forward: tuple[Callable[..., Any], ...]

    @property
    def n_lines(self) -> int:
        return sum(_lines_of(each) for each in self.forward)


@dataclass(frozen=True)
class Function:
    """What builds a function and its call, and the mistakes in it."""

    build: Callable[[np.random.Generator], Call]
    mistakes: tuple[Mistake, ...]

    def right(self) -> Call:
        return self.build(np.random.default_rng(0))

    def wrong(self, mistake: Mistake) -> Call:
        """Return the call of the function with the line as it was written."""
        source = dedent(inspect.getsource(self.build))
        source = source[source.index("\ndef ") + 1 :]
        if source.count(mistake.right) != 1:
            raise ValueError(f"{mistake.name}: stands {source.count(mistake.right)} times: {mistake.right}")
        return _built(source.replace(mistake.right, mistake.wrong), mistake.name, self.build)(np.random.default_rng(0))


def broken(*mistakes: Mistake) -> Callable[[Callable[[np.random.Generator], Call]], Function]:
    """Return what makes a Function of a builder."""
    return lambda build: Function(build, mistakes)


def same(arrays: str, words: str) -> dict[str, str]:
    """Return the same words for several arrays."""
    return dict.fromkeys(arrays.split(), words)


def vjp_call(forward: Callable[..., Any], vjp: Callable[..., Any], *arrays: Any) -> Call:
    return Call(lambda: check_vjp(forward, vjp, *arrays, raises=False), (forward,))


def gradient_call(f: Callable[..., Any], gradient: Callable[..., Any], *arrays: Any) -> Call:
    return Call(lambda: check_function(f, gradient, *arrays, raises=False), (f,))


def torch_call(function: Any, forward: Callable[..., Any] | tuple[Callable[..., Any], ...], *inputs: Any) -> Call:
    """Return the check of a function of torch; NumPy arrays become tensors."""
    import torch

    tensors = [torch.from_numpy(each) if isinstance(each, np.ndarray) else each for each in inputs]
    parts = forward if isinstance(forward, tuple) else (forward,)
    return Call(lambda: check_torch(function, tensors, raises=False), parts)


def jax_call(function: Any, forward: Callable[..., Any], *args: Any) -> Call:
    """Return the check of a function of JAX; NumPy arrays become those of JAX."""
    import jax

    given = jax.tree.map(lambda each: jax.numpy.asarray(each) if isinstance(each, np.ndarray) else each, args)
    return Call(lambda: check_jax(function, given, raises=False), (forward,))


def _built(source: str, name: str, beside: Callable[..., Any]) -> Callable[[np.random.Generator], Call]:
    """Return the builder of this source; its lines can be read as if they stood in a file."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    found = dict(beside.__globals__)
    exec(compile(source, filename, "exec"), found)
    return found[beside.__name__]


def _lines_of(function: Callable[..., Any]) -> int:
    """Return how many lines its body has, without comments and what is empty."""
    lines = [line.strip() for line in inspect.getsource(function).splitlines()]
    lines = [line for line in lines if line and not line.startswith(("#", "@"))]
    return len(lines) - 1
