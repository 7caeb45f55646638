"""All arrays judged together along random directions: errors of a thousandth are seen, and none where there is none."""

from math import pi, sqrt

import numpy as np
import pytest

from inkgrad.check import check_function, check_vjp
from inkgrad.check.joint import Asked, joint_of, least_seen, verdicts
from inkgrad.check.measure.directions import Disagreement, Rates
from inkgrad.check.measure.subject import Subject
from inkgrad.check.verdict import USUAL

SIZES = {1_000: (8, 20, 30, 10), 10_000: (10, 60, 120, 16), 50_000: (12, 150, 280, 20)}  # batch, and three widths
ACTIVATIONS = {
    "tanh": (np.tanh, lambda dy, z, y: dy * (1 - y * y)),
    "relu": (lambda z: np.maximum(z, 0), lambda dy, z, y: dy * (z > 0)),
    "softmax": (
        lambda z: np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True),
        lambda dy, z, y: y * (dy - (dy * y).sum(1, keepdims=True)),
    ),
}


def network(activation):
    """Return act(act(x w + b) w2 + b2) and its VJP."""
    act, back = ACTIVATIONS[activation]

    def forward(x, w, b, w2, b2):
        return act(act(x @ w + b) @ w2 + b2)

    def vjp(dy, x, w, b, w2, b2):
        z = x @ w + b
        h = act(z)
        z2 = h @ w2 + b2
        dz2 = back(dy, z2, act(z2))
        dz = back(dz2 @ w2.T, z, h)
        return dz @ w.T, x.T @ dz, dz.sum(0), h.T @ dz2, dz2.sum(0)

    return forward, vjp


def arrays(size, seed):
    n, *widths = SIZES[size]
    rng = np.random.default_rng(seed)
    shapes = (n, widths[0]), widths[:2], widths[1:2], widths[1:], widths[2:]
    return [rng.normal(size=shape) / (sqrt(shape[0]) if len(shape) > 1 else 3) for shape in shapes]


def off(vjp, which, error, seed):
    """Return a VJP with an error of one array: this part of its gradient's length, in a random direction."""

    def wrong(dy, *given):
        found = list(vjp(dy, *given))
        e = np.random.default_rng(seed).normal(size=found[which].shape)
        found[which] = found[which] + error * np.linalg.norm(found[which]) / np.linalg.norm(e) * e
        return tuple(found)

    return wrong


LUCK = np.random.default_rng(9)
NAMES = "x", "w", "b", "w2", "b2"


def along(f, vjp, *given, **settings):
    return check_vjp(f, vjp, *given, every_entry=False, raises=False, **settings)


@pytest.mark.parametrize("size", [1_000, 10_000, pytest.param(50_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_right_networks_of_any_size_raise_no_alarm(activation, size):
    f, vjp = network(activation)
    for seed in range(50):
        report = along(f, vjp, *arrays(size, seed), seed=seed)
        assert report.verdict == "right", f"{seed}: {report}"
        assert max(each.least for each in report.arrays) < 5e-4  # half of what is asked for


@pytest.mark.parametrize(
    ("size", "n_seeds"),
    [(1_000, 1), *(pytest.param(size, 20, marks=pytest.mark.slow) for size in (1_000, 10_000, 50_000))],
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_error_of_a_thousandth_is_seen_in_any_array(activation, size, n_seeds):
    f, vjp = network(activation)
    for seed in range(n_seeds):
        for which, name in enumerate(NAMES):
            if n_seeds > 1 and which != seed % len(NAMES):  # as that takes long, each seed has one array
                continue
            report = along(f, off(vjp, which, 1e-3, seed), *arrays(size, seed), seed=seed)
            found = {each.array: each for each in report.arrays if each.verdict == "wrong"}
            assert list(found) == [name], f"{seed}: {report}"
            assert 1e-4 < found[name].error < 1e-2  # said by few directions, and roughly


def test_an_error_of_a_single_number_is_seen_as_well():
    f, vjp = network("tanh")

    def wrong(dy, *given):
        found = list(vjp(dy, *given))
        found[1][3, 7] += 1e-3 * np.linalg.norm(found[1])
        return tuple(found)

    for seed in range(4):
        report = along(f, wrong, *arrays(1_000, seed), seed=seed)
        assert [each.array for each in report.arrays if each.verdict == "wrong"] == ["w"]


def test_the_error_that_is_said_is_the_error_that_is_there():
    f, vjp = network("tanh")
    for error in (1e-3, 0.1):
        said = [along(f, off(vjp, 3, error, k), *arrays(1_000, k), seed=k).arrays[3].error / error for k in range(8)]
        assert 0.6 < sqrt(np.mean(np.square(said))) < 1.5


@pytest.mark.parametrize("factor", [1 / 7, 0, -1, 3, 100])
def test_of_a_factor_the_error_is_told_beside_the_true_gradient(factor):
    f, vjp = network("tanh")

    def times(dy, *given):
        dx, dw, db, *others = vjp(dy, *given)
        return dx, dw, factor * db, *others

    report = along(f, times, *arrays(1_000, 0))
    assert report.arrays[2].error == pytest.approx(abs(factor - 1), rel=1e-5)
    assert [each.error for each in report.arrays[:2]] == [0, 0]


# The smallest error that would have been seen


def asked_with(bar, size):
    """Return what was asked along one direction, where only the error bar and s |g| count."""
    dy = np.array([1.0])
    return Asked((Disagreement(0.0, bar, False),), (Rates(dy, {"w": 0.0}, {"w": size}),))


@pytest.mark.parametrize("bars", [[0.02], [0.1, 0.1], [0.3, 0.01], [0.2, 0.2, 0.2], [0.5, 0.05, 0.3, 0.2]], ids=str)
def test_the_smallest_error_is_missed_once_in_a_hundred_at_most(bars):
    """All of some directions miss it; a direction moves the error e by a normal number with the deviation e."""
    least = least_seen([asked_with(7 * bar, 7.0) for bar in bars], "w", 1.0)
    moved = np.random.default_rng(0).normal(size=(100_000, len(bars)))
    missed = (least * abs(moved) <= bars).all(1).mean()
    assert missed <= 0.01 + 4 * sqrt(0.01 / 100_000)
    assert missed > 0.002  # nor is it far larger than it need be


def test_what_does_not_tell_has_no_smallest_error():
    blurred = Asked((Disagreement(0.0, 1e-9, True),), (Rates(np.ones(1), {"w": 0.0}, {"w": 1.0}),))
    unknown = Asked((Disagreement(np.nan, 1e-9, False),), (Rates(np.ones(1), {"w": 0.0}, {"w": 1.0}),))
    assert least_seen([blurred, unknown], "w", 1.0) == np.inf
    assert least_seen([blurred, asked_with(1e-9, 1.0)], "w", 1.0) == least_seen([asked_with(1e-9, 1.0)], "w", 1.0)
    assert least_seen([asked_with(1e-5, 1.0)], "w", 1.0) == pytest.approx(sqrt(2 / pi) * 1e-3)


def test_a_gradient_of_zero_is_told_beside_a_usual_one():
    assert least_seen([asked_with(1e-9, 0.0)], "w", 1.0) < 1e-6
    assert least_seen([asked_with(1e-9, 0.0)], "w", 1e-12) > 1


def test_a_small_gradient_that_drowns_in_the_error_bar_is_not_told_unless_it_is_nothing_beside_others():
    assert least_seen([asked_with(2e-4, 1e-4)], "w", 1.0) > 1
    assert least_seen([asked_with(2e-9, 1e-9)], "w", 1.0) < 1e-6


def test_of_several_dy_the_one_that_tells_best_counts():
    disagreements = Disagreement(0.0, 1e-3, False), Disagreement(0.0, 1e-7, False)
    rates = tuple(Rates(np.ones(1), {"w": 0.0}, {"w": 1.0}) for _ in disagreements)
    assert least_seen([Asked(disagreements, rates)], "w", 1.0) == pytest.approx(sqrt(2 / pi) * 1e-5)


# Arrays of every sort


@pytest.mark.parametrize("wrong", [False, True])
def test_arrays_without_any_gradient_are_right_and_one_that_is_given_is_seen(wrong):
    x, unused = np.random.default_rng(0).normal(size=(2, 60, 40))
    rest = 1e-3 * np.ones_like(x) if wrong else np.zeros_like(x)
    report = along(lambda x, unused: np.tanh(x), lambda dy, x, unused: (dy / np.cosh(x) ** 2, rest), x, unused)
    assert [each.verdict == "wrong" for each in report.arrays] == [False, wrong]
    assert report.ok != wrong


@pytest.mark.parametrize("factor", [1, 1.001])
def test_arrays_of_one_number_are_told_beside_large_ones(factor):
    x, s = np.random.default_rng(0).normal(size=(60, 40)), np.array(0.7)

    def vjp(dy, x, s):
        d = dy / np.cosh(s * x) ** 2
        return d * s, factor * np.sum(d * x)

    for seed in range(10):
        report = along(lambda x, s: np.tanh(s * x), vjp, x, s, seed=seed)
        assert [each.verdict == "wrong" for each in report.arrays] == [False, factor != 1]


@pytest.mark.parametrize("factor", [1, 1.001])
def test_a_function_that_gives_one_number_is_told(factor):
    x = np.random.default_rng(0).normal(size=(60, 40))
    for seed in range(10):
        report = check_function(
            lambda x: float(np.log(np.cosh(x)).sum()),
            lambda x: factor * np.tanh(x),
            x,
            seed=seed,
            every_entry=False,
            raises=False,
        )
        assert report.verdict == ("right" if factor == 1 else "wrong")


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("size", [1e-12, 1e-6, 1e6, 1e12, 1e20])
@pytest.mark.parametrize("other", [1e-12, 1.0, 1e12])
def test_huge_and_tiny_arrays_are_told_beside_others(size, other, every):
    rng = np.random.default_rng(0)
    x, w = size * rng.normal(size=(9, 7)), other * rng.normal(size=(7, 5))
    for factor in (1, 1.001):
        report = check_vjp(
            lambda x, w: x @ w,
            lambda dy, x, w, factor=factor: (factor * dy @ w.T, x.T @ dy),
            x,
            w,
            every_entry=every,
            raises=False,
        )
        assert [each.verdict == "wrong" for each in report.arrays] == [factor != 1, False], str(report)
        assert report.ok == (factor == 1)


@pytest.mark.parametrize(
    ("f", "vjp"),
    [
        (lambda x: np.maximum(x, 0), lambda dy, x: dy * (x > 0)),
        (lambda x: np.maximum(x, 0), lambda dy, x: dy * (x >= 0)),
        (abs, lambda dy, x: dy * np.sign(x)),
        (lambda x: x.max(1), lambda dy, x: dy[:, None] * (np.arange(40) == x.argmax(1)[:, None])),
    ],
    ids=["relu", "relu with 1 at 0", "abs", "max of equal numbers"],
)
def test_any_answer_at_kinks_passes_and_a_wrong_one_beside_them_does_not(f, vjp):
    x = np.round(np.random.default_rng(0).normal(size=(60, 40)))  # most of them 0, and many equal
    assert (x == 0).mean() > 0.3
    for seed in range(5):
        assert along(f, vjp, x, seed=seed).ok
    assert along(f, lambda dy, x: 1.01 * vjp(dy, x), x).verdict == "wrong"


def test_the_same_seed_gives_the_same_report_and_another_one_another():
    f, vjp = network("relu")
    wrong = off(vjp, 1, 1e-3, 0)
    one, same, other = (along(f, wrong, *arrays(1_000, 0), seed=seed) for seed in (3, 3, 4))
    assert str(one) == str(same)
    assert [(each.error, each.least) for each in one.arrays] == [(each.error, each.least) for each in same.arrays]
    assert [each.error for each in one.arrays] != [each.error for each in other.arrays]


def test_a_wrong_dy_is_no_hiding_place_for_what_is_clipped():
    """The second dy is 128 times as large: what is clipped there is not what is clipped for the first."""
    x = np.random.default_rng(0).normal(size=(60, 40))
    assert along(np.sin, lambda dy, x: np.clip(dy, -5, 5) * np.cos(x), x).verdict == "wrong"


def test_the_verdicts_are_those_of_each_array_alone():
    def forward(z):
        return np.tanh(z["a"]) * z["b"] + z["c"]

    def backward(z, dy, start):
        a, b = z["a"], z["b"]
        return {"a": dy * b / np.cosh(a) ** 2, "b": 1.01 * dy * np.tanh(a), "c": -dy}

    rng = np.random.default_rng(0)
    subject = Subject("f", {name: rng.normal(size=(30, 7)) for name in "abc"}, forward, backward)
    joint = joint_of(subject, forward(subject.arrays), 0)
    assert joint.is_wrong
    found = verdicts(joint, "net.0", USUAL, "directions")
    assert [(each.path, str(each.verdict)) for each in found] == [
        ("net.0.a", "right"),
        ("net.0.b", "wrong"),
        ("net.0.c", "wrong"),
    ]
    assert found[1].error == pytest.approx(0.01, rel=0.7)
    assert found[2].error == pytest.approx(2, rel=0.7)


@pytest.mark.parametrize(
    ("vjp", "kind"),
    [
        (lambda dy, x: dy[:5], "unknown"),
        (lambda dy, x: np.multiply(dy, np.cos(x), out=dy), "mutated"),
        (lambda dy, x: dy * np.cos(np.sin(x, out=x)), "mutated"),
        (lambda dy, x: dy * np.where(x > 2, np.nan, np.cos(x)), "not-finite"),
        (lambda dy, x: dy * np.cos(x) * LUCK.normal(1, 0.1, x.shape), "random"),
    ],
    ids=["shape", "dy in place", "x in place", "NaN", "random"],
)
def test_what_backward_does_beside_its_numbers_is_seen(vjp, kind):
    x = np.random.default_rng(0).normal(size=(60, 40))
    (finding,) = along(np.sin, vjp, x.copy()).findings
    assert (finding.array, finding.kind) == ("x", kind)
