"""Calibration: probabilities that are as often right as they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import CTC, Cost, SoftmaxCrossEntropy
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from inkgrad.layers import Conv2D, Dense, Frames, Layer, leaves
from inkgrad.layout import Layout, within
from inkgrad.models.model import Model
from inkgrad.training import outputs_at

Outputs = tuple[NDArray, NDArray]  # logits of some examples or lines, and their targets


def calibrated(model: Model, examples: Examples) -> Model:
    """Return a model whose probabilities suit examples that it was not trained on; its answers stay the same.

    The logits y become b y, with the one number b > 0 that makes the cost of the examples least
    (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2, where the temperature is
    T = 1 / b).  As y = x W + b0 comes from a dense layer, its W and b0 are multiplied.

    Raises SettingError unless the last layer is Dense and the cost SoftmaxCrossEntropy.
    """
    return _scaled(model, [(examples.x, examples.t)], Dense, SoftmaxCrossEntropy)


def calibrated_on_lines(model: Model, batches: Iterable[Outputs]) -> Model:
    """Return a model of lines whose probabilities suit lines that it was not trained on, batches (x, t).

    As `calibrated` does: the logits of the last convolution become b y, with the b that makes CTC of the lines least,
    so that what lines say is as probable as it is often right.  The best path of a line stays the same.

    Raises SettingError unless the network ends in Conv2D and Frames, and the cost is CTC.
    """
    return _scaled(model, batches, Conv2D, CTC)


def _scaled(model: Model, batches: Iterable[Outputs], layer: type[Layer], cost: type[Cost]) -> Model:
    """Return a model with the b of `best_factor` in its last layer, which must be such a layer."""
    found = [leaf for leaf in leaves(model.network) if not isinstance(leaf.layer, Frames)]
    if not found or not isinstance(found[-1].layer, layer) or not isinstance(model.cost, cost):
        raise SettingError(
            f"calibration takes a network that ends in {layer.__name__}, with {cost.__name__}, got {model}"
        )
    theta = np.array(model.theta)
    fast = model.engine.fuse(model.network)
    views = Layout(fast.shapes()).views(theta)
    outputs = [(outputs_at(views, fast, x, theta).astype(np.float64), t) for x, t in batches]
    factor = best_factor(model.cost, outputs)
    p = within(Layout(model.network.shapes()).views(theta), found[-1].path)
    p.W, p.b = factor * p.W, factor * p.b
    return replace(model, theta=theta)


def best_factor(cost: Cost, outputs: Sequence[Outputs]) -> float:
    """Return the b for which logits b y have the least cost, for logits y in batches with their targets t.

    b is where the slope of the cost in b, sum dC/d(b y) y, changes its sign, from 0.01 to 100.  That of the softmax
    and cross-entropy is convex in b; that of CTC has one such place in all that we have seen.
    """
    low, high = 0.01, 100.0
    for _ in range(50):  # halvings
        b = float(np.sqrt(low * high))
        slope = sum(len(y) * float(np.vdot(cost.value_and_gradient(b * y, t)[1], y)) for y, t in outputs)
        low, high = (b, high) if slope < 0 else (low, b)
    return float(np.sqrt(low * high))
