"""Mistakes that have really been made, and must be found."""

from dataclasses import dataclass

import numpy as np

from inkgrad.costs import SquaredError
from inkgrad.layers import Dense, Layer, Softmax


@dataclass(frozen=True)
class Scale(Layer):
    """y = s x, one learned factor for each of n inputs: a user's own layer, and a right one."""

    n: int

    def shapes(self):
        return {"s": (self.n,)}

    def init(self, p, rng):
        p.s = np.ones(self.n)

    def forward(self, p, x, rng=None):
        return p.s * x, x

    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return p.s * dy


class DiagonalSoftmax(Softmax):
    """The mistake this library began with."""

    def vjp(self, x, y, dy):
        return dy * y * (1 - y)


class SilentSoftmax(Softmax):
    def vjp(self, x, y, dy):
        return np.zeros_like(dy)


class MeanNotSum(Dense):
    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, dy.mean(axis=0)


class TransposedWeights(Dense):
    def backward(self, p, g, x, dy):
        self.parameter_gradient(p, g, x, dy)
        return dy @ p.W


class HalfOverridden(MeanNotSum):
    """Its backward is right; training would use its wrong parameter_gradient all the same."""

    def backward(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, dy.sum(axis=0)
        return dy @ p.W.T


class Greedy(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        dy *= p.s
        return dy


class Meddler(Scale):
    def forward(self, p, x, rng=None):
        x *= 2
        return p.s * x, x


class Forgetful(Scale):
    def backward(self, p, g, x, dy):
        return p.s * dy


class SumNotMean(SquaredError):
    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, dy * len(y)


class TidyCost(SquaredError):
    def value_and_gradient(self, y, t):
        y -= t
        return float(0.5 * (y * y).sum() / len(y)), y / len(y)
