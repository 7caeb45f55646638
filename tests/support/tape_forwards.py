"""Forwards written in the ways in which people write them, by name, each with the arrays that it takes."""

import functools
import warnings

import numpy as np
from numpy import asarray, empty, zeros

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4))
W = RNG.normal(size=(4, 2))
B = RNG.normal(size=2)
V = RNG.normal(size=5)
S = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
IDS = np.array([0, 2, 0, 1])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def dense(x, w, b=B):
    return np.tanh(x @ w + b)


def recurrent(x, w):
    h = np.zeros((len(x), 2))
    out = []
    for t in range(4):
        h = np.tanh(h + x[:, t, None] * w[t])
        out.append(h)
    return np.stack(out, axis=1)


def written_into_zeros(x, w):
    y = zeros((3, 2))
    for i in range(3):
        for j in range(2):
            y[i, j] = np.sum(x[i] * w[:, j] ** 2)
    return y


def added_up(x, w):
    total = np.zeros((3, 2))
    for k in range(4):
        total += x[:, k, np.newaxis] * w[k]
    return total / 2


def a_convolution(v, w):
    y = np.empty((4, 2))
    for t in range(4):
        y[t] = v[t : t + 2] @ w[:2] + v[t] * v[t + 1]
    return y


def changed_in_place(x):
    x = x * 1
    x += 1
    x *= x
    x /= 3
    x -= x[:, :1]
    x[0] -= x[1]
    x[1:, ::2] **= 2
    return x


def scattered(x):
    table = np.zeros((3, 3))
    np.add.at(table, IDS, x.T**2)
    np.subtract.at(table, [1], x[:, 0])
    return table


def out_of_ufuncs(x, w):
    y = empty((3, 2))
    np.matmul(x, w, out=y)
    np.multiply(y, y, out=y)
    return np.exp(y, out=np.zeros_like(y))


def out_where(x):
    return np.divide(1.0, x, out=x * 3, where=x > 0.1)


def out_of_functions(x):
    y = np.zeros(3)
    np.sum(x**2, axis=1, out=y)
    z = np.zeros(4)
    x.mean(axis=0, out=z)
    return y * 2, z**2


def sorted_in_place(x):
    y = x * 2
    y.sort(axis=1)
    return y * np.arange(4)


def changed_by_functions(s):
    y, z, at = s * 1, np.zeros(s.shape), np.argmax(s, axis=1)[:, None]
    np.fill_diagonal(y, 0.5)
    np.copyto(z, y**2)
    np.put_along_axis(z, at, s.max(axis=1, keepdims=True), 1)
    np.put(y, [1, 2], s[0, :2] ** 2)
    np.putmask(z, s > 1, s**3)
    return y, z


def norms(x):
    return np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(x, ord=1, axis=0, keepdims=True)


def solved(s):
    return np.linalg.inv(s), np.linalg.solve(s, np.arange(4.0)), np.linalg.slogdet(s)[1], np.linalg.det(s)


def decomposed(s):
    u, values, _ = np.linalg.svd(s)
    return values, abs(u), np.linalg.eigh(s + s.T).eigenvalues, np.linalg.qr(s).R


def statistics(x):
    z = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return z, x.std(axis=0), np.var(x, ddof=1), np.mean(x, 0), np.std(x), np.median(x, axis=1)


def in_order(x):
    return np.sort(x, axis=1), np.cumsum(x, 0), x.cumprod(axis=1), np.take_along_axis(x, np.argsort(x, 1), 1) ** 2


def taken_apart(x):
    left, right = np.split(x, 2, axis=1)
    a, b, *rest = x
    return np.concatenate([right**2, left], axis=1), np.stack([a, b * a]), np.vstack(rest), np.hstack([a, b])


def reshaped(x):
    y = x.reshape(2, -1) ** 2
    return y.T, x.transpose(1, 0) @ x, np.moveaxis(x[None], 0, 1), np.pad(x, 1, mode="reflect"), y.ravel(), y.flatten()


def chosen(x):
    return np.where(x > 0, x**2, np.exp(x)), np.maximum(x, 0.1), np.clip(x, -0.5, 0.5), x[x > 0] ** 2, x.max(axis=1)


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(x, w):
    q, k = x @ w, np.tanh(x) @ w
    scores = np.einsum("id,jd->ij", q, k) / np.sqrt(2)
    scores = scores + np.where(np.tri(3) > 0, 0.0, -1e30)
    return softmax(scores) @ x


def masked_attention(x, w):
    scores = (x @ w) @ (x @ w).T
    scores[np.triu_indices(3, 1)] = -np.inf
    p = softmax(np.where(np.tri(3) > 0, scores, -np.inf))
    return p @ x, np.maximum(scores, -1).sum(axis=1)


def with_numbers_of_their_own(v):
    return sum(v) + max(v) * min(v) + abs(v[0]) + v[1] ** v[2] ** 2 + divmod(v[3], 0.7)[1] - +v[4]


def arrays_of_numbers(v):
    return np.array([[a * b for a in v] for b in v]), np.array([v[0] * v[1], v[2], 1.0]), np.r_[v, 1.0, v**2]


def as_dict(x, w):
    return {"y": x @ w, "hidden": [x**2, (x[0], np.sum(w))]}


def itself(x):
    return x, x, 2 * x


def not_only_moving(x):
    return x**2, np.ones(3) + np.zeros_like(x[:, 0])


def nested(x):
    def twice(y):
        return np.asarray(y + scale * np.ones_like(y))

    scale = 2.0
    return twice(twice(x)) * sigmoid(x)


def in_closure(factor):
    table = np.array([1.0, 2, 3, 4])

    def scaled(x):
        return factor * sigmoid(x) * table + asarray(x)

    return scaled


def wrapped(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return np.tanh(function(*args, **kwargs))

    return inner


@wrapped
def decorated(x, power=2):
    y = np.zeros(x.shape)
    y[:] = x
    return y**power


def with_attribute(x):
    return with_attribute.scale * x**2


with_attribute.scale = 3.0


class Gate:
    def __init__(self, scale):
        self.scale = scale

    def forward(self, x):
        y = np.zeros(x.shape)
        y[:] = sigmoid(x) * self.scale
        return y * x

    def __call__(self, x):
        y = np.zeros(x.shape)
        y[1:] = x[:-1] ** 2
        return y * self.scale


def recursive(x, depth=3):
    return x if depth == 0 else np.sin(recursive(x, depth - 1)) + x


def real_part(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy says that the rest is lost
        return np.tanh((x * np.exp(1j * x)).astype(float))


FORWARDS = {
    **{"dense": (dense, X, W, B), "recurrent": (recurrent, X, W), "written": (written_into_zeros, X, W)},
    **{"added up": (added_up, X, W), "convolution": (a_convolution, V, W), "in place": (changed_in_place, X)},
    **{"scattered": (scattered, X), "out": (out_of_ufuncs, X, W), "out where": (out_where, X)},
    **{"out of functions": (out_of_functions, X), "sorted": (sorted_in_place, X)},
    **{"changed": (changed_by_functions, S), "norms": (norms, X), "solved": (solved, S), "decomposed": (decomposed, S)},
    **{"statistics": (statistics, X), "order": (in_order, X), "apart": (taken_apart, X), "reshaped": (reshaped, X)},
    **{
        "chosen": (chosen, X),
        "attention": (attention, X, W),
        "masked": (masked_attention, X, W),
        "numbers": (with_numbers_of_their_own, abs(V)),
    },
    **{"of numbers": (arrays_of_numbers, V), "dict": (as_dict, X, W), "itself": (itself, X)},
    **{"constant": (not_only_moving, X), "nested": (nested, X), "closure": (in_closure(3.0), X)},
    **{"decorated": (decorated, X), "attribute": (with_attribute, X), "method": (Gate(0.7).forward, X)},
    **{"object": (Gate(0.7), X), "recursive": (recursive, X)},
    "partial": (functools.partial(dense, b=2 * B), X, W),
    "lambda": (lambda x, w, b: dense(x, w) * b + np.dot(x, w), X, W, B),
    "einsum": (lambda x, w: np.einsum("ij,jk,ik->k", x, w, np.tensordot(x, w, 1)), X, W),
    "products": (
        lambda v, w: (np.outer(v, v), np.kron(v, v), np.convolve(v, v), v.dot(v), np.multiply.outer(v, w)),
        V,
        B,
    ),
    "reduced": (
        lambda x: (np.logaddexp.reduce(x, axis=1), np.add.reduce(x), x.sum(where=x > 0), np.prod(x, axis=0)),
        X,
    ),
    "table": (lambda x: x[IDS[:2]] * x[[0, 1], 1:2] + x.take([3, 1], axis=1)[:2, :1], X),
    "number": (lambda x: np.sum(x * x) ** 0.5, X),
    "filtered": (lambda x, w: np.fft.irfft(np.fft.rfft(x.T, 8) * np.fft.rfft(w.T[:, :3], 8).conj()[0], 8), X, W),
    "spectrum": (lambda x: (np.abs(np.fft.fft(x)) + np.fft.fft2(x).imag, np.fft.fft(x).real ** 2), X),
    "complex": (lambda x: np.exp(1j * x.astype(complex) + np.array([1j, 2, 3j, 1])).real * x, X),
    "complex made real": (real_part, X),
    "0-d": (lambda a, x: a**2 * np.sin(a) * x, np.array(1.5), X),
}
