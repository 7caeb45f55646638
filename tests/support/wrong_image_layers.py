"""Mistakes in the layers for images, and in those that normalise, that have really been made, and must be found."""

from dataclasses import dataclass, replace

import numpy as np

from inkgrad.layers import AveragePool2D, Conv2D, GroupNorm, LayerNorm, MaxPool2D
from inkgrad.layers.standardise import standardise_backward
from inkgrad.layers.windows import places
from inkgrad.layout import Named


@dataclass(frozen=True)
class TurnedKernel(Conv2D):
    """Somebody who has read that backward is a convolution with the kernel turned round, and turns it twice."""

    def backward(self, p, g, cache, dy):
        return super().backward(Named({"W": p.W[::-1, ::-1], "b": p.b}), g, cache, dy)


@dataclass(frozen=True)
class TurnedKernelGradient(Conv2D):
    def parameter_gradient(self, p, g, cache, dy):
        super().parameter_gradient(p, g, cache, dy)
        g.W = g.W[::-1, ::-1].copy()


@dataclass(frozen=True)
class ForgottenStride(Conv2D):
    def backward(self, p, g, cache, dy):
        return Conv2D.backward(replace(self, stride=1), p, g, cache, dy)


@dataclass(frozen=True)
class ForgottenMargin(Conv2D):
    """dx is cut out of the frame at its corner, not behind the margin."""

    def backward(self, p, g, cache, dy):
        return np.roll(super().backward(p, g, cache, dy), (1, 1), (1, 2))


@dataclass(frozen=True)
class OverwrittenOverlap(Conv2D):
    """= where += is meant: pixels seen by several windows keep what the last one said."""

    def backward(self, p, g, cache, dy):
        self.parameter_gradient(p, g, cache, dy)
        dframed, dx = self.framed(dy, cache[1])
        for i, j, here in places(self.kernel, self.stride, *dy.shape[1:3]):
            dframed[here] = dy @ p.W[i, j].T
        return dx


@dataclass(frozen=True)
class BiasOfOnePlace(Conv2D):
    def parameter_gradient(self, p, g, cache, dy):
        super().parameter_gradient(p, g, cache, dy)
        g.b = dy[:, 0, 0].sum(axis=0)


@dataclass(frozen=True)
class MaxToAll(MaxPool2D):
    def backward(self, p, g, cache, dy):
        dx = np.zeros_like(cache[0])
        for _, _, here in places(self.size, self.size, *dy.shape[1:3]):
            dx[here] = dy
        return dx


@dataclass(frozen=True)
class MaxToAllThatTie(MaxPool2D):
    """Every input that equals the largest gets the whole dy, so several do where they are equal."""

    def backward(self, p, g, cache, dy):
        x, y = cache
        dx = np.zeros_like(x)
        for _, _, here in places(self.size, self.size, *dy.shape[1:3]):
            dx[here] = dy * (x[here] == y)
        return dx


@dataclass(frozen=True)
class MaxToTheCorner(MaxPool2D):
    def backward(self, p, g, cache, dy):
        dx = np.zeros_like(cache[0])
        dx[next(places(self.size, self.size, *dy.shape[1:3]))[2]] = dy
        return dx


@dataclass(frozen=True)
class MaxTurned(MaxPool2D):
    """Height and width of a square window exchanged."""

    def backward(self, p, g, cache, dy):
        right = super().backward(p, g, cache, dy)
        dx = np.zeros_like(right)
        for i, j, here in places(self.size, self.size, *dy.shape[1:3]):
            k = i + self.size * j
            dx[list(places(self.size, self.size, *dy.shape[1:3]))[k][2]] = right[here]
        return dx


@dataclass(frozen=True)
class SumForAverage(AveragePool2D):
    """The division is forgotten on the way back."""

    def backward(self, p, g, x, dy):
        return super().backward(p, g, x, dy) * self.size**2


@dataclass(frozen=True)
class MeanAndVarianceConstant(LayerNorm):
    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        return cache[1] * p.gain * dy


@dataclass(frozen=True)
class VarianceConstant(LayerNorm):
    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        dh = p.gain * dy
        return cache[1] * (dh - dh.mean(axis=-1, keepdims=True))


@dataclass(frozen=True)
class MeanOverTheBatch(LayerNorm):
    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        return standardise_backward(*cache, p.gain * dy, 0)


@dataclass(frozen=True)
class ForgottenGain(LayerNorm):
    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        return standardise_backward(*cache, dy, -1)


@dataclass(frozen=True)
class GroupConstant(GroupNorm):
    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        _, r = cache
        return (r * self.grouped_places(p.gain * dy)).reshape(dy.shape)


@dataclass(frozen=True)
class OneGroupBackward(GroupNorm):
    """Forward knows the groups, backward does not."""

    def backward(self, p, g, cache, dy):
        super().backward(p, g, cache, dy)
        h, r = cache
        return standardise_backward(h, r.mean(axis=2, keepdims=True), p.gain * dy, (1, 2, 3))


@dataclass(frozen=True)
class MeanGain(GroupNorm):
    """The mean over the places, where their sum is meant."""

    def backward(self, p, g, cache, dy):
        dx = super().backward(p, g, cache, dy)
        g.gain = (dy * cache[0]).mean(axis=(1, 2)).sum(axis=0)
        return dx
