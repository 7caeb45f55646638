"""Everything that users of NumPy bring, through check_vjp: a right one passes, the same with an error is found."""

from typing import NamedTuple

import numpy as np
import pytest

from inkgrad.check import check_function, check_vjp


class Affine(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def randn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


X, P = randn(7, 3), {"W": randn(3, 2, seed=1), "b": [randn(2, seed=2), 3]}
FACTORS = pytest.mark.parametrize("factor", [1, 1.01])


@FACTORS
@pytest.mark.parametrize("every", [None, False])
def test_trees_of_parameters(factor, every):
    def vjp(dy, x, p):
        return dy @ p["W"].T, {"W": factor * x.T @ dy, "b": [3 * dy.sum(0), None]}

    report = check_vjp(lambda x, p: x @ p["W"] + p["b"][0] * p["b"][1], vjp, X, P, every_entry=every, raises=False)
    assert [each.array for each in report.arrays] == ["x", "p['W']", "p['b'][0]"]
    assert [each.array for each in report.arrays if each.verdict == "wrong"] == ["p['W']"] * (factor != 1)


@FACTORS
def test_named_tuples_of_parameters(factor):
    p = Affine(randn(3, 2), randn(2))

    def vjp(dy, x, p):
        return dy @ p.W.T, Affine(x.T @ dy, factor * dy.sum(0))

    report = check_vjp(lambda x, p: x @ p.W + p.b, vjp, X, p, raises=False)
    assert {finding.array for finding in report.findings} == ({"p.b"} if factor != 1 else set())


@FACTORS
def test_several_outputs_with_integers_among_them(factor):
    def f(x):
        return {"sine": np.sin(x), "place": x.argmax(), "rest": (x.sum(1), x.max(0))}

    def vjp(dy, x):
        first = np.zeros_like(x)
        first[x.argmax(0), np.arange(3)] = dy["rest"][1]
        assert dy["place"] is None
        return dy["sine"] * np.cos(x) + factor * dy["rest"][0][:, None] + first

    assert check_vjp(f, vjp, X, raises=False).ok == (factor == 1)


@FACTORS
def test_keywords_integers_and_flags(factor):
    def f(table, rows, double, *, scale):
        return table[rows] * scale * (2 if double else 1)

    def vjp(dy, table, rows, double, *, scale):
        d = np.zeros_like(table)
        np.add.at(d, rows, 2 * dy * scale)
        return d, None, None, factor * 2 * (dy * table[rows]).sum(0)

    report = check_vjp(f, vjp, X, np.array([0, 2, 2]), True, kwargs={"scale": randn(3)}, raises=False)
    assert [each.array for each in report.arrays] == ["table", "scale"]
    assert {finding.array for finding in report.findings} == ({"scale"} if factor != 1 else set())


@FACTORS
def test_complex_numbers(factor):
    z = randn(4) + 1j * randn(4, seed=1)
    vjp = lambda dy, z: factor * dy * np.conj(np.exp(z))  # noqa: E731
    assert check_vjp(lambda z: np.exp(z), vjp, z, raises=False).ok == (factor == 1)


@FACTORS
def test_minus_infinity_that_stays(factor):
    mask = np.tri(7, 3, dtype=bool)
    report = check_vjp(
        lambda x: np.where(mask, x**2, -np.inf), lambda dy, x: np.where(mask, factor * dy * 2 * x, 0), X, raises=False
    )
    assert report.ok == (factor == 1)


@FACTORS
def test_none_for_a_constant(factor):
    report = check_vjp(lambda x, w: x * w, lambda dy, x, w: (factor * dy * w, None), X, X + 1, raises=False)
    assert [each.array for each in report.arrays] == ["x"]
    assert report.ok == (factor == 1)


@pytest.mark.parametrize("twice", [False, True])
def test_ties_are_moved_together(twice):
    x = np.array([[1.0, 2, 2], [3, 3, 3], [0, 1, 5]])

    def vjp(dy, x):
        is_largest = x == x.max(1, keepdims=True)
        return dy[:, None] * is_largest / (1 if twice else is_largest.sum(1, keepdims=True))

    assert check_vjp(lambda x: x.max(1), vjp, x, raises=False).ok == (not twice)


@pytest.mark.parametrize("much", [1e-16, 1e-3])
def test_nondeterminism_up_to_rounding(much):
    luck = np.random.default_rng(0)
    vjp = lambda dy, x: dy * np.cos(x) * (1 + much * luck.normal(size=x.shape))  # noqa: E731
    report = check_vjp(lambda x: np.sin(x), vjp, X, raises=False)
    assert report.ok == (much < 1e-10)


@FACTORS
def test_the_gradient_of_one_number_of_a_tree(factor):
    p = {"a": X, "n": 3}
    report = check_function(
        lambda p: p["n"] * (p["a"] ** 2).sum(), lambda p: {"a": factor * 6 * p["a"]}, p, raises=False
    )
    assert report.ok == (factor == 1)
