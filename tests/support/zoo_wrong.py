"""The zoo: one small class for each mistake, as a programmer would make it; the numbers are rows of the bug zoo."""

from dataclasses import dataclass, field

import numpy as np

from inkgrad.costs import SoftmaxCrossEntropy, SquaredError, as_targets
from inkgrad.layers import (
    ELU,
    Chain,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from support.zoo_right import BatchNorm, Conv2D, Embedding, Gated, LogLoss, MaxPool2D, Square


class LostHalf(SquaredError):
    """ZOO 1: the cost has its ½, the gradient is that of a cost without."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, 2 * (y - as_targets(t, y)) / len(y)


class TargetMinusOutput(SquaredError):
    """ZOO 2: t - y for y - t."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, (as_targets(t, y) - y) / len(y)


class MeanOverOutputs(SquaredError):
    """ZOO 3: divided by the number of outputs as well."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / y.size


class MeanTwice(SquaredError):
    """ZOO 4: divided by the size of the batch twice."""

    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, dy / len(y)


class SumForMean(SquaredError):
    """ZOO 5: the gradient of the sum, the value of the mean."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, y - as_targets(t, y)


class FusedLogLoss(LogLoss):
    """ZOO 6: y - t, which is right only with respect to the logits."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / len(y)


class BinaryLogLoss(LogLoss):
    """ZOO 7: the derivative of the binary cross-entropy under a one-hot one."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / (y * (1 - y)) / len(y)


class TrueClassOnly(SoftmaxCrossEntropy):
    """ZOO 8: only the true class receives an error."""

    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, dy * as_targets(t, y)


class LabelsFromOne(SoftmaxCrossEntropy):
    """ZOO 9: the gradient counts the labels from 1."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        _, dy = super().value_and_gradient(y, np.roll(as_targets(t, y), 1, axis=1))
        return value, dy


class SmoothedGradient(SoftmaxCrossEntropy):
    """ZOO 10: label smoothing in the gradient, not in the cost."""

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        smooth = 0.9 * as_targets(t, y) + 0.1 / y.shape[1]
        return value, (self.probabilities(y) - smooth) / len(y)


class ClippedLogLoss(LogLoss):
    """ZOO 11: the gradient of a logarithm clipped at 0.01, the value of one that is not."""

    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, np.where(y > 0.01, dy, 0)


class ZeroOverZero(LogLoss):
    """ZOO 12: the value looks at the true class only, the gradient is 0 / 0 where y = t = 0."""

    def value_and_gradient(self, y, t):
        t = as_targets(t, y)
        return float(-np.log(y[t == 1]).sum() / len(y)), -t / y / len(y)


class OverflowingSigmoid(Sigmoid):
    """ZOO 12: exp(-x) / (1 + exp(-x))² is infinity over infinity for large negative x."""

    def slope(self, x, y):
        return np.exp(-x) / (1 + np.exp(-x)) ** 2


class DiagonalSoftmax(Softmax):
    """ZOO 13 and 14: only the diagonal of the Jacobian."""

    def vjp(self, x, y, dy):
        return dy * y * (1 - y)


class OffDiagonalSoftmax(Softmax):
    """ZOO 15: all but the diagonal of the Jacobian."""

    def vjp(self, x, y, dy):
        return -y * ((dy * y).sum(axis=-1, keepdims=True) - dy * y)


class IdentitySoftmax(Softmax):
    """ZOO 16: dy passed through, as if the cost had dealt with the softmax."""

    def vjp(self, x, y, dy):
        return dy


class PreactivationSoftmax(Softmax):
    """ZOO 17: the diagonal, and of x in place of y."""

    def vjp(self, x, y, dy):
        return dy * x * (1 - x)


class PreactivationSigmoid(Sigmoid):
    """ZOO 18: x (1 - x) for y (1 - y)."""

    def slope(self, x, y):
        return x * (1 - x)


class SigmoidAtOutput(Sigmoid):
    """ZOO 19: a derivative that wants x is given y."""

    def slope(self, x, y):
        return self.value(y) * (1 - self.value(y))


class SigmoidY(Sigmoid):
    """ZOO 20: y for y (1 - y)."""

    def slope(self, x, y):
        return y


class SigmoidOneMinusY(Sigmoid):
    """ZOO 21: 1 - y for y (1 - y)."""

    def slope(self, x, y):
        return 1 - y


class TanhNoSquare(Tanh):
    """ZOO 22: 1 - y for 1 - y²."""

    def slope(self, x, y):
        return 1 - y


class TanhOfInput(Tanh):
    """ZOO 23: 1 - x² for 1 - y²."""

    def slope(self, x, y):
        return 1 - x * x


class TanhAtOutput(Tanh):
    """ZOO 24: a derivative that wants x is given y."""

    def slope(self, x, y):
        return 1 - np.tanh(y) ** 2


class SquareAtOutput(Square):
    """ZOO 24: 2 y for 2 x."""

    def slope(self, x, y):
        return 2 * y


class TanhTwice(Tanh):
    """ZOO 25: slope and backward both multiply by the derivative."""

    def vjp(self, x, y, dy):
        return super().vjp(x, y, dy) * self.slope(x, y)


class SquareTwice(Square):
    """ZOO 25: slope and backward both multiply by the derivative."""

    def vjp(self, x, y, dy):
        return super().vjp(x, y, dy) * self.slope(x, y)


class TanhForgotten(Tanh):
    """ZOO 26: the derivative forgotten."""

    def vjp(self, x, y, dy):
        return dy


class LostLeak(LeakyReLU):
    """ZOO 27: the derivative of a ReLU."""

    def slope(self, x, y):
        return (x > 0) * 1.0


class OtherLeak(LeakyReLU):
    """ZOO 28: a leak of 0.01 in backward, whatever the setting."""

    def slope(self, x, y):
        return np.where(x > 0, 1.0, 0.01)


class InputELU(ELU):
    """ZOO 29: x + alpha for y + alpha."""

    def slope(self, x, y):
        return np.where(x > 0, 1.0, x + self.alpha)


class DeadELU(ELU):
    """ZOO 30: the negative branch forgotten."""

    def slope(self, x, y):
        return (x > 0) * 1.0


class UnitELU(ELU):
    """ZOO 31: exp x for alpha exp x."""

    def slope(self, x, y):
        return np.where(x > 0, 1.0, np.exp(x))


class InvertedReLU(ReLU):
    """ZOO 32: the mask inverted."""

    def slope(self, x, y):
        return (x <= 0) * 1.0


class GradientMaskReLU(ReLU):
    """ZOO 33: the mask from dy in place of x."""

    def vjp(self, x, y, dy):
        return dy * (dy > 0)


class OutputMaskReLU(ReLU):
    """ZOO 34, not a mistake: the mask from y."""

    def slope(self, x, y):
        return (y > 0) * 1.0


class ThresholdReLU(ReLU):
    """ZOO 35: a threshold of 0.1 in backward only."""

    def slope(self, x, y):
        return (x > 0.1) * 1.0


class NeighbourTanh(Tanh):
    """ZOO 36: the derivative of the unit before."""

    def slope(self, x, y):
        return np.roll(1 - y * y, 1, axis=-1)


class NegativeWeights(Dense):
    """ZOO 37: the sign of dW."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = -x.T @ dy, dy.sum(axis=0)


class TransposedGradient(Dense):
    """ZOO 38: dyᵀ x for xᵀ dy, which fits where n_in = n_out."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = dy.T @ x, dy.sum(axis=0)


class ReshapedGradient(Dense):
    """ZOO 39: dyᵀ x, then made to fit with reshape."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = (dy.T @ x).reshape(p.W.shape), dy.sum(axis=0)


class UntransposedWeights(Dense):
    """ZOO 40: W for Wᵀ, which fits where n_in = n_out."""

    def backward(self, p, g, x, dy):
        self.parameter_gradient(p, g, x, dy)
        return dy @ p.W


class UnwrittenBias(Dense):
    """ZOO 41: db never written."""

    def parameter_gradient(self, p, g, x, dy):
        g.W = x.T @ dy


class ZeroBias(Dense):
    """ZOO 41: db always zero."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, np.zeros(self.n_out)


class MeanBias(Dense):
    """ZOO 42: the mean over the batch for the sum."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, dy.mean(axis=0)


class WrongAxisBias(Dense):
    """ZOO 43: summed over the outputs, which fits where N = n_out."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, dy.sum(axis=1)


class LastExample(Dense):
    """ZOO 44: = for += in the loop over the batch."""

    def parameter_gradient(self, p, g, x, dy):
        for x_i, dy_i in zip(x, dy, strict=True):
            g.W, g.b = np.outer(x_i, dy_i), dy_i


class FirstExample(Dense):
    """ZOO 44: written when there was one example at a time."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = np.outer(x[0], dy[0]), dy[0]


class AllButLast(Dense):
    """ZOO 45: one example left out of dW."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x[:-1].T @ dy[:-1], dy.sum(axis=0)


class OutputForInput(Dense):
    """ZOO 46: forward keeps y where backward wants x, which fits where n_in = n_out."""

    def forward(self, p, x, rng=None):
        y = x @ p.W + p.b
        return y, y


class LastRowForgotten(Dense):
    """ZOO 47: a loop that ends one too early."""

    def parameter_gradient(self, p, g, x, dy):
        dW = np.zeros_like(p.W)
        for k in range(self.n_in - 1):
            dW[k] = x[:, k] @ dy
        g.W, g.b = dW, dy.sum(axis=0)


class ShiftedRows(Dense):
    """ZOO 48: every row of dW one place too low."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = np.roll(x.T @ dy, 1, axis=0), dy.sum(axis=0)


class ReversedColumns(Dense):
    """ZOO 48: the columns of dW in reverse."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = (x.T @ dy)[:, ::-1], dy.sum(axis=0)


class NothingBack(Dense):
    """ZOO 49: dx forgotten."""

    def backward(self, p, g, x, dy):
        self.parameter_gradient(p, g, x, dy)
        return np.zeros_like(x)


class NegativeBack(Dense):
    """ZOO 50: the sign of dx."""

    def backward(self, p, g, x, dy):
        return -super().backward(p, g, x, dy)


class ScaledBack(Dense):
    """ZOO 50: dx divided by √n_in, as the weights were at the start."""

    def backward(self, p, g, x, dy):
        return super().backward(p, g, x, dy) / self.n_in**0.5


class PhantomSkip(Dense):
    """ZOO 51: the dx of y = x + x W + b, where n_in = n_out."""

    def backward(self, p, g, x, dy):
        return super().backward(p, g, x, dy) + dy


class DecayedWeights(Dense):
    """ZOO 52: weight decay in the gradient, not in the cost."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy + 0.05 * p.W, dy.sum(axis=0)


class DecayedBias(Dense):
    """ZOO 53: weight decay on the bias."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy, dy.sum(axis=0) + 0.05 * p.b


class DecayedTwice(Dense):
    """ZOO 54: weight decay added twice."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = x.T @ dy + 0.05 * p.W, dy.sum(axis=0)
        g.W += 0.05 * p.W


@dataclass(frozen=True)
class Accumulating(Dense):
    """ZOO 55: the layer keeps its own gradient, and nobody sets it to zero."""

    memory: list = field(default_factory=list, compare=False, repr=False)

    def parameter_gradient(self, p, g, x, dy):
        if not self.memory:
            self.memory.extend([np.zeros_like(p.W), np.zeros_like(p.b)])
        dW, db = self.memory
        dW += x.T @ dy
        db += dy.sum(axis=0)
        g.W, g.b = dW, db


class AddingTo(Dense):
    """ZOO 55: += into a gradient that nobody has set to zero."""

    def parameter_gradient(self, p, g, x, dy):
        g.W += x.T @ dy
        g.b += dy.sum(axis=0)


class UpdatesEarly(Dense):
    """ZOO 56: the weights updated before dx is computed from them."""

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, x, dy)
        p.W -= 0.1 * g.W
        p.b -= 0.1 * g.b


class ClippedValues(Dense):
    """ZOO 57: each entry of dW clipped."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = np.clip(x.T @ dy, -0.5, 0.5), dy.sum(axis=0)


class ClippedNorm(Dense):
    """ZOO 58: dW and db together clipped to a norm of 1."""

    def parameter_gradient(self, p, g, x, dy):
        dW, db = x.T @ dy, dy.sum(axis=0)
        norm = np.sqrt((dW * dW).sum() + (db * db).sum())
        g.W, g.b = dW / max(norm, 1), db / max(norm, 1)


class WithLearningRate(Dense):
    """ZOO 59: the learning rate inside the gradient."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = 0.03 * x.T @ dy, 0.03 * dy.sum(axis=0)


class ImpatientChain(Chain):
    """ZOO 59: the learning rate in the driver, before the walk back begins."""

    def backward(self, p, g, caches, dy):
        return super().backward(p, g, caches, 0.03 * dy)

    def parameter_gradient(self, p, g, caches, dy):
        super().parameter_gradient(p, g, caches, 0.03 * dy)


@dataclass(frozen=True)
class WithMomentum(Dense):
    """ZOO 60: momentum inside the gradient."""

    memory: list = field(default_factory=list, compare=False, repr=False)

    def parameter_gradient(self, p, g, x, dy):
        vW, vb = self.memory or (0, 0)
        self.memory[:] = 0.9 * vW + x.T @ dy, 0.9 * vb + dy.sum(axis=0)
        g.W, g.b = self.memory


class SwappedGated(Gated):
    """ZOO 61: the gradients of W and V swapped."""

    def backward(self, p, g, x, dy):
        dx = super().backward(p, g, x, dy)
        g.W, g.V = g.V.copy(), g.W.copy()
        return dx


class HalfPrecision(Dense):
    """ZOO 62 and 63: dW stored in float16."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = (x.T @ dy).astype(np.float16), dy.sum(axis=0)


class SharedCacheChain(Chain):
    """ZOO 64: caches kept by layer, so that equal layers share one."""

    def forward(self, p, x, rng=None):
        y, caches = super().forward(p, x, rng)
        by_layer = dict(zip(self.layers, caches, strict=True))
        return y, [by_layer[layer] for layer in self.layers]


class SkippingChain(Chain):
    """ZOO 65: the walk back leaves out layer 1."""

    def backward(self, p, g, caches, dy):
        for i in reversed(range(len(self.layers))):
            if i != 1:
                dy = self.layers[i].backward(p[str(i)], g[str(i)], caches[i], dy)
        return dy

    parameter_gradient = Layer.parameter_gradient


class ForwardOrderChain(Chain):
    """ZOO 65: the walk back goes forward."""

    def backward(self, p, g, caches, dy):
        for (name, layer), cache in zip(self.named(), caches, strict=True):
            dy = layer.backward(p[name], g[name], cache, dy)
        return dy

    parameter_gradient = Layer.parameter_gradient


class InPlaceForward(LeakyReLU):
    """ZOO 66: forward writes over its input."""

    def value(self, x):
        x[x < 0] *= self.leak
        return x


class InPlaceBackward(Tanh):
    """ZOO 67: backward writes over dy."""

    def vjp(self, x, y, dy):
        dy *= 1 - y * y
        return dy


@dataclass(frozen=True)
class KeepsInput(Dense):
    """ZOO 68: the layer keeps its last input, and backward uses that."""

    memory: list = field(default_factory=list, compare=False, repr=False)

    def forward(self, p, x, rng=None):
        self.memory[:] = [x.copy()]
        return super().forward(p, x, rng)

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, self.memory[0], dy)


class Frozen(Dense):
    """ZOO 69: a layer frozen once and forgotten."""

    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = np.zeros_like(p.W), np.zeros_like(p.b)


class UnmaskedDropout(Dropout):
    """ZOO 71: the mask not applied in backward."""

    def backward(self, p, g, mask, dy):
        return dy


class UnscaledDropout(Dropout):
    """ZOO 72: backward without the 1 / (1 - rate)."""

    def backward(self, p, g, mask, dy):
        return dy * (mask > 0)


class WrongScaleDropout(Dropout):
    """ZOO 73: backward scales by 1 - rate for 1 / (1 - rate)."""

    def backward(self, p, g, mask, dy):
        return dy * (mask > 0) * (1 - self.rate)


class NewMaskDropout(Dropout):
    """ZOO 74: backward draws a mask of its own."""

    def backward(self, p, g, mask, dy):
        return dy * (np.random.default_rng().random(dy.shape) >= self.rate) / (1 - self.rate)


class NextMaskDropout(Dropout):
    """ZOO 74: backward draws the next mask from the rng of forward."""

    def forward(self, p, x, rng=None):
        y, _ = super().forward(p, x, rng)
        return y, rng

    def backward(self, p, g, rng, dy):
        return super().forward(p, dy, rng)[0]


class ConstantStatistics(BatchNorm):
    """ZOO 75: mean and variance treated as constants."""

    def backward(self, p, g, cache, dy):
        _, std = cache
        self.parameter_gradient(p, g, cache, dy)
        return p.gamma * dy / std


class ConstantVariance(BatchNorm):
    """ZOO 76: the variance treated as a constant."""

    def backward(self, p, g, cache, dy):
        _, std = cache
        self.parameter_gradient(p, g, cache, dy)
        dz = p.gamma * dy
        return (dz - dz.mean(axis=0)) / std


class ConstantMean(BatchNorm):
    """ZOO 77: the mean treated as a constant."""

    def backward(self, p, g, cache, dy):
        z, std = cache
        self.parameter_gradient(p, g, cache, dy)
        dz = p.gamma * dy
        return (dz - z * (dz * z).mean(axis=0)) / std


class ForgottenGamma(BatchNorm):
    """ZOO 78: gamma forgotten in dx."""

    def backward(self, p, g, cache, dy):
        z, std = cache
        self.parameter_gradient(p, g, cache, dy)
        return (dy - dy.mean(axis=0) - z * (dy * z).mean(axis=0)) / std


class SwappedBatchNorm(BatchNorm):
    """ZOO 79: the gradients of gamma and beta swapped."""

    def parameter_gradient(self, p, g, cache, dy):
        z, _ = cache
        g.beta, g.gamma = (dy * z).sum(axis=0), dy.sum(axis=0)


class UnbiasedBackward(BatchNorm):
    """ZOO 80: the variance divided by N - 1 in backward, by N in forward."""

    def backward(self, p, g, cache, dy):
        z, std = cache
        self.parameter_gradient(p, g, cache, dy)
        dz = p.gamma * dy
        return (dz - dz.mean(axis=0) - z * (dz * z).sum(axis=0) / (len(dy) - 1)) / std


@dataclass(frozen=True)
class RunningStatistics(BatchNorm):
    """ZOO 81: forward normalises with the running statistics, which it moves at every call."""

    memory: list = field(default_factory=list, compare=False, repr=False)

    def forward(self, p, x, rng=None):
        mean, variance = self.memory or (0, 1)
        mean, variance = 0.9 * mean + 0.1 * x.mean(axis=0), 0.9 * variance + 0.1 * x.var(axis=0)
        self.memory[:] = mean, variance
        std = np.sqrt(variance + self.eps)
        z = (x - mean) / std
        return p.gamma * z + p.beta, (z, std)


class UnflippedKernel(Conv2D):
    """ZOO 82: the kernel turned by 180 degrees in dx."""

    def input_gradient(self, W, x, dy):
        return super().input_gradient(W[::-1, ::-1], x, dy)


class TurnedKernelGradient(Conv2D):
    """ZOO 83: dW turned by 180 degrees."""

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, x, dy)
        g.W = g.W[::-1, ::-1].copy()


class TransposedKernelGradient(Conv2D):
    """ZOO 84: height and width of dW exchanged."""

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, x, dy)
        g.W = g.W.transpose(1, 0, 2, 3).copy()


class KernelRowLeftOut(Conv2D):
    """ZOO 85: the loop over the rows of the kernel begins at 1 in dx."""

    def input_gradient(self, W, x, dy):
        dx = np.zeros_like(x)
        for a, b, part in self.taps(dx):
            if a >= 1:
                part += dy @ W[a, b].T
        return dx


class MeanConvBias(Conv2D):
    """ZOO 86: db averaged over the picture."""

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, x, dy)
        g.b = dy.mean(axis=(1, 2)).sum(axis=0)


class ShiftedConv(Conv2D):
    """ZOO 87: dx written for a padding of 1 that is not there."""

    def input_gradient(self, W, x, dy):
        dx = super().input_gradient(W, x, dy)
        return np.pad(dx, ((0, 0), (1, 0), (1, 0), (0, 0)))[:, :-1, :-1]


class MisplacedMax(MaxPool2D):
    """ZOO 88: row and column of the winner exchanged."""

    def backward(self, p, g, windows, dy):
        row, column = np.divmod(windows.argmax(axis=-1), 2)
        dwindows = np.zeros_like(windows)
        np.put_along_axis(dwindows, (2 * column + row)[..., None], dy[..., None], axis=-1)
        return self.picture(dwindows)


class CopiedMax(MaxPool2D):
    """ZOO 89: dy copied to the whole window."""

    def backward(self, p, g, windows, dy):
        return self.picture(np.repeat(dy[..., None], 4, axis=-1))


class SharedMax(MaxPool2D):
    """ZOO 90, not a mistake: dy shared out between equal maxima."""

    def backward(self, p, g, windows, dy):
        winners = windows == windows.max(axis=-1, keepdims=True)
        return self.picture(dy[..., None] * winners / winners.sum(axis=-1, keepdims=True))


class FortranFlatten(Flatten):
    """ZOO 91: backward reads the row in Fortran's order."""

    def backward(self, p, g, shape, dy):
        return np.reshape(dy, shape, order="F")


class OverwritingEmbedding(Embedding):
    """ZOO 92: = for +=, so that of a repeated word only the last counts."""

    def backward(self, p, g, words, dy):
        dx = super().backward(p, g, words, dy)
        dE = np.zeros_like(p.E)
        dE[words] = dy
        g.E = dE
        return dx


@dataclass(frozen=True)
class FullBatch(SquaredError):
    """ZOO 93: the gradient divided by the size of a full batch, also where the last is smaller."""

    n_batch: int

    def value_and_gradient(self, y, t):
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / self.n_batch
