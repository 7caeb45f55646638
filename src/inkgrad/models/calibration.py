"""Calibration: probabilities that are as often right as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from inkgrad.layers import Dense, leaves
from inkgrad.layout import Layout, within
from inkgrad.models.model import Model
from inkgrad.training import outputs_at


def calibrated(model: Model, examples: Examples) -> Model:
    """Return a model whose probabilities suit examples that it was not trained on; its answers stay the same.

    The logits y become b y, with the one number b > 0 that makes the cost of the examples least
    (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2, where the temperature is
    T = 1 / b).  As y = x W + b0 comes from a dense layer, its W and b0 are multiplied.

    Raises SettingError unless the last layer is Dense and the cost SoftmaxCrossEntropy.
    """
    network = model.network
    found = leaves(network)
    if not found or not isinstance(found[-1].layer, Dense) or not isinstance(model.cost, SoftmaxCrossEntropy):
        raise SettingError(f"calibration takes a network that ends in Dense, with SoftmaxCrossEntropy, got {model}")
    theta = np.array(model.theta)
    fast = model.engine.fuse(network)
    logits = outputs_at(Layout(fast.shapes()).views(theta), fast, examples.x, theta.dtype.type)
    factor = best_factor(logits.astype(np.float64), examples.t)
    p = within(Layout(network.shapes()).views(theta), found[-1].path)
    p.W, p.b = factor * p.W, factor * p.b
    return replace(model, theta=theta)


def best_factor(logits: NDArray, t: NDArray) -> float:
    """Return the b for which softmax(b y) has the least cross-entropy, for logits y (N, K), class numbers t (N,).

    The cost is convex in b, with the slope mean(sum_k p_k y_k - y_t), p = softmax(b y); b is where
    the slope changes its sign, from 0.01 to 100.
    """
    low, high = 0.01, 100.0
    right = logits[np.arange(len(t)), t]
    for _ in range(50):  # halvings
        b = np.sqrt(low * high)
        e = np.exp(b * (logits - logits.max(axis=1, keepdims=True)))
        mean = (e * logits).sum(axis=1) / e.sum(axis=1)
        low, high = (b, high) if np.mean(mean - right) < 0 else (low, b)
    return float(np.sqrt(low * high))
