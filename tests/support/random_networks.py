"""Small correct networks, drawn at random, at the points where a gradient checker goes wrong."""

from dataclasses import dataclass

import numpy as np

from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import Chain, Dense, Dropout, Flatten, Layer, LeakyReLU, Noise, ReLU, Softmax
from inkgrad.training import Objective
from support import zoo_right as right
from support.catalogue import ACTIVATIONS

STARTS = ["he", "glorot", "lecun"]


@dataclass(frozen=True)
class Problem:
    """A network with its cost, at parameters theta and a batch."""

    network: Layer
    cost: Cost
    x: np.ndarray
    t: np.ndarray
    theta: np.ndarray

    def __iter__(self):
        return iter((self.network, self.cost, self.x, self.t, self.theta))


def middle(rng, width):
    """Return a random layer for inputs of this width that gives as many outputs."""
    layers = [*ACTIVATIONS, Dropout(0.3), Noise(0.2), right.Square(), right.BatchNorm(width), Chain(())]
    return layers[rng.integers(len(layers))]


def chain(rng, n_in, n_out):
    """Return a random chain of one to three layers with weights, each but the last followed by others."""
    layers, width = [], n_in
    for _ in range(rng.integers(3)):
        wider = int(rng.integers(2, 5))
        dense = right.Gated(width, wider) if rng.random() < 0.15 else Dense(width, wider, start=str(rng.choice(STARTS)))
        layers, width = [*layers, dense, middle(rng, wider)], wider
        if rng.random() < 0.2:
            layers = [*layers[:-2], Chain(tuple(layers[-2:]))]
    return Chain((*layers, Dense(width, n_out)))


def ending(rng, network):
    """Return a random cost, and the network with what this cost needs at its end."""
    kind = rng.integers(4)
    if kind == 0:
        return network, SoftmaxCrossEntropy()
    if kind == 1:
        return Chain((*network.layers, Softmax())), right.LogLoss()
    if kind == 2:
        return Chain((*network.layers, Softmax())), CrossEntropy()
    return network, SquaredError()


def problem(seed, n=None):
    """Return a random network at a batch of n examples, at random parameters."""
    rng = np.random.default_rng(seed)
    n_in, n_out = (int(size) for size in rng.integers(2, 5, 2))
    network, cost = ending(rng, chain(rng, n_in, n_out))
    n = n or int(rng.integers(2, 6))
    theta = Objective(network, cost).init(rng, np.float64)
    theta += rng.normal(0, 0.1, theta.shape)
    return Problem(network, cost, rng.normal(0.4, 1, (n, n_in)), rng.integers(0, n_out, n), theta)


def in_float32(seed):
    """Return a random network whose parameters and inputs are float32, as training makes them."""
    network, cost, x, t, theta = problem(seed)
    return Problem(network, cost, x.astype(np.float32), t, theta.astype(np.float32))


def at_a_kink(seed):
    """Return a network of ReLUs of which some get exactly 0, and others come as near as 1e-3 to 1e-12."""
    rng = np.random.default_rng(seed)
    n_in, hidden, n_out, n = (int(size) for size in rng.integers(2, 5, 4))
    kinked = ReLU() if rng.random() < 0.7 else LeakyReLU(0.1)
    network = Chain((Dense(n_in, hidden), kinked, Dense(hidden, n_out)))
    theta = Objective(network, SoftmaxCrossEntropy()).init(rng, np.float64)
    theta += rng.normal(0, 0.1, theta.shape)
    p = Objective(network, SoftmaxCrossEntropy()).layout.views(theta)
    x = rng.normal(0.4, 1, (n, n_in))
    x[rng.random(x.shape) < 0.3] = 0
    near = rng.choice([0, 0, 1e-3, 1e-5, 1e-7, 1e-9, 1e-12]) * rng.choice([-1, 1])
    p["0"].b[:] = near - x[0] @ p["0"].W  # so the first example meets the kink in every unit
    if near == 0 and rng.random() < 0.5:
        x[:] = 0
        p["0"].b[:] = 0
    return Problem(network, SoftmaxCrossEntropy(), x, rng.integers(0, n_out, n), theta)


def of_pictures(seed):
    """Return a network with a convolution and a max-pool, in pictures with blank paper and equal maxima."""
    rng = np.random.default_rng(seed)
    network = Chain(
        (right.MaxPool2D(), right.Conv2D(1, 2, 2), ReLU(), Flatten(), Dense(2, 3))
        if rng.random() < 0.5
        else (right.Conv2D(1, 2, 3), right.MaxPool2D(), Flatten(), Dense(2, 3))
    )
    x = np.maximum(rng.integers(-3, 3, (2, 4, 4, 1)), 0) / 2
    theta = Objective(network, SoftmaxCrossEntropy()).init(rng, np.float64)
    if rng.random() < 0.5:
        theta = np.round(theta, 1)  # equal sums, so equal maxima behind the convolution too
    return Problem(network, SoftmaxCrossEntropy(), x, rng.integers(0, 3, 2), theta)


def trained(seed, rms=1e-6):
    """Return a random network, trained until its gradient has about this rms or for 3,000 steps."""
    rng = np.random.default_rng(seed)
    n_in, hidden, n_out = (int(size) for size in rng.integers(2, 5, 3))
    activations = [each for each in ACTIVATIONS if not isinstance(each, Softmax)]
    network = Chain((Dense(n_in, hidden), activations[rng.integers(len(activations))], Dense(hidden, n_out)))
    cost = [SoftmaxCrossEntropy(), SquaredError()][rng.integers(2)]
    x, t = rng.normal(0.4, 1, (3, n_in)), rng.integers(0, n_out, 3)
    return Problem(network, cost, x, t, descend(Objective(network, cost), rng, x, t, rms))


def descend(objective, rng, x, t, rms):
    """Return a theta with gradients of about `rms`, by steps that grow while they help, 3,000 at most."""
    theta = objective.init(rng, np.float64)
    lr, (value, gradient) = 0.1, objective(theta, x, t)
    for _ in range(3000):
        if np.sqrt(np.mean(gradient**2)) <= rms:
            break
        further = theta - lr * gradient
        now, there = objective(further, x, t)
        if now < value:
            theta, value, gradient, lr = further, now, there, 1.3 * lr
        else:
            lr /= 2
    return theta


def saturated(seed):
    """Return a network whose logits are so far apart that its softmax gives almost 0 and 1, or just these."""
    rng = np.random.default_rng(seed)
    network, _, x, t, theta = problem(seed)
    layers = network.layers[:-1] if isinstance(network.layers[-1], Softmax) else network.layers
    scale = 10 ** rng.uniform(0.5, 1.5)
    if rng.random() < 0.5:
        return Problem(Chain(layers), SoftmaxCrossEntropy(), x, t, theta * scale)
    return Problem(Chain((*layers, Softmax())), SquaredError(), x, t, theta * scale)
