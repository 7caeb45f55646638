"""What a fast layer is: a plain chain, and a kernel that does the same where it can."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.fast.kernels import TYPES
from inkgrad.layers import Chain, Layer
from inkgrad.layout import Named, Shapes

Answer = Callable[[NDArray], NDArray]
"""From x to y, of one example; y is in memory that the next call writes over."""

COUNT_LIMIT = 2**24  # numbers in one example, and examples, stay below: the kernels count in 32 bits
FEWEST_CHANNELS = 8  # from which on Winograd's transformation of them costs less than it saves


@dataclass(frozen=True)
class PlainCache:
    """A cache of the plain layers, for a batch that the kernel left to them."""

    cache: Any


@dataclass(frozen=True)
class FastLayer(Layer):
    """What `plain` does, on `n_threads` threads.

    Its first layer has the parameters, if any, the others none, so theta is the same.  Where a kernel cannot
    do it, the plain layers do: other types than float32 and float64, NaN and numbers
    beyond 1e15, or images too large.  Inputs may be bytes, which are taken as as_inputs takes them.
    """

    plain: Chain
    n_threads: int = 1

    def shapes(self) -> Shapes:
        return self.plain.layers[0].shapes()

    def init(self, p: Named, rng: np.random.Generator) -> None:
        self.plain.layers[0].init(p, rng)

    def input_shape(self) -> tuple[int, ...] | None:
        return self.plain.input_shape()

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.plain.output_shape(input_shape)

    @abstractmethod
    def quick_forward(self, p: Named, x: NDArray, dtype: np.dtype[Any]) -> tuple[NDArray, Any] | None:
        """Return y and the cache, or None where the kernel met a number that is too large."""

    @abstractmethod
    def quick_backward(self, p: Named, g: Named, cache: Any, dy: NDArray, dx: NDArray | None) -> bool:
        """Write the gradients and, where it is wanted, dx; False where a number is too large."""

    @abstractmethod
    def inputs_of(self, cache: Any) -> NDArray:
        """Return x from a cache of quick_forward."""

    def forward(self, p: Named, x: NDArray, rng: np.random.Generator | None = None) -> tuple[NDArray, Any]:
        dtype = _type_of(p, x)
        if dtype is not None and x.ndim > 1 and fits(x):
            self.plain.output_shape(x.shape[1:])  # refuses what does not fit, before a kernel reads beyond it
            found = self.quick_forward(p, ordered(x), dtype)
            if found is not None:
                return found
        y, cache = self.plain.forward(self._inside(p), _as_floats(p, x), rng)
        return y, PlainCache(cache)

    def backward(self, p: Named, g: Named, cache: Any, dy: NDArray) -> NDArray:
        if not isinstance(cache, PlainCache):
            x = self.inputs_of(cache)
            dx = np.empty(x.shape, dy.dtype)
            if _one_type(p, g, dy) and self.quick_backward(p, g, cache, ordered(dy), dx):
                return dx
        return self.plain.backward(self._inside(p), self._inside(g), self._plain_cache(p, cache), dy)

    def parameter_gradient(self, p: Named, g: Named, cache: Any, dy: NDArray) -> None:
        suits = not isinstance(cache, PlainCache) and _one_type(p, g, dy)
        if suits and self.quick_backward(p, g, cache, ordered(dy), None):
            return
        self.plain.parameter_gradient(self._inside(p), self._inside(g), self._plain_cache(p, cache), dy)

    def prepared(self, p: Named, input_shape: tuple[int, ...], dtype: np.dtype[Any]) -> Answer:
        """Return what gives y (1, ...) of one example x (1, *input_shape), of bytes or `dtype`: the bits of `forward`.

        What depends on p alone is done here, and y has one place for all calls.  So p stays as it is, and one thread
        calls at a time.
        """
        small = 0 < prod(input_shape) < COUNT_LIMIT
        y_place = np.empty((1, *self.output_shape(input_shape)), dtype)
        kernel = self.prepared_kernel(p, y_place) if small and dtype in TYPES else None
        if kernel is None:
            return lambda x: self.forward(p, x)[0]
        taken = np.dtype(np.uint8), dtype

        def answer(x: NDArray) -> NDArray:
            y = kernel(ordered(x)) if x.dtype in taken else None  # a layer before may change the type
            return self.forward(p, x)[0] if y is None else y

        return answer

    def prepared_kernel(self, p: Named, y: NDArray) -> Callable[[NDArray], NDArray | None] | None:
        """Return what writes y (1, ...) of one example and returns it, or None where a number is too large.

        None where there is no such kernel, or a parameter is too large for it.
        """
        return None

    def _plain_cache(self, p: Named, cache: Any) -> Any:
        if isinstance(cache, PlainCache):
            return cache.cache
        return self.plain.forward(self._inside(p), _as_floats(p, self.inputs_of(cache)))[1]

    def _inside(self, p: Named) -> Named:
        return Named({name: p if name == "0" else Named({}) for name, _ in self.plain.named()})


def fits(x: NDArray) -> bool:
    """Return whether there is a batch, and its examples and their numbers are not too many."""
    return 0 < len(x) < COUNT_LIMIT and 0 < x.size < COUNT_LIMIT * len(x)


def ordered(array: NDArray) -> NDArray:
    """Return the array as a kernel reads it: aligned, row after row."""
    flags = array.flags
    return array if flags.c_contiguous and flags.aligned else np.require(array, requirements=("C", "A"))


def write_back(g: Named, **gradients: NDArray) -> None:
    """Give g what a kernel wrote, where `ordered` had to copy."""
    for name, gradient in gradients.items():
        if gradient is not g[name]:
            setattr(g, name, gradient)


def _type_of(p: Named, x: NDArray) -> np.dtype[Any] | None:
    """Return the type that a kernel would reckon in, None where none does."""
    first = next(iter(vars(p).values()), x)  # all parameters have one type; where there are none, it is that of x
    if not isinstance(x, np.ndarray) or not isinstance(first, np.ndarray):
        return None
    return first.dtype if first.dtype in TYPES and x.dtype in (first.dtype, np.uint8) else None


def _one_type(p: Named, g: Named, dy: NDArray) -> bool:
    return all(dy.dtype == array.dtype for each in (p, g) for array in vars(each).values())


def _as_floats(p: Named, x: NDArray) -> NDArray:
    first = next(iter(vars(p).values()), x)
    return as_inputs(x, first.dtype.type) if x.dtype == np.uint8 != first.dtype else x
