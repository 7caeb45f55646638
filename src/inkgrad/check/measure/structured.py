"""Structured differences: dC/dtheta of a whole network in seconds where the plain way takes a minute.

A weight W_kj of a dense layer moves output j alone.  So all the weights of unit j are moved in one
stack, and only what follows that unit is run again.  The result is still (C(w + h) - C(w - h)) / 2h
of the true cost, taken example by example and averaged afterwards, which rounds less.

Entries that do not agree at once are looked at again by the plain way, with their own error bars;
so is a random sample of those that do, as the layers' word for how they move is not proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from sys import float_info

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import forward, loss_noise, losses, views_of
from inkgrad.check.measure.moves import follow, moves
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.measure.slopes import rounding_noise, slope
from inkgrad.costs import Cost
from inkgrad.errors import CheckError
from inkgrad.layers import Layer, leaves, trace
from inkgrad.layers.chain import Passed
from inkgrad.layout import Layout, join_path


@dataclass(frozen=True)
class Stacking:
    """How a large network is checked.

    least       parameters; a network of more is checked as a whole, in stacks, before its layers
    n_examples  of the batch on which the layers are examined one by one, where the whole is wrong or a layer alone
    step        by which a parameter is moved to either side
    n_sampled   entries of each parameter that are measured the plain way in any case
    n_suspects  suspicious entries of each parameter that are measured the plain way, at most
    close       in parts of the typical size of the gradient: nearer than this is not suspicious
    """

    least: int = 3000
    n_examples: int = 3
    step: float = 1e-5
    n_sampled: int = 20
    n_suspects: int = 200
    close: float = 1e-6


STACKING = Stacking()


@dataclass(frozen=True)
class Whole:
    """A network with its cost at one batch; C as a function of theta.

    `watch` is called with the path of a parameter before each evaluation for it, and ends all where it raises.
    """

    network: Layer
    cost: Cost
    theta: NDArray
    x: NDArray
    t: NDArray
    seed: int
    watch: Callable[[str], None] = lambda path: None

    @cached_property
    def layout(self) -> Layout:
        """The places of the parameters in theta."""
        return Layout(self.network.shapes())

    @cached_property
    def y(self) -> NDArray:
        """The outputs."""
        return forward(self.network, views_of(self.network, self.theta), self.x, self.seed)[0]

    @cached_property
    def steps(self) -> tuple[Passed, ...] | None:
        """The layers as the batch passes them; None where some act at random, and would do otherwise in a stack."""
        rng = np.random.default_rng(self.seed)
        steps = trace(self.network, self.layout.views(self.theta), self.x, rng)
        return steps if rng.bit_generator.state == np.random.default_rng(self.seed).bit_generator.state else None

    def losses(self, theta: NDArray) -> NDArray:
        """Return the loss of each example, by the plain forward; NaN outside the domain of the cost."""
        y, _ = forward(self.network, views_of(self.network, theta), self.x, self.seed)
        try:
            return losses(self.cost, y, self.t)
        except CheckError:
            return np.full(len(self.x), np.nan)


def structured_gradient(whole: Whole, path: str, analytical: NDArray) -> Numerical:
    """Return dC/dp for the parameter at `path`, measured closely where it is not what `analytical` says."""
    place, shape = whole.layout.places[path]
    found = _stacked(whole, path)
    noise = rounding_noise(lambda d: whole.losses(whole.theta * (1 + d)), whole.losses(whole.theta), float_info.epsilon)
    noise = noise + loss_noise(whole.cost, whole.y, whole.t)
    rounding = float(np.sqrt(np.mean(noise**2) / len(noise))) / STACKING.step
    flat = analytical.ravel()
    size = float(np.sqrt(np.mean(flat**2))) if np.isfinite(flat).all() else 1.0
    if found is None:
        value, bar = np.zeros(flat.size), np.zeros(flat.size)
        suspicious = np.arange(flat.size)
    else:
        value, bar = found, np.full(flat.size, 10 * rounding) + STACKING.close * np.maximum(np.abs(found), size)
        suspicious = np.flatnonzero(~(np.abs(value - flat) <= bar))
    rng = np.random.default_rng(whole.seed)
    closer = set(rng.choice(flat.size, min(STACKING.n_sampled, flat.size), replace=False).tolist())
    if found is None or len(suspicious) <= STACKING.n_suspects:
        closer |= set(suspicious.tolist())
    else:
        closer |= set(rng.choice(suspicious, STACKING.n_suspects, replace=False).tolist())
    low, high = value.copy(), value.copy()
    for i in sorted(closer):
        whole.watch(path)
        low[i], high[i], bar[i] = _closely(whole, place.start + i, noise)
    return Numerical(low.reshape(shape), high.reshape(shape), bar.reshape(shape), None)


def _closely(whole: Whole, index: int, noise: NDArray) -> tuple[float, float, float]:
    theta = whole.theta.copy()
    here = float(theta[index])

    def move(d: float) -> tuple[float, NDArray]:
        theta[index] = here + d
        return float(theta[index]) - here, whole.losses(theta)

    found = slope(move, whole.losses(whole.theta), noise, max(abs(here), 0.1), float_info.epsilon)
    n = len(noise)
    return (
        float(found.low.mean()),
        float(found.high.mean()),
        float(np.sqrt((found.bar**2).sum()) / n + found.bar.max() / n),
    )


def _stacked(whole: Whole, path: str) -> NDArray | None:
    """Return dC/dp by stacked differences, or None where a layer cannot say how it moves."""
    steps = whole.steps
    if steps is None:
        return None
    parameters = {
        join_path(leaf.path, name): (number, name)
        for number, leaf in enumerate(leaves(whole.network))
        for name in leaf.parameters
    }
    number, name = parameters[path]
    step = steps[number]
    found = moves(step.layer, step.x, name)
    if found is None:
        return None
    gradient = np.zeros(np.prod(whole.layout.places[path][1], dtype=int))
    for each in found:
        whole.watch(path)
        live = np.flatnonzero(each.direction.any(axis=1))  # a dead input moves nothing
        direction = each.direction[live]
        here = step.y[:, each.unit]
        above, below = (
            _losses_after(whole, steps[number + 1 :], each.unit, here + by * direction)
            for by in (STACKING.step, -STACKING.step)
        )
        gradient[each.entries[live]] = ((above - below) / (2 * STACKING.step)).mean(axis=1)
    return gradient


def _losses_after(whole: Whole, steps: tuple[Passed, ...], unit: int | None, moved: NDArray) -> NDArray:
    """Return the losses (P, N) when the `unit` that goes into the first of `steps` takes the values `moved` (P, N)."""
    for step in steps:
        followed = None if unit is None else follow(step.layer, step.p, step.x, step.y, unit, moved)
        if followed is not None:
            unit, moved = followed
            continue
        flat, stack = _as_batch(step.x, unit, moved)
        moved = step.layer.forward(step.p, flat)[0].reshape(*stack, *step.y.shape[1:])
        unit = None
    flat, stack = _as_batch(whole.y, unit, moved)
    t = np.concatenate([whole.t] * stack[0])
    return np.asarray(whole.cost.losses(flat, t)).reshape(stack)


def _as_batch(x: NDArray, unit: int | None, moved: NDArray) -> tuple[NDArray, tuple[int, int]]:
    """Return a stack of P batches of N examples as one batch of P N, and (P, N)."""
    stack = moved.shape[0], moved.shape[1]
    if unit is not None:
        whole = np.broadcast_to(x, (stack[0], *x.shape)).copy()
        whole[:, :, unit] = moved
        moved = whole
    return moved.reshape(stack[0] * stack[1], *moved.shape[2:]), stack
