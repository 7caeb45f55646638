"""The zoo of functions of NumPy: mistakes that need a word of their own, each by its name on five seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from inkgrad.check import check_function, check_vjp

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
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_mistake_is_found_by_its_name(row, seed):
    f, backward, *arrays = row.build(np.random.default_rng(seed))
    report = row.check(f, backward, *arrays, seed=seed, raises=False)
    assert {each.array: str(each.kind) for each in report.findings} == row.kinds
    assert not row.words or any(row.words in each.message for each in report.findings), report.findings
    assert not report.ok
