"""Slopes of a function in one number, beside closed forms: what a large step jumps over is looked at from closer."""

import numpy as np
import pytest

from inkgrad.check import check_vjp
from inkgrad.check.measure.slopes import Slope, sharpest_slope

EPS = float(np.finfo(float).eps)


def slope_of(f, x, noise=1e-16):
    return sharpest_slope(lambda d: (d, f(x + d)), f(x), np.full(x.shape, noise), 1.0, EPS, 3)


@pytest.mark.parametrize("waves", [1.0, 1e2, 1e4, 1e5])
def test_slopes_of_waves_lie_within_their_error_bars(waves):
    x = np.random.default_rng(0).normal(size=3000)
    found = slope_of(lambda x: np.sin(waves * x), x, noise=1e-15 * waves)
    true = waves * np.cos(waves * x)
    assert not ((found.low - found.bar > true) | (true > found.high + found.bar)).any()


@pytest.mark.parametrize("seed", range(5))
def test_steps_that_jump_over_whole_waves_are_taken_again_from_closer(seed):
    """The noise of such outputs is overrated, and three steps of many waves may agree within it."""
    x = 1e5 * np.random.default_rng(seed).normal(size=60)
    report = check_vjp(np.sin, lambda dy, x: dy * np.cos(x), x, every_entry=True, raises=False)
    assert report.verdict != "wrong"


def test_what_is_seen_from_closer_counts_where_it_is_far_off_and_only_there():
    one = np.ones(4)
    first = Slope(one, one, np.full(4, 1e-3))
    low, high, bar = np.array([[2.0, 1.05, 1.05, 2.0], [2.0, 1.05, 1.05, 3.0], [0.01, 0.01, 1e-4, 0.01]])
    closer = Slope(low, high, bar)
    assert first.seen_closer(closer).low.tolist() == [2.0, 1.0, 1.05, 1.0]


def test_steps_that_are_rounded_unequally_keep_the_curvature_out():
    """1 + d is rounded, so the steps to the left and to the right differ; (y - 1)² / 2 has the curvature 1."""
    y = 1 + 2e-7

    def move(d):
        there = y + d
        return there - y, np.array([(there - 1) ** 2 / 2])

    found = sharpest_slope(move, np.array([(y - 1) ** 2 / 2]), np.array([1e-29]), 1.0, EPS, 3)
    assert abs(found.middle[0] - (y - 1)) <= found.bar[0]


def test_a_tiny_number_beside_large_ones_is_moved_far():
    """What a ReLU lets through just above its kink may be 1e-12, and steps of its size drown in what is added."""
    rng = np.random.default_rng(0)
    x, w, b = 1e-12 * rng.normal(size=(3, 2)), rng.normal(size=(2, 4)), rng.normal(size=4)
    report = check_vjp(lambda x: x @ w + b, lambda dy, x: dy @ w.T, x, every_entry=True, raises=False)
    assert report.verdict == "right"
    assert report.arrays[0].least < 1e-10


def test_a_function_that_saturates_is_no_straight_line_from_afar():
    """Seen from far off an arctangent is flat; its slope is that near by, however much rounding hides it."""
    found = slope_of(lambda x: np.round(np.arctan(x / 1e-12), 3), np.array([1e-13]), noise=1e-3)
    assert found.broken[0] or found.bar[0] > 1


def test_a_number_that_no_step_moves_has_no_slope():
    found = sharpest_slope(lambda d: (0.0, np.ones(2)), np.ones(2), np.full(2, 1e-16), 1.0, EPS, 3)
    assert np.isnan(found.middle).all()


@pytest.mark.parametrize("stairs", [np.floor, np.round, np.trunc, lambda x: np.round(x, 3)])
@pytest.mark.parametrize("every", [True, False])
def test_a_staircase_has_no_slope_though_it_is_straight_from_far_away(stairs, every):
    for seed in range(3):
        x = 5 * np.random.default_rng(seed).normal(size=20)
        flat = check_vjp(stairs, lambda dy, x: 0 * dy, x, every_entry=every, raises=False)
        sloping = check_vjp(stairs, lambda dy, x: dy, x, every_entry=every, raises=False)
        assert flat.verdict == "right"
        assert sloping.verdict == "wrong"
