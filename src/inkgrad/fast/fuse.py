"""fuse: a network whose layers are put together into fast ones, with the same theta; Fast, the engine that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from inkgrad.arrays import Array, NDArray
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.data import Warps
from inkgrad.errors import SettingError
from inkgrad.fast import kernels
from inkgrad.fast.augment import warp
from inkgrad.fast.base import FastLayer
from inkgrad.fast.conv_relu_pool import FastConvReLUPool
from inkgrad.fast.convolution import FastConv
from inkgrad.fast.dense_activation import FastDense
from inkgrad.fast.max_pool import LARGEST_WINDOW, FastMaxPool
from inkgrad.fast.norm_relu_pool import FastGroupNorm
from inkgrad.fast.optimizer_steps import FastAdam, FastSGD
from inkgrad.fast.softmax_cost import FastSoftmaxCrossEntropy
from inkgrad.fast.threads import available_threads, refuse_bad_threads
from inkgrad.layers import ELU, Chain, Conv2D, Dense, Flatten, GroupNorm, Layer, LeakyReLU, MaxPool2D, ReLU, Softmax
from inkgrad.optimizers import SGD, Adam, Averaged, Optimizer

Replacement = Callable[[Chain, int], FastLayer | None]


def conv_relu_pool(plain: Chain, n_threads: int) -> FastLayer | None:
    """Return the fast layer for Conv2D, ReLU and MaxPool2D, where they have the sizes it is for."""
    conv, _, pool = plain.layers
    assert isinstance(conv, Conv2D)
    assert isinstance(pool, MaxPool2D)
    fits = (conv.kernel, conv.stride, conv.padding, pool.size) == (3, 1, "same", 2)
    return FastConvReLUPool(plain, n_threads) if fits else None


def norm_relu_pool(plain: Chain, n_threads: int) -> FastLayer | None:
    """Return the fast layer for GroupNorm, ReLU and MaxPool2D, where a byte can say which of a window it was."""
    fast = FastGroupNorm(plain, n_threads)
    return fast if prod(fast.window) <= LARGEST_WINDOW else None


def max_pool(plain: Chain, n_threads: int) -> FastLayer | None:
    """Return the fast layer for MaxPool2D, where a byte can say which of a window it was."""
    fast = FastMaxPool(plain, n_threads)
    return fast if prod(fast.window) <= LARGEST_WINDOW else None


REPLACEMENTS: Mapping[tuple[type[Layer], ...], Replacement] = {  # the longest that fits is taken
    (Conv2D, ReLU, MaxPool2D): conv_relu_pool,
    (Conv2D, ReLU): FastConv,
    (Conv2D,): FastConv,
    (GroupNorm, ReLU, MaxPool2D): norm_relu_pool,
    (GroupNorm, ReLU): FastGroupNorm,
    (GroupNorm, MaxPool2D): norm_relu_pool,
    (GroupNorm,): FastGroupNorm,
    (MaxPool2D,): max_pool,
    (Dense, ReLU): FastDense,
    (Dense, LeakyReLU): FastDense,
    (Dense, ELU): FastDense,
    (Dense,): FastDense,
}
"""What stands in for which plain layers in a row: a layer, or a function that makes one or says None."""


def fuse(
    network: Layer,
    n_threads: int = 1,
    replacements: Mapping[tuple[type[Layer], ...], Replacement] = REPLACEMENTS,
) -> Layer:
    """Return the network with fast layers where there are some; theta keeps its order.

    So a network may be trained fused and saved plain.  Without kernels it comes back as it is.
    """
    if kernels.compiled is None or type(network) is not Chain:  # a subclass may do something else
        return network
    fused: list[Layer] = []
    rest = list(network.layers)
    while rest:
        found = _first_fast(rest, n_threads, replacements)
        if found is None:
            fused.append(fuse(rest.pop(0), n_threads, replacements))
        else:
            fused.append(found)
            del rest[: len(found.plain.layers)]
    return Chain(tuple(fused))


def _first_fast(
    layers: list[Layer], n_threads: int, replacements: Mapping[tuple[type[Layer], ...], Replacement]
) -> FastLayer | None:
    """Return the fast layer for the longest beginning of `layers` that has one."""
    longest = max(map(len, replacements), default=0)
    for length in range(min(longest, len(layers)), 0, -1):
        replacement = replacements.get(tuple(type(layer) for layer in layers[:length]))
        fast = replacement and replacement(Chain(tuple(layers[:length])), n_threads)
        if fast is not None:
            return fast
    return None


def fuse_cost(network: Layer, cost: Cost) -> tuple[Layer, Cost]:
    """Return the network and the cost for training; a Softmax at the end goes into the cost, which is fast."""
    if kernels.compiled is None:
        return network, cost
    if type(cost) is SoftmaxCrossEntropy:
        return network, FastSoftmaxCrossEntropy(cost)
    if type(cost) is CrossEntropy and type(network) is Chain and network.layers and type(network.layers[-1]) is Softmax:
        return Chain(network.layers[:-1]), FastSoftmaxCrossEntropy(cost)
    return network, cost


def fuse_optimizer(optimizer: Optimizer, n_threads: int = 1) -> Optimizer:
    """Return a fast optimizer that takes the same steps and has the same memory, where there is one."""
    if type(optimizer) is Averaged:
        return Averaged(fuse_optimizer(optimizer.optimizer, n_threads), optimizer.keep)
    if kernels.compiled is not None and type(optimizer) is SGD:
        return FastSGD(**vars(optimizer), n_threads=n_threads)
    if kernels.compiled is not None and type(optimizer) is Adam:
        return FastAdam(**vars(optimizer), n_threads=n_threads)
    return optimizer


def takes_bytes(network: Layer) -> bool:
    """Return whether the first layer that reckons takes images as bytes, 0..255."""
    if type(network) is Chain:
        first = next((layer for layer in network.layers if not isinstance(layer, Flatten)), None)
        return first is not None and takes_bytes(first)
    return isinstance(network, FastLayer) and bool(network.shapes())  # or no type is known to take them as


@dataclass(frozen=True)
class Fast:
    """The kernels, on `n_threads` threads: as many as there are cores, at most 16, where none are named.

    What has no kernel, and all where none are installed, is left to the plain layers.

    Raises SettingError for threads not from 1 to 256.
    """

    n_threads: int = field(default_factory=available_threads)

    def __post_init__(self) -> None:
        refuse_bad_threads(self.n_threads)

    def with_threads(self, n_threads: int) -> Fast:
        """Return the same on so many threads."""
        return replace(self, n_threads=n_threads)

    def refuse_bad_arrays(self, theta: Array) -> None:
        """Raise SettingError for arrays of another library than NumPy."""
        if not isinstance(theta, np.ndarray):
            raise SettingError(
                f"{self} works on NumPy's arrays, got {type(theta).__name__}: for those take engine=Plain()"
            )

    def fuse(self, network: Layer) -> Layer:
        """Return the network with fast layers in it, for answers."""
        return fuse(network, self.n_threads)

    def fuse_training(self, network: Layer, cost: Cost) -> tuple[Layer, Cost]:
        """Return the network with fast layers, and a fast cost that a Softmax at the end has gone into."""
        return fuse_cost(fuse(network, self.n_threads), cost)

    def fuse_optimizer(self, optimizer: Optimizer) -> Optimizer:
        """Return a fast optimizer that takes the same steps and has the same memory, where there is one."""
        return fuse_optimizer(optimizer, self.n_threads)

    def warp(self, images: NDArray, warps: Warps) -> NDArray:
        """Return images bent as `warps` says."""
        return warp(images, warps, self.n_threads)
