"""What a check sees of a function of NumPy and its VJP: arrays of trees by name, several outputs, float64."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest

from inkgrad.check import CheckError
from inkgrad.check.array_subject import subject_of_arrays


class Pair(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype(dtype)


W, b, x = numbers(3, 2), numbers(2, seed=1), numbers(5, 3, seed=2)


def subject_of(f, vjp, *args, role="vjp", **kwargs):
    vjp = vjp or (lambda *args, **kwargs: tuple(0 for _ in args[1:]))
    return subject_of_arrays(f, vjp, args, kwargs, owner="f", role=role)


def gradients(subject, dy=None):
    y = subject.forward(subject.copies())
    return subject.backward(subject.copies(), np.ones_like(y) if dy is None else dy, 0.0)


def same(found, expected):
    assert list(found) == list(expected)
    for name, each in expected.items():
        np.testing.assert_allclose(found[name], each, 1e-12, err_msg=name)


# Arguments


@pytest.mark.parametrize("kind", [dict, OrderedDict, list, tuple, Pair._make])
@pytest.mark.parametrize("factor", [1, 2])
def test_parameters_may_be_a_tree_and_their_gradients_the_same_tree(kind, factor):
    keyed = kind in (dict, OrderedDict)

    def made(W, b):
        return kind([("W", W), ("b", b)] if keyed else [W, b])

    def f(x, p):
        w, b = p.values() if keyed else p
        return x @ w + b

    def vjp(dy, x, p):
        w, _ = p.values() if keyed else p
        return dy @ w.T, made(factor * x.T @ dy, dy.sum(0))

    subject = subject_of(f, vjp, x, made(W, b))
    names = ["p['W']", "p['b']"] if keyed else ["p.W", "p.b"] if kind == Pair._make else ["p[0]", "p[1]"]
    dy = numbers(5, 2, seed=3)
    same(gradients(subject, dy), dict(zip(["x", *names], [dy @ W.T, factor * x.T @ dy, dy.sum(0)], strict=True)))
    assert subject.main == "x"


def test_a_tree_alone_and_trees_in_trees_are_taken():
    p = {"layers": [{"W": W}, {"W": W.T}], "n": 2}

    def f(p):
        return p["n"] * p["layers"][0]["W"] @ p["layers"][1]["W"]

    def vjp(dy, p):
        one, two = (each["W"] for each in p["layers"])
        return {"layers": [{"W": 2 * dy @ two.T}, {"W": 2 * one.T @ dy}]}

    ones = np.ones((3, 3))
    same(gradients(subject_of(f, vjp, p)), {"p['layers'][0]['W']": 2 * ones @ W, "p['layers'][1]['W']": 2 * W.T @ ones})
    assert subject_of(f, vjp, p).main is None


@pytest.mark.parametrize(
    "vjp",
    [
        lambda dy, table, rows, twice: (2 * dy, None, None),
        lambda dy, table, rows, twice: 2 * dy,
        lambda dy, table, rows, twice: (2 * dy,),
        lambda dy, table, rows, twice: [2 * dy, np.zeros(2), 0],
    ],
    ids=["all", "alone", "tuple of one", "list"],
)
def test_integers_and_flags_are_passed_through(vjp):
    subject = subject_of(lambda table, rows, twice: table * (2 if twice else 1) + rows[0], vjp, x, [1, 2], True)
    same(gradients(subject), {"table": np.full((5, 3), 2)})


def test_integer_arrays_stay_integers():
    rows = np.array([0, 2, 2])

    def vjp(dy, table, rows):
        found = np.zeros_like(table)
        found[rows] = dy  # = for +=
        return found, None

    assert gradients(subject_of(lambda table, rows: table[rows], vjp, x, rows))["table"][2, 0] == 1


def test_keyword_arguments_have_their_own_names():
    subject = subject_of(
        lambda x, *, scale: scale * x, lambda dy, x, *, scale: (scale * dy, (dy * x).sum()), x, scale=2.0
    )
    same(gradients(subject), {"x": np.full((5, 3), 2), "scale": x.sum()})


def test_gradients_may_be_told_by_name():
    subject = subject_of(lambda a, b: a * b, lambda dy, a, b: {"b": dy * a, "a": dy * b}, x, 2 * x)
    same(gradients(subject), {"a": 2 * x, "b": x})


def test_none_says_that_an_array_is_a_constant():
    subject = subject_of(lambda x, w: x * w, lambda dy, x, w: (dy * w, None), x, x.copy())
    same(gradients(subject), {"x": x})
    p = {"W": W, "b": b}
    subject = subject_of(lambda x, p: x @ p["W"] + p["b"], lambda dy, x, p: (dy @ p["W"].T, {"W": None}), x, p)
    same(gradients(subject), {"x": 5 * [W.sum(1)], "p['b']": 0 * b})
    with pytest.raises(CheckError, match="vjp of f gives None for each array: there is nothing to check"):
        subject_of(lambda x: x, lambda dy, x: None, x)


def test_plain_numbers_and_lists_of_them_are_arrays():
    subject = subject_of(
        lambda x, s: np.asarray(x) * s, lambda dy, x, s: (dy * s, np.sum(dy * np.asarray(x))), [1.0, 2.0, 3.0], 0.5
    )
    same(gradients(subject), {"x": np.full(3, 0.5), "s": 6})


def test_a_function_without_names_for_its_arguments_numbers_them():
    assert list(subject_of(lambda *xs: xs[0] * xs[1], None, x, x).arrays) == ["xs[0]", "xs[1]"]
    assert list(subject_of(np.cosh, None, x).arrays) == ["x"]


def test_changes_in_place_are_seen_and_the_users_arrays_kept():
    def f(x, p):
        p["W"] *= 2
        return x @ p["W"]

    before = W.copy()
    subject = subject_of(f, lambda dy, x, p: (dy, {}), x, {"W": W})
    arrays = subject.copies()
    subject.forward(arrays)
    assert np.array_equal(arrays["p['W']"], 2 * before)
    assert np.array_equal(W, before)
    assert np.shares_memory(subject.arrays["p['W']"], W)


# Outputs


@pytest.mark.parametrize("factor", [1, 2])
def test_several_outputs_are_one_row_and_dy_has_their_form(factor):
    def f(x):
        return np.sin(x), {"total": x.sum(1), "place": x.argmax()}

    def vjp(dy, x):
        of_sine, rest = dy
        assert rest["place"] is None
        return of_sine * np.cos(x) + factor * rest["total"][:, None]

    subject = subject_of(f, vjp, x)
    np.testing.assert_allclose(subject.forward(subject.copies()), [*np.sin(x).ravel(), *x.sum(1)])
    dy = numbers(20, seed=4)
    same(gradients(subject, dy), {"x": dy[:15].reshape(5, 3) * np.cos(x) + factor * dy[15:, None]})


def test_dy_itself_is_given_for_one_output():
    def vjp(dy, x):
        dy *= 2
        return dy

    subject, dy = subject_of(lambda x: x, vjp, x), np.ones((5, 3))
    assert not np.shares_memory(subject.backward(subject.copies(), dy, 0.0)["x"], dy)
    assert dy[0, 0] == 2


def test_outputs_that_stay_at_minus_infinity_are_left_out():
    mask = np.tri(5, 3, dtype=bool)
    subject = subject_of(lambda s: np.where(mask, s * s, -np.inf), lambda dy, s: dy * 2 * s, x)
    np.testing.assert_allclose(subject.forward(subject.copies()), x[mask] ** 2)
    same(gradients(subject), {"s": 2 * x * mask})


def test_outputs_that_only_begin_at_minus_infinity_are_kept():
    def log(x):
        with np.errstate(all="ignore"):
            return np.log(np.abs(x))

    subject = subject_of(log, None, np.array([0.0, 1]))
    assert subject.forward(subject.copies())[0] == -np.inf


@pytest.mark.parametrize("factor", [1, 3])
def test_the_gradient_of_one_number_needs_no_dy(factor):
    p = {"a": x, "n": 3}
    subject = subject_of(lambda p: (p["a"] ** 2).sum(), lambda p: {"a": factor * 2 * p["a"]}, p, role="gradient")
    assert subject.forward(subject.copies()).shape == ()
    same(gradients(subject, np.array(2.0)), {"p['a']": factor * 4 * x})


# Types


@pytest.mark.parametrize("sign", [1, -1])
def test_complex_numbers_are_pairs_of_real_ones(sign):
    z = numbers(4) + 1j * numbers(4, seed=1)

    def vjp(dy, z):
        of_square, of_size = dy
        return (sign * of_square.conj() * 2 * z).conj() + of_size * 2 * z

    subject = subject_of(lambda z: (z**2, abs(z) ** 2), vjp, z)
    u, v = subject.arrays["z"].T
    y = subject.forward(subject.copies())
    np.testing.assert_allclose(y, [*np.stack([u**2 - v**2, 2 * u * v], 1).ravel(), *(u**2 + v**2)])
    of_square = np.stack([2 * u + 2 * v, -2 * v + 2 * u], 1)
    same(gradients(subject), {"z": sign * of_square + np.stack([2 * u, 2 * v], 1)})
    assert subject.precise is None


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("factor", [1, 2])
def test_the_same_function_in_float64_is_the_more_precise(kind, factor):
    arrays = [each.astype(kind) for each in (x, W)]
    subject = subject_of(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, factor * x.T @ dy), *arrays)
    precise = subject.precise
    assert subject.forward(subject.copies()).dtype == kind
    assert {each.dtype for each in gradients(precise).values()} == {np.dtype(float)}
    big, small = (each.astype(float) for each in arrays)
    np.testing.assert_allclose(precise.forward(precise.copies()), big @ small, 1e-14)
    same(gradients(precise), {"x": np.ones((5, 2)) @ small.T, "w": factor * big.T @ np.ones((5, 2))})


def test_what_is_another_function_in_float64_is_not_the_more_precise():
    coarse = x.astype(np.float32)
    assert subject_of(lambda x: x * (1 if x.dtype == np.float32 else 2), None, coarse).precise is None
    assert subject_of(lambda x: x.astype(np.float32), None, coarse).precise is None

    def picky(x):
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return x

    assert subject_of(picky, None, coarse).precise is None


# What is refused


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda dy, x, p: dy, "should give 2 gradients, got 1"),
        (lambda dy, x, p: (dy, dy, dy), "should give 2 gradients, got 3"),
        (lambda dy, x, p: (dy, "w"), "should give numbers for w, got an array of <U1"),
        (lambda dy, x, p: (dy, 1j * dy), "should give numbers for w, got an array of complex128"),
        (lambda dy, x, p: 1 / 0, "f, backward: ZeroDivisionError: division by zero"),
    ],
)
def test_gradients_that_cannot_be_read_are_said_in_one_line(found, message):
    with pytest.raises(CheckError, match=message) as error:
        gradients(subject_of(lambda x, w: x * w, found, x, x))
    assert "\n" not in str(error.value)


def test_gradients_of_another_form_are_said():
    p = {"W": W, "b": b}
    for found in ({"V": W}, [W], W):
        with pytest.raises(
            CheckError, match=r"gradients for x as an array of float64 and p as a dict of 'W', 'b', got"
        ):
            gradients(subject_of(lambda x, p: x @ p["W"], lambda dy, x, p, found=found: (dy, found), x, p))


def test_what_cannot_be_checked_is_said_in_one_line():
    with pytest.raises(CheckError, match="no array of floating-point numbers"):
        subject_of(lambda x: x, None, np.arange(3))
    with pytest.raises(CheckError, match="should give floating-point numbers, got an array of int64"):
        subject_of(lambda x: x.argmax(1), None, x)
    with pytest.raises(CheckError, match="should give floating-point numbers, got None"):
        subject_of(lambda x: None, None, x)
    with pytest.raises(CheckError, match=r"give one number, got an array of shape \(5, 3\): give check_vjp"):
        subject_of(lambda x: x, None, x, role="gradient")
    with pytest.raises(CheckError, match="f, forward: ValueError: cannot reshape"):
        subject_of(lambda x: x.reshape(4), None, x)


def test_sparse_matrices_are_refused():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    with pytest.raises(CheckError, match=r"m is sparse \(csr_array\): check it with a dense array"):
        subject_of(lambda m: m.todense(), None, sparse.csr_array(np.eye(3)))
