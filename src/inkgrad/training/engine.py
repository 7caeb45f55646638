"""Engine: who does the work of a training or an answer, which does not change what is computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from inkgrad.arrays import Array, NDArray
from inkgrad.costs import Cost
from inkgrad.data import Warps, apply_warps
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.layers import Layer
from inkgrad.optimizers import Optimizer


class Engine(Protocol):
    """What stands in for plain layers, costs, optimizers and warps: the same functions of the same theta.

    So a training may begin on one engine and go on with another.  `inkgrad.fast.Fast` is the usual one.
    """

    @property
    def n_threads(self) -> int:
        """How many threads it works on; BLAS is held to as many."""

    def with_threads(self, n_threads: int) -> Engine:
        """Return the same engine on so many threads."""

    def refuse_bad_arrays(self, theta: Array) -> None:
        """Raise SettingError where it does not work on arrays of theta's library."""

    def fuse(self, network: Layer) -> Layer:
        """Return what gives the network's answers."""

    def fuse_training(self, network: Layer, cost: Cost) -> tuple[Layer, Cost]:
        """Return the network and the cost to train with: a Softmax at the end may have gone into the cost."""

    def fuse_optimizer(self, optimizer: Optimizer) -> Optimizer:
        """Return an optimizer that takes the same steps and has the same memory."""

    def warp(self, images: NDArray, warps: Warps) -> NDArray:
        """Return images bent as `warps` says."""


@dataclass(frozen=True)
class Plain:
    """The plain layers themselves, those one can read, on NumPy's arrays or another library's; `n_threads` is for BLAS.

    Raises SettingError for threads not from 1 to 256.
    """

    n_threads: int = field(default_factory=available_threads)

    def __post_init__(self) -> None:
        refuse_bad_threads(self.n_threads)

    def with_threads(self, n_threads: int) -> Plain:
        """Return the same on so many threads."""
        return replace(self, n_threads=n_threads)

    def refuse_bad_arrays(self, theta: Array) -> None:
        """Take arrays of every library."""

    def fuse(self, network: Layer) -> Layer:
        """Return the network as it is."""
        return network

    def fuse_training(self, network: Layer, cost: Cost) -> tuple[Layer, Cost]:
        """Return the network and the cost as they are."""
        return network, cost

    def fuse_optimizer(self, optimizer: Optimizer) -> Optimizer:
        """Return the optimizer as it is."""
        return optimizer

    def warp(self, images: NDArray, warps: Warps) -> NDArray:
        """Return images bent as `warps` says."""
        return apply_warps(images, warps)
