"""Right layers and a right cost that inkgrad does not have: the wrong ones of the zoo are made from them."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from inkgrad.costs import Cost, as_targets
from inkgrad.layers import Elementwise, Layer


class Square(Elementwise):
    """y = x²."""

    def value(self, x):
        return x * x

    def slope(self, x, y):
        return 2 * x


@dataclass(frozen=True)
class Gated(Layer):
    """y = x W ⊙ x V, for x (N, n_in), W and V (n_in, n_out)."""

    n_in: int
    n_out: int

    def shapes(self):
        return {"W": (self.n_in, self.n_out), "V": (self.n_in, self.n_out)}

    def init(self, p, rng):
        p.W = rng.normal(0, self.n_in**-0.5, p.W.shape)
        p.V = rng.normal(0, self.n_in**-0.5, p.V.shape)

    def input_shape(self):
        return (self.n_in,)

    def output_shape(self, input_shape):
        return (self.n_out,)

    def forward(self, p, x, rng=None):
        return (x @ p.W) * (x @ p.V), x

    def backward(self, p, g, x, dy):
        by_W, by_V = dy * (x @ p.V), dy * (x @ p.W)
        g.W, g.V = x.T @ by_W, x.T @ by_V
        return by_W @ p.W.T + by_V @ p.V.T


@dataclass(frozen=True)
class Conv2D(Layer):
    """y_hw = sum_ab x_(sh+a)(sw+b) W_ab + b with stride s, for x (N, h, w, c_in) and W (k, k, c_in, c_out)."""

    c_in: int
    c_out: int
    k: int = 3
    stride: int = 1

    def shapes(self):
        return {"W": (self.k, self.k, self.c_in, self.c_out), "b": (self.c_out,)}

    def init(self, p, rng):
        p.W = rng.normal(0, (2 / (self.k * self.k * self.c_in)) ** 0.5, p.W.shape)
        p.b = np.zeros(p.b.shape)

    def output_shape(self, input_shape):
        h, w, _ = input_shape
        return (h - self.k) // self.stride + 1, (w - self.k) // self.stride + 1, self.c_out

    def taps(self, x):
        """Return a and b of each place in the kernel, with the view of x that W_ab meets."""
        h, w, _ = self.output_shape(x.shape[1:])
        s = self.stride
        for a, b in product(range(self.k), repeat=2):
            yield a, b, x[:, a : a + s * h : s, b : b + s * w : s]

    def forward(self, p, x, rng=None):
        return sum(part @ p.W[a, b] for a, b, part in self.taps(x)) + p.b, x

    def backward(self, p, g, x, dy):
        self.parameter_gradient(p, g, x, dy)
        return self.input_gradient(p.W, x, dy)

    def input_gradient(self, W, x, dy):
        dx = np.zeros_like(x)
        for a, b, part in self.taps(dx):
            part += dy @ W[a, b].T
        return dx

    def parameter_gradient(self, p, g, x, dy):
        dW = np.zeros_like(p.W)
        for a, b, part in self.taps(x):
            dW[a, b] = np.tensordot(part, dy, axes=((0, 1, 2), (0, 1, 2)))
        g.W, g.b = dW, dy.sum(axis=(0, 1, 2))


class MaxPool2D(Layer):
    """y is the largest of each 2 × 2 window of x (N, h, w, c), for even h and w; of equal ones, the first."""

    def output_shape(self, input_shape):
        h, w, c = input_shape
        return h // 2, w // 2, c

    def windows(self, x):
        """Return the four numbers of each window, as (N, h / 2, w / 2, c, 4)."""
        n, h, w, c = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)

    def picture(self, windows):
        """Return the picture that has these windows."""
        n, h, w, c, _ = windows.shape
        return windows.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, c)

    def forward(self, p, x, rng=None):
        windows = self.windows(x)
        return windows.max(axis=-1), windows

    def backward(self, p, g, windows, dy):
        dwindows = np.zeros_like(windows)
        np.put_along_axis(dwindows, windows.argmax(axis=-1)[..., None], dy[..., None], axis=-1)
        return self.picture(dwindows)


@dataclass(frozen=True)
class BatchNorm(Layer):
    """y = gamma z + beta with z = (x - mean) / √(variance + eps), both over the batch."""

    n: int
    eps: float = 1e-5

    def shapes(self):
        return {"gamma": (self.n,), "beta": (self.n,)}

    def init(self, p, rng):
        p.gamma, p.beta = np.ones(self.n), np.zeros(self.n)

    def input_shape(self):
        return (self.n,)

    def forward(self, p, x, rng=None):
        std = np.sqrt(x.var(axis=0) + self.eps)
        z = (x - x.mean(axis=0)) / std
        return p.gamma * z + p.beta, (z, std)

    def backward(self, p, g, cache, dy):
        z, std = cache
        self.parameter_gradient(p, g, cache, dy)
        dz = p.gamma * dy
        return (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std

    def parameter_gradient(self, p, g, cache, dy):
        z, _ = cache
        g.gamma, g.beta = (dy * z).sum(axis=0), dy.sum(axis=0)


@dataclass(frozen=True)
class Embedding(Layer):
    """y_i = E[x_i mod n_words], for x (N, 1) of whole numbers and E (n_words, n_out)."""

    n_words: int
    n_out: int

    def shapes(self):
        return {"E": (self.n_words, self.n_out)}

    def init(self, p, rng):
        p.E = rng.normal(0, 1, p.E.shape)

    def output_shape(self, input_shape):
        return (self.n_out,)

    def forward(self, p, x, rng=None):
        words = np.rint(x[:, 0]).astype(int) % self.n_words
        return p.E[words], words

    def backward(self, p, g, words, dy):
        dE = np.zeros_like(p.E)
        np.add.at(dE, words, dy)
        g.E = dE
        return np.zeros((len(dy), 1))


class LogLoss(Cost):
    """C = - 1/N sum_i sum_k t_ik log y_ik, for probabilities y and rows t that sum to 1."""

    def value_and_gradient(self, y, t):
        t = as_targets(t, y)
        return float(-(t * np.log(y)).sum() / len(y)), -t / y / len(y)
