"""The zoo of functions of NumPy: mistakes that need a word of their own, each by its name on five seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from inkgrad.check import check_function, check_vjp
from inkgrad.errors import SettingError

SEEDS = range(5)


@dataclass(frozen=True)
class Row:
    """A mistake: `build(rng)` gives a function, its backward and its arrays; `kinds` are what may be said of each array
    whose gradient is wrong, `words` what must stand in the message of one."""

    name: str
    build: Callable
    kinds: dict
    words: str = ""
    check: Callable = check_vjp


def sizes(rng, n=3):
    """Return n different primes, so that no size can be taken for another."""
    return [int(size) for size in rng.permutation([3, 5, 7, 11])[:n]]


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# Where dy does not arrive as it should.


def sine_without_dy(rng):
    return np.sin, lambda dy, x: np.cos(x), rng.normal(size=sizes(rng, 2))


def row_sums_without_dy(rng):
    return lambda x: (x**2).sum(axis=1), lambda dy, x: 2 * x, rng.normal(size=sizes(rng, 2))


def weights_without_dy(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ np.ones_like(dy)), x, w


def loss_without_dy(rng):
    return lambda x: (x**2).sum(), lambda dy, x: 2 * x, rng.normal(size=sizes(rng, 2))


def cross_entropy_partly(rng):
    n, k = sizes(rng, 2)
    t = np.eye(k)[rng.integers(0, k, n)]

    def f(x):
        return np.log(np.exp(x).sum(axis=1)) - (x * t).sum(axis=1)

    return f, lambda dy, x: softmax(x) - t * dy[:, np.newaxis], rng.normal(size=(n, k))


def penalty_partly(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy + 0.1 * np.sign(w)), x, w


def residual_partly(rng):
    return lambda x: x + x**3, lambda dy, x: dy + 3 * x**2, rng.normal(size=sizes(rng, 2))


def loss_partly(rng):
    def f(x):
        return (x**2).sum() + np.sin(x).sum()

    return f, lambda dy, x: 2 * x * dy + np.cos(x), rng.normal(size=sizes(rng, 2))


def decayed(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy + 0.1 * w), x, w


def doubled_cost(rng):
    return lambda x: (x**2).sum(), lambda x: 4 * x, rng.normal(size=sizes(rng, 2))


# Outputs whose dy never arrives.


def second_columns_ignored(rng):
    n, k = sizes(rng, 2)

    def f(x):
        return np.hstack([np.sin(x), np.cos(x) * x])

    return f, lambda dy, x: dy[:, :k] * np.cos(x), rng.normal(size=(n, k))


def second_of_a_tuple_ignored(rng):
    n, k = sizes(rng, 2)
    return (
        lambda x, w: (np.tanh(x @ w), (x**3).sum(axis=1)),
        lambda dy, x, w: (
            (dy[0] * (1 - np.tanh(x @ w) ** 2)) @ w.T,
            x.T @ (dy[0] * (1 - np.tanh(x @ w) ** 2)),
        ),
        rng.normal(size=(n, k)),
        rng.normal(size=(k, 4)),
    )


def state_of_a_dict_ignored(rng):
    n, k = sizes(rng, 2)
    return (
        lambda x: {"y": np.sin(x), "state": x[-1] ** 2},
        lambda dy, x: dy["y"] * np.cos(x),
        rng.normal(size=(n, k)),
    )


def last_step_alone(rng):
    n, steps, k = sizes(rng)

    def f(x, w):
        return np.cumsum(x, axis=1) * w

    def vjp(dy, x, w):
        only = np.zeros_like(dy)
        only[:, -1] = dy[:, -1]
        return np.cumsum((only * w)[:, ::-1], axis=1)[:, ::-1], (dy * np.cumsum(x, axis=1)).sum(axis=(0, 1))

    return f, vjp, rng.normal(size=(n, steps, k)), rng.normal(size=k)


def every_other_step(rng):
    n, steps, k = sizes(rng)

    def vjp(dy, x):
        some = dy.copy()
        some[:, 1::2] = 0
        return np.cumsum(some[:, ::-1], axis=1)[:, ::-1] * np.cos(x)

    return lambda x: np.cumsum(np.sin(x), axis=1), vjp, rng.normal(size=(n, steps, k))


# Sums over too much, too little, or over nothing as each overwrites the last.


def bias_of_one_step(rng):
    n, steps, k = sizes(rng)
    return (
        lambda x, b: np.tanh(x) + b,
        lambda dy, x, b: (dy * (1 - np.tanh(x) ** 2), dy[:, -1].sum(axis=0)),
        (rng.normal(size=(n, steps, k))),
        rng.normal(size=k),
    )


def bias_of_every_row(rng):
    n, k = sizes(rng, 2)
    return lambda x, b: x + b, lambda dy, x, b: (dy, dy), rng.normal(size=(n, k)), rng.normal(size=k)


def scale_of_every_step(rng):
    n, steps, k = sizes(rng)
    x, s = rng.normal(size=(n, steps, k)), rng.normal(size=(1, 1, k))
    return lambda x, s: x * s, lambda dy, x, s: (dy * s, (dy * x).sum(axis=0, keepdims=True)), x, s


def scale_of_heads_summed(rng):
    n, heads, k = sizes(rng)
    x, s = rng.normal(size=(n, heads, k)), rng.normal(size=(heads, k))

    def vjp(dy, x, s):
        return dy * s, np.broadcast_to((dy * x).sum(axis=(0, 1)), s.shape)

    return lambda x, s: x * s, vjp, x, s


def places_summed(rng):
    n, steps, k = sizes(rng)
    x, p = rng.normal(size=(n, steps, k)), rng.normal(size=(steps, k))
    return lambda x, p: x + p, lambda dy, x, p: (dy, dy.sum(axis=(0, 1))), x, p


def input_summed(rng):
    n, k = sizes(rng, 2)
    x, w = rng.normal(size=(n, k)), rng.normal(size=(k, 4))

    def vjp(dy, x, w):
        return np.broadcast_to((dy @ w.T).sum(axis=0), x.shape), x.T @ dy

    return lambda x, w: x @ w, vjp, x, w


def transposed_shape(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, dy.T @ x), x, w


def windows_overwrite(rng):
    n, long = sizes(rng, 2)
    width = 2

    def f(x):
        return np.lib.stride_tricks.sliding_window_view(np.sin(x), width, axis=1).copy()

    def vjp(dy, x):
        g = np.zeros_like(x)
        for k in range(dy.shape[1]):
            g[:, k : k + width] = dy[:, k]
        return g * np.cos(x)

    return f, vjp, rng.normal(size=(n, long))


def repeated_words_overwrite(rng):
    n_words, k = 5, 3
    words = rng.integers(0, n_words, (2, 11))

    def vjp(dy, table):
        g = np.zeros_like(table)
        g[words] = dy
        return g

    return lambda table: table[words], vjp, rng.normal(size=(n_words, k))


def rows_overwrite(rng):
    rows = np.array([0, 2, 2, 4, 2])

    def backward(dy, table):
        dtable = np.zeros_like(table)
        dtable[rows] += dy
        return dtable

    return lambda table: table[rows], backward, rng.normal(size=(5, 3))


def few_words_overwrite(rng):
    words = np.array([[0, 1, 1], [2, 0, 1]])

    def vjp(dy, table):
        g = np.zeros_like(table)
        g[words] = dy
        return g

    return lambda table: table[words], vjp, rng.normal(size=(5, 3))


def bins_overwrite(rng):
    into = rng.integers(0, 3, 11)

    def f(x):
        return x[into] ** 2 * np.arange(1, 12)

    def vjp(dy, x):
        g = np.zeros_like(x)
        g[into] = dy * np.arange(1, 12) * 2 * x[into]
        return g

    return f, vjp, rng.normal(size=3)


# Where forward is flat, or reads what backward does not.


def clamp_forgotten(rng):
    return lambda x: np.minimum(x**2, 1), lambda dy, x: 2 * x * dy, 1.5 * rng.normal(size=sizes(rng, 2))


def mask_not_applied(rng):
    shape = sizes(rng, 2)
    mask = rng.random(shape) < 0.6
    return lambda x: np.sin(x) * mask, lambda dy, x: np.cos(x) * dy, rng.normal(size=shape)


def ignored_rows(rng):
    n, k = sizes(rng, 2)
    t, keep = np.eye(k)[rng.integers(0, k, n)], np.arange(n) % 3 != 1

    def f(x):
        return ((np.log(np.exp(x).sum(axis=1)) - (x * t).sum(axis=1)) * keep).sum()

    return f, lambda x: softmax(x) - t, rng.normal(size=(n, k))


def stride_forgotten(rng):
    n, k = sizes(rng, 2)

    def f(x):
        y = np.zeros((n, 2 * k))
        y[:, ::2] = np.sin(x)
        return y

    return f, lambda dy, x: dy[:, :k] * np.cos(x), rng.normal(size=(n, k))


# Where a padding has another backward, or none.


def correlated(x, w, stride=1):
    """Return the correlation of rows (N, L) with w, without padding."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(w), axis=1)
    return windows[:, ::stride] @ w


def spread(dy, w, length, stride=1):
    """Return the gradient of `correlated` in x, of some length."""
    g = np.zeros((len(dy), length))
    for k in range(dy.shape[1]):
        g[:, stride * k : stride * k + len(w)] += dy[:, [k]] * w
    return g


def padded(mode, backward_mode=None, stride=1, before=2, after=2, outer=False):
    """Return what builds a padded filter whose backward folds back as another padding does, or crops."""

    def build(rng):
        n, length = 3, int(rng.choice([11, 13]))
        w = rng.normal(size=4)
        places = np.pad(np.arange(length), (before, after), backward_mode) if backward_mode else None

        def f(x):
            y = correlated(np.pad(x, ((0, 0), (before, after)), mode), w, stride)
            return np.tanh(y) if outer else y

        def vjp(dy, x):
            inner = dy * (1 - f(x) ** 2) if outer else dy
            g = spread(inner, w, before + length + after, stride)
            if places is None:
                return g[:, before : before + length]
            found = np.zeros_like(x)
            np.add.at(found, (slice(None), places), g)
            return found

        return f, vjp, rng.normal(size=(n, length))

    return build


def padded_picture(mode):
    def build(rng):
        n, height, width = 2, 7, int(rng.choice([9, 11]))
        w = rng.normal(size=(3, 3))

        def f(x):
            wide = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode)
            return np.einsum("nyxhw,hw->nyx", np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (1, 2)), w)

        def vjp(dy, x):
            wide = np.pad(dy, ((0, 0), (1, 1), (1, 1)))
            turned = w[::-1, ::-1]
            return np.einsum("nyxhw,hw->nyx", np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (1, 2)), turned)

        return f, vjp, rng.normal(size=(n, height, width))

    return build


def dy_padded(mode):
    """Same-size filter with zeros beyond the ends, whose backward pads dy with something else."""

    def build(rng):
        w = rng.normal(size=5)

        def vjp(dy, x):
            return correlated(np.pad(dy, ((0, 0), (2, 2)), mode), w[::-1])

        return lambda x: correlated(np.pad(x, ((0, 0), (2, 2))), w), vjp, rng.normal(size=(3, 13))

    return build


def first_step_doubled(rng):
    def vjp(dy, x):
        g = np.cumsum(dy[:, ::-1], axis=1)[:, ::-1] * np.cos(x)
        g[:, :1] += np.sin(3 * x[:, :1]) * dy[:, :1]
        return g

    return lambda x: np.cumsum(np.sin(x), axis=1), vjp, rng.normal(size=(3, 13))


# What may be meant: matrices that are symmetric, steps.


def squared_matrix(rng):
    def vjp(dy, a):
        g = dy @ a.T + a.T @ dy
        return (g + g.T) / 2

    n = sizes(rng, 1)[0]
    return lambda a: a @ a, vjp, rng.normal(size=(n, n))


def lower_triangle_read(rng):
    def whole(a):
        return np.tril(a) + np.tril(a, -1).T

    def vjp(dy, a):
        g = 2 * dy * whole(a)
        return (g + g.T) / 2

    n = sizes(rng, 1)[0]
    return lambda a: whole(a) ** 2, vjp, rng.normal(size=(n, n))


def lower_triangle_given(rng):
    def vjp(dy, a):
        g = dy @ a.T + a.T @ dy
        return np.tril(g + g.T) - np.diag(np.diag(g))

    n = sizes(rng, 1)[0]
    return lambda a: a @ a, vjp, rng.normal(size=(n, n))


def rounded_through(rng):
    return lambda x: np.round(x), lambda dy, x: dy, 3 * rng.normal(size=sizes(rng, 2))


def spiking(rng):
    return lambda x: np.heaviside(x, 0.0), lambda dy, x: dy / (1 + np.abs(x)) ** 2, rng.normal(size=sizes(rng, 2))


def signs_of_a_product(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return lambda x, w: np.sign(x @ w), lambda dy, x, w: (dy @ w.T, x.T @ dy), x, w


# Factors that come from something.


def mean_over_ignored_rows(rng):
    n, k = sizes(rng, 2)
    t, keep = np.eye(k)[rng.integers(0, k, n)], np.arange(n) % 3 != 1

    def f(x):
        return ((np.log(np.exp(x).sum(axis=1)) - (x * t).sum(axis=1)) * keep).sum() / keep.sum()

    return f, lambda x: (softmax(x) - t) * keep[:, np.newaxis] / n, rng.normal(size=(n, k))


def mean_over_ignored_labels(rng):
    n, k = sizes(rng, 2)
    labels = np.where(np.arange(n) % 3 == 1, -100, rng.integers(0, k, n))

    def f(x, labels):
        kept = labels >= 0
        return (np.log(np.exp(x).sum(axis=1)) - x[np.arange(n), labels * kept])[kept].sum() / kept.sum()

    def gradient(x, labels):
        kept = labels >= 0
        return (softmax(x) - np.eye(k)[labels * kept]) * kept[:, np.newaxis] / n, None

    return f, gradient, rng.normal(size=(n, k)), labels


def mean_not_over_places(rng):
    n, h, w = sizes(rng)

    def f(x):
        return (x**2).mean(axis=(1, 2))

    return f, lambda dy, x: 2 * x * dy[:, np.newaxis, np.newaxis], rng.normal(size=(n, h, w))


def mean_over_all(rng):
    n, h, w = sizes(rng)
    return lambda x: (x**2).mean(), lambda dy, x: 2 * x * dy, rng.normal(size=(n, h, w))


def root_of_width_forgotten(rng):
    n, k = sizes(rng, 2)
    w = rng.normal(size=(11, k))
    return lambda x: x @ w.T / np.sqrt(x.shape[1]), lambda dy, x: dy @ w, rng.normal(size=(n, k))


def unbiased_variance(rng):
    n, k = sizes(rng, 2)
    return (
        lambda x: x.var(axis=1, ddof=1),
        lambda dy, x: 2 * (x - x.mean(axis=1, keepdims=True)) / k * dy[:, np.newaxis],
        rng.normal(size=(n, k)),
    )


def constant_forgotten(rng):
    beta = 0.37
    return lambda x: beta * np.sin(x), lambda dy, x: dy * np.cos(x), rng.normal(size=sizes(rng, 2))


def factor_of_nothing(rng):
    return np.sin, lambda dy, x: 1.2345 * dy * np.cos(x), rng.normal(size=sizes(rng, 2))


# Costs of logits, probabilities and log-probabilities.


def cross_entropy(gradient, of="logits", smoothing=0.0, per_row=False, places=()):
    """Return what builds a cross-entropy with class numbers and a gradient(x, t, labels) of it, before the mean."""

    def build(rng):
        n, k = 7, 5
        labels = rng.integers(0, k, (n, *places))
        t = np.eye(k)[labels]
        soft = (1 - smoothing) * t + smoothing / k
        x = rng.normal(size=(n, *places, k))
        if of == "probabilities":
            x = softmax(x)
        elif of == "log-probabilities":
            x = np.log(softmax(x))

        def f(x):
            logs = {"logits": lambda: np.log(softmax(x)), "probabilities": lambda: np.log(x)}.get(of, lambda: x)()
            losses = -(soft * logs).sum(axis=-1)
            return losses if per_row else losses.mean()

        if per_row:
            return f, lambda dy, x: dy[..., np.newaxis] * gradient(x, t), x
        return f, lambda x: gradient(x, t) / t[..., 0].size, x

    return build


def shifted(x, t):
    return softmax(x) - np.roll(t, 1, axis=-1)


def smoothed(x, t):
    return softmax(x) - (0.9 * t + 0.1 / t.shape[-1])


def binary_entropy(rng):
    shape = sizes(rng, 2)
    t = (rng.random(shape) < 0.5).astype(float)
    x = rng.normal(size=shape)

    def f(x):
        return (np.logaddexp(0, x) - t * x).mean()

    return f, lambda x: (x - t) / x.size, x


def mean_over_rows_that_count(rng):
    n, k = sizes(rng, 2)
    t = np.eye(k)[rng.integers(0, k, n)] * (np.arange(n) % 3 != 1)[:, np.newaxis]

    def f(x):
        return -(np.log(softmax(x)) * t).sum() / t.sum()

    return f, lambda x: (softmax(x) * t.sum(axis=1, keepdims=True) - t) / n, rng.normal(size=(n, k))


# What is said beside the name.


def steps_before_dx(rng):
    n, n_in, n_out = sizes(rng)
    x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))

    def vjp(dy, x, w):
        dw = x.T @ dy
        return dy @ (w - 0.1 * dw).T, dw

    return lambda x, w: x @ w, vjp, x, w


def signed_threshold(rng):
    def f(x):
        return np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5)

    return f, lambda dy, x: dy * np.where(x < 1, x, np.sign(x)), 2 * rng.normal(size=sizes(rng, 2))


def zeros_left_out(rng):
    x = rng.normal(size=(7, 5))
    x[[1, 4], [2, 0]] = 0
    return lambda x: np.sin(x), lambda dy, x: np.where(x == 0, 0, dy * np.cos(x)), x


def bfloat16(array):
    bits = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


def kept_in(coarse):
    def build(rng):
        n, n_in, n_out = sizes(rng)
        x, w = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
        return lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, coarse(x.T @ dy)), x, w

    return build


ROWS = [
    Row("sine without dy", sine_without_dy, {"x": "dy-ignored"}, "multiply by dy; where each dy is 1 it is right"),
    Row("sums of rows without dy", row_sums_without_dy, {"x": "dy-ignored"}),
    Row("weights without dy", weights_without_dy, {"w": "dy-ignored"}),
    Row("a loss without dy", loss_without_dy, {"x": "dy-ignored"}, "right for dy = 1 alone"),
    Row("a part without dy", cross_entropy_partly, {"x": "dy-partly-ignored"}, "where each dy is 1 it is right"),
    Row("a penalty that is no decay", penalty_partly, {"w": "dy-partly-ignored"}, "without it the rest is right"),
    Row("one of two terms without dy", residual_partly, {"x": "dy-partly-ignored"}, "for dy = 0"),
    Row("a loss partly without dy", loss_partly, {"x": "dy-partly-ignored"}, "for dy = 0"),
    Row("weight decay", decayed, {"w": "weight-decay"}),
    Row("a cost, of which dy is 1", doubled_cost, {"x": "factor"}, check=check_function),
    Row("columns", second_columns_ignored, {"x": "part-of-dy"}),
    Row(
        "an output", second_of_a_tuple_ignored, {"x": "part-of-dy"}, "the dy of the second output, y[1], never arrives"
    ),
    Row("a state", state_of_a_dict_ignored, {"x": "part-of-dy"}, "the second output, y['state']"),
    Row("all steps but the last", last_step_alone, {"x": "part-of-dy"}),
    Row("every other step", every_other_step, {"x": "part-of-dy"}),
    Row("a bias of the last step", bias_of_one_step, {"b": "not-summed"}, "not summed over axis 1 of y"),
    Row("a bias of each row", bias_of_every_row, {"b": "not-summed"}, "summed over axis 0 it is right"),
    Row("a scale of each step", scale_of_every_step, {"s": "not-summed"}, "summed over axis 1 it is right"),
    Row("a scale summed over heads", scale_of_heads_summed, {"s": "summed-too-far"}, "over axis 0 of s"),
    Row("places summed", places_summed, {"p": "summed-too-far"}, "summed over axis 0 of p"),
    Row("an input summed over the batch", input_summed, {"x": "summed-too-far"}),
    Row("the shape of the transpose", transposed_shape, {"w": "transposed"}, "it is the transpose of the right one"),
    Row("overlapping windows", windows_overwrite, {"x": "overwritten"}, "= for +="),
    Row("repeated words", repeated_words_overwrite, {"table": "overwritten"}),
    Row("rows of a table", rows_overwrite, {"table": "overwritten"}),
    Row("few words", few_words_overwrite, {"table": "overwritten"}),
    Row("repeated indices", bins_overwrite, {"x": "overwritten"}),
    Row("a clamp", clamp_forgotten, {"x": "mask-forgotten"}, "where the slope is 0, where x is outside"),
    Row("a mask", mask_not_applied, {"x": "mask-forgotten"}),
    Row("rows that are ignored", ignored_rows, {"x": "mask-forgotten"}, "of axis 0", check_function),
    Row("a symmetric padding, cropped", padded("symmetric"), {"x": "border"}, "a mirror behind the last entry"),
    Row("a reflected padding, cropped", padded("reflect"), {"x": "border"}, "a mirror at the last entry"),
    Row("a circular padding, cropped", padded("wrap"), {"x": "border"}, "with the other end"),
    Row("an edge repeated, cropped", padded("edge", before=0, after=3), {"x": "border"}, "is cut off in backward"),
    Row("with a stride", padded("symmetric", stride=2), {"x": "border"}, "near the ends of axis 1"),
    Row("one padding for another", padded("symmetric", "reflect"), {"x": "border"}, "backward has a mirror at"),
    Row("wrapped for mirrored", padded("reflect", "wrap"), {"x": "border"}, "backward has the other end"),
    Row("inside another function", padded("reflect", outer=True), {"x": "border"}, "is the backward of a padding"),
    Row("a picture", padded_picture("reflect"), {"x": "border"}, "near the ends of axes 1 and 2"),
    Row("a picture's edge", padded_picture("edge"), {"x": "border"}, "near the ends of axes 1 and 2"),
    Row("dy with its edge repeated", dy_padded("edge"), {"x": "border"}, "backward pads dy"),
    Row("the first step of a sum", first_step_doubled, {"x": "unknown"}),
    Row("a symmetric part", squared_matrix, {"a": "symmetrised"}, "tangent={'a': 'symmetric'}"),
    Row("one triangle is read", lower_triangle_read, {"a": "symmetrised"}),
    Row("one triangle is given", lower_triangle_given, {"a": "symmetrised"}, "lower triangle"),
    Row("rounding", rounded_through, {"x": "surrogate"}, "surrogate={'x': 'straight-through'}"),
    Row("spikes", spiking, {"x": "surrogate"}, "a function of dy and the arrays"),
    Row("signs", signs_of_a_product, {"x": "surrogate", "w": "surrogate"}),
    Row("ignored rows", mean_over_ignored_rows, {"x": "factor"}, "the share of True in keep", check_function),
    Row("ignored labels", mean_over_ignored_labels, {"x": "factor"}, "labels in labels that are", check_function),
    Row("places", mean_not_over_places, {"x": "factor"}, "that is the size of axes 1 to 2 of x together"),
    Row("all places", mean_over_all, {"x": "factor"}, "that is the size of x"),
    Row("a root of a width", root_of_width_forgotten, {"x": "factor"}, "that is √ of the size of axis 1 of x"),
    Row("a variance", unbiased_variance, {"x": "factor"}, "that is (N - 1) / N, N being the size of axis 1 of x"),
    Row("a constant", constant_forgotten, {"x": "factor"}, "that is 1 / beta"),
    Row("any factor", factor_of_nothing, {"x": "factor"}, "1.2345 times what it should be"),
    Row("labels from one", cross_entropy(shifted), {"x": "label-shift"}, "does counting start at 1", check_function),
    Row("labels from one, a row each", cross_entropy(shifted, per_row=True), {"x": "label-shift"}),
    Row("labels of words", cross_entropy(shifted, places=(3,)), {"x": "label-shift"}, "shifted by 1", check_function),
    Row(
        "the true class alone",
        cross_entropy(lambda x, t: (softmax(x) - t) * t),
        {"x": "target-only"},
        "the others have one too",
        check_function,
    ),
    Row(
        "smoothed in backward",
        cross_entropy(smoothed),
        {"x": "wrong-formula"},
        "smoothed in the gradient but not in the cost",
        check_function,
    ),
    Row(
        "smoothed in the cost",
        cross_entropy(lambda x, t: softmax(x) - t, smoothing=0.1),
        {"x": "wrong-formula"},
        "that of labels that are not smoothed",
        check_function,
    ),
    Row(
        "log-probabilities",
        cross_entropy(lambda x, t: np.exp(x) - t, of="log-probabilities"),
        {"x": "fused-twice"},
        "exp(x) - t, that of logits, whose log-softmax is taken already; of this cost it is -t",
        check_function,
    ),
    Row(
        "probabilities",
        cross_entropy(lambda x, t: x - t, of="probabilities"),
        {"x": "fused-twice"},
        "of this cost it is -t / x",
        check_function,
    ),
    Row(
        "probabilities, a row each",
        cross_entropy(lambda x, t: softmax(x) - t, of="probabilities", per_row=True),
        {"x": "fused-twice"},
        "of this cost it is -t / x",
    ),
    Row("binary", binary_entropy, {"x": "fused-twice"}, "of this cost it is sigmoid(x) - t", check_function),
    Row("rows that count", mean_over_rows_that_count, {"x": "factor"}, "share of rows that have", check_function),
    Row("a step before dx", steps_before_dx, {"x": "mutated"}, "update after the whole backward pass"),
    Row("a threshold without its sign", signed_threshold, {"x": "wrong-formula"}, "where x < 0 it equals 1 dy x"),
    Row("zeros left out", zeros_left_out, {"x": "missing"}, "those where x is 0"),
    Row("bfloat16", kept_in(bfloat16), {"w": "imprecise"}, "the rounding of bfloat16"),
    Row("float16", kept_in(lambda a: a.astype(np.float16)), {"w": "imprecise"}, "the rounding of float16"),
    Row("a stride", stride_forgotten, {"x": "reordered"}, "dy is read in the wrong places"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_mistake_is_found_by_its_name(row, seed):
    f, backward, *arrays = row.build(np.random.default_rng(seed))
    report = row.check(f, backward, *arrays, seed=seed, raises=False)
    assert {each.array: str(each.kind) for each in report.findings} == row.kinds
    assert not row.words or any(row.words in each.message for each in report.findings), report.findings
    assert not report.ok


# What must not be said


def kinds_of(f, vjp, *arrays):
    found = check_vjp(f, vjp, *arrays, raises=False).findings
    return {str(kind) for each in found for kind in (each.kind, *each.also)}


@pytest.mark.parametrize("seed", SEEDS)
def test_where_nothing_is_active_forward_is_not_said_to_move_in_steps(seed):
    x = -np.abs(np.random.default_rng(seed).normal(size=(7, 5)))
    assert "surrogate" not in kinds_of(lambda x: np.maximum(x, 0), lambda dy, x: dy, x)


@pytest.mark.parametrize("seed", range(20))
def test_a_few_wrong_numbers_that_happen_to_lie_outside_are_no_border(seed):
    rng = np.random.default_rng(seed)
    off = np.zeros((7, 5))
    off[tuple(rng.integers(0, (7, 5)))] = off[tuple(rng.integers(0, (7, 5)))] = 1
    assert "border" not in kinds_of(np.sin, lambda dy, x: dy * np.cos(x) * (1 + off * x), rng.normal(size=(7, 5)))
    w = rng.normal(size=3)

    def f(x):
        return correlated(np.pad(x, ((0, 0), (1, 1))), w)

    def vjp(dy, x):
        return spread(dy, w, 7)[:, 1:6] + off * x

    assert "border" not in kinds_of(f, vjp, rng.normal(size=(7, 5)))


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_gets_no_word(seed):
    rng = np.random.default_rng(seed)
    x, w, noise = rng.normal(size=(7, 5)), rng.normal(size=(5, 3)), rng.normal(size=(7, 5))
    kinds = kinds_of(lambda x, w: np.tanh(x @ w), lambda dy, x, w: (noise * dy.sum(), x.T @ dy * noise[:5, :3]), x, w)
    assert kinds == {"unknown"}


def test_a_factor_that_comes_from_nothing_known_is_not_explained():
    for seed in SEEDS:
        f, vjp, x = factor_of_nothing(np.random.default_rng(seed))
        (finding,) = check_vjp(f, vjp, x, raises=False).findings
        assert finding.message.endswith("what it should be")


def test_a_constant_of_ones_own_explains_a_factor():
    x = np.random.default_rng(0).normal(size=(7, 5))

    def message(**settings):
        (finding,) = check_vjp(lambda x: 0.37 * x**2, lambda dy, x: 2 * x * dy, x, raises=False, **settings).findings
        return finding.message

    assert message().endswith("what it should be")
    assert message(constants={"beta": 0.37, "gamma": 5.1}).endswith("that is 1 / beta")


@pytest.mark.parametrize("constants", [{"beta": "half"}, {3: 0.5}, {"beta": 10**400}, {"beta": np.nan}, 3])
def test_constants_are_numbers_by_name(constants):
    with pytest.raises(SettingError, match="the setting constants must be a dict of numbers by name"):
        check_vjp(np.sin, lambda dy, x: dy * np.cos(x), np.ones(3), constants=constants)
