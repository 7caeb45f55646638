"""How far a check has come is told, and it ends in time."""

import time

import numpy as np
import pytest

from inkgrad.check import CheckError, GradientMismatch, Verdict, check_network, check_vjp, course
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.errors import Interrupted
from inkgrad.layers import Chain, Dense, Tanh


def slow(seconds):
    def f(x):
        time.sleep(seconds)
        return np.sin(x)

    return f


def cosine(dy, x):
    return dy * np.cos(x)


def test_progress_is_told_in_sentences_once_it_takes_long():
    told = []
    check_vjp(slow(0.12), cosine, np.ones(3), progress=told.append)
    assert told
    assert told[0].startswith("checking f: ")
    assert " evaluations, 2 s" in told[0]


def test_what_is_quick_needs_no_words():
    told = []
    check_vjp(np.sin, cosine, np.ones(3), progress=told.append)
    assert not told


def test_a_budget_ends_a_check_that_has_told_nothing():
    begun = time.monotonic()
    report = check_vjp(slow(0.02), cosine, np.ones(50), budget=0.5, raises=False)
    assert time.monotonic() - begun < 5
    assert report.verdict == Verdict.cannot_tell
    assert report.arrays[0].reference == "nothing: the budget was spent"
    with pytest.raises(CheckError, match="of dx nothing was known when the budget was spent; give it more seconds"):
        check_vjp(slow(0.02), cosine, np.ones(50), budget=0.5)


def test_a_budget_leaves_what_a_direction_has_told():
    x = np.linspace(-1, 1, 3000)
    report = check_vjp(slow(0.02), lambda dy, x: 2 * dy * np.cos(x), x, budget=1.0, raises=False)
    assert report.verdict == Verdict.wrong
    assert "disagree along a direction through x; there was no time to find where" in report.findings[0].message


@pytest.mark.parametrize("factor", [1, 1.5])
def test_a_budget_that_ends_beside_a_surrogate_leaves_what_it_has_told(factor):
    x, w = np.random.default_rng(0).normal(size=(2, 5))

    def vjp(dy, x, w):
        return factor * dy * w, dy * np.round(x)

    def f(x, w):
        return np.round(x) * w

    def slow_rule(dy, x, w):
        time.sleep(0.6)
        return dy * w

    nothing, some = (
        check_vjp(f, vjp, x, w, budget=budget, surrogate={"x": slow_rule}, raises=False) for budget in (1e-9, 0.5)
    )
    assert [(each.array, str(each.verdict)) for each in nothing.arrays] == [("x", "cannot tell"), ("w", "cannot tell")]
    assert [str(each.verdict) for each in some.arrays] == ["right" if factor == 1 else "wrong", "cannot tell"]


def test_a_budget_that_ends_beside_float64_leaves_what_was_told_there():
    seen = set()

    def vjp(dy, x):
        seen.add(x.dtype.name)
        if x.dtype == np.float32 and len(seen) == 2:
            time.sleep(1.1)
        return dy * np.cos(x)

    report = check_vjp(np.sin, vjp, np.ones(3, np.float32), budget=1.0, raises=False)
    assert report.verdict == Verdict.cannot_tell
    assert report.arrays[0].reference == "nothing: the budget was spent"
    assert report.not_checked == ("beside float64, where the gradient is right: the budget was spent",)


@pytest.mark.parametrize("budget", [0, -1, "long"])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(ValueError, match="the setting budget must be a number of seconds above 0"):
        check_vjp(np.sin, cosine, np.ones(3), budget=budget)


# Awkward points


@pytest.mark.parametrize(
    ("f", "wrong", "right", "words"),
    [
        (
            np.abs,
            lambda dy, x: dy * np.where(x == 0, 3, np.sign(x)),
            lambda dy, x: dy * np.sign(x),
            "some numbers are 0",
        ),
        (
            lambda x: x.max(axis=1),
            lambda dy, x: dy[:, None] * (x == x.max(axis=1, keepdims=True)),
            lambda dy, x: dy[:, None] * (np.arange(x.shape[1]) == x.argmax(axis=1)[:, None]),
            "some numbers are equal",
        ),
        (
            lambda x: np.logaddexp(0, x),
            lambda dy, x: dy * (1 - 1 / (1 + np.exp(np.minimum(x, 15)))),
            lambda dy, x: dy * 0.5 * (1 + np.tanh(x / 2)),
            "at large numbers",
        ),
    ],
    ids=["zeros", "ties", "large"],
)
def test_mistakes_at_awkward_points_are_found_where_they_are_asked_for(f, wrong, right, words):
    x = np.random.default_rng(0).normal(size=(4, 5))
    assert check_vjp(f, wrong, x, exact=True).ok
    assert check_vjp(f, right, x, points="awkward").ok
    with pytest.raises(GradientMismatch, match=words):
        check_vjp(f, wrong, x, points="awkward", exact=True)


def test_repeated_indices_are_tried_too():
    def rows(table, i):
        return table[i]

    def overwritten(dy, table, i):
        dtable = np.zeros_like(table)
        dtable[i] = dy
        return dtable, None

    def summed(dy, table, i):
        dtable = np.zeros_like(table)
        np.add.at(dtable, i, dy)
        return dtable, None

    table, i = np.random.default_rng(0).normal(size=(5, 2)), np.array([3, 1, 4])
    assert check_vjp(rows, overwritten, table, i).ok
    assert check_vjp(rows, summed, table, i, points="awkward").ok
    with pytest.raises(GradientMismatch, match="where indices repeat"):
        check_vjp(rows, overwritten, table, i, points="awkward")


# Of a network.


class HalfTanh(Tanh):
    """A Tanh whose backward is half of what it should be."""

    def vjp(self, x, y, dy):
        return super().vjp(x, y, dy) / 2


SMALL, LARGE = Chain((Dense(3, 4), Tanh(), Dense(4, 2))), Chain((Dense(80, 40), Tanh(), Dense(40, 2)))


def batch(network):
    x = np.random.default_rng(0).normal(size=(4, network.layers[0].n_in))
    return network, SoftmaxCrossEntropy(), x, np.array([0, 1, 1, 0])


WAYS = [(SMALL, None), (SMALL, False), (LARGE, None), (LARGE, True)]


@pytest.mark.parametrize(("network", "every_entry"), WAYS)
def test_a_check_of_a_network_ends_as_soon_as_it_is_stopped(network, every_entry):
    asked = []
    check_network(*batch(network), every_entry=every_entry, stop=lambda: asked.append(1))
    n = len(asked)
    assert n > 15
    for last in (1, n // 2, n):
        left = iter([False] * (last - 1) + [True])  # to be asked once more would be StopIteration
        with pytest.raises(Interrupted, match="the check was stopped"):
            check_network(*batch(network), every_entry=every_entry, stop=lambda left=left: next(left))
        assert not list(left)


def told_of(monkeypatch, *problem, **settings):
    """What is told before every evaluation, without the seconds."""
    monkeypatch.setattr(course, "TELLS_AFTER", -1.0)
    monkeypatch.setattr(course, "TELLS_EVERY", -1.0)
    told = []
    check_network(*problem, progress=told.append, raises=False, **settings)
    return [sentence.rpartition(",")[0] for sentence in told]


def parts_in(told):
    """The parts that are told of, in their order, each once."""
    return list(dict.fromkeys(sentence.partition(":")[0] for sentence in told))


def test_the_parts_of_a_network_are_told_one_after_the_other(monkeypatch):
    told = told_of(monkeypatch, *batch(SMALL))
    assert parts_in(told) == [
        "checking Dense 2, part 1 of 5",
        "checking Tanh 1, part 2 of 5",
        "checking Dense 0, part 3 of 5",
        "checking SoftmaxCrossEntropy, part 4 of 5",
        "checking the whole, part 5 of 5",
    ]
    assert told[0] == "checking Dense 2, part 1 of 5: 1 evaluations"
    assert told[-1].endswith(f": {len(told):,} evaluations")


def test_the_parameters_of_a_large_network_are_told_one_after_the_other(monkeypatch):
    assert parts_in(told_of(monkeypatch, *batch(LARGE), every_entry=True)) == [
        "checking the whole",
        "checking 0.W, part 1 of 4",
        "checking 0.b, part 2 of 4",
        "checking 2.W, part 3 of 4",
        "checking 2.b, part 4 of 4",
    ]


def test_along_directions_a_network_is_told_of_as_a_whole(monkeypatch):
    assert parts_in(told_of(monkeypatch, *batch(LARGE))) == ["checking the whole"]


def test_where_the_whole_is_wrong_its_parts_are_told_too(monkeypatch):
    wrong = Chain((Dense(80, 40), HalfTanh(), Dense(40, 2)))
    assert parts_in(told_of(monkeypatch, *batch(wrong), every_entry=False)) == [
        "checking the whole",
        "checking Dense 2, part 1 of 4",
        "checking HalfTanh 1, part 2 of 4",
        "checking Dense 0, part 3 of 4",
        "checking SoftmaxCrossEntropy, part 4 of 4",
    ]
