"""Stragglers and failures: simulations, formulas and published numbers agree."""

import math

import numpy as np
import pytest

from inkgrad.errors import SettingError
from lab.planning import (
    daly_interval,
    expected_maximum,
    expected_seconds,
    group_mtbf,
    harmonic,
    lognormal_cdf,
    optimum_interval,
    simulated_seconds,
    simulated_slowdown,
    young_interval,
)

MINUTE, HOUR = 60.0, 3600.0


@pytest.mark.parametrize("n", [1, 2, 10, 100, 1000])
def test_the_slowest_of_exponential_draws_takes_the_harmonic_number(n):
    assert expected_maximum(lambda x: -math.expm1(-x), n) == pytest.approx(harmonic(n), rel=1e-6)


@pytest.mark.parametrize("n", [1, 3, 50])
def test_the_slowest_of_uniform_draws_takes_n_of_n_plus_1(n):
    assert expected_maximum(lambda x: min(x, 1), n) == pytest.approx(n / (n + 1), rel=1e-4)


def test_one_lognormal_draw_has_the_known_mean():
    assert expected_maximum(lognormal_cdf(0.5), 1) == pytest.approx(math.exp(0.5**2 / 2), rel=1e-6)


@pytest.mark.parametrize("n", [1, 8, 100])
def test_the_simulation_of_stragglers_agrees_with_the_harmonic_numbers(n, rng):
    n_rounds = 20_000
    found = simulated_slowdown(lambda rng, shape: rng.exponential(size=shape), n, rng, n_rounds)
    variance = np.sum(1 / np.arange(1, n + 1) ** 2)  # of the maximum of n exponential draws
    assert abs(found - harmonic(n)) < 4 * math.sqrt(variance / n_rounds)


def test_the_simulation_of_stragglers_agrees_with_the_integral(rng):
    sigma = 0.3
    found = simulated_slowdown(lambda rng, shape: rng.lognormal(0, sigma, shape), 64, rng, 20_000)
    assert found == pytest.approx(expected_maximum(lognormal_cdf(sigma), 64), rel=0.005)  # its spread is 0.0015


def test_waiting_every_eighth_step_costs_less_than_waiting_at_each(rng):
    def draw(rng, shape):
        return rng.lognormal(0, 0.3, shape)

    each = simulated_slowdown(draw, 32, rng)
    seldom = simulated_slowdown(draw, 32, rng, sync_every=8)
    alone = math.exp(0.3**2 / 2)
    assert alone < seldom < alone + (each - alone) / 2  # sums of 8 have 1/√8 of the spread


@pytest.mark.parametrize(
    ("mtbf", "published", "digits"),
    [(24 * HOUR, 117 * MINUTE, 0), (6 * HOUR, 57 * MINUTE, 0), (15 * MINUTE, 9.1 * MINUTE, 1)],
)
def test_dalys_interval_is_the_published_one(mtbf, published, digits):
    """Daly 2006, figures 3 to 5: delta is 5 minutes."""
    assert round(daly_interval(5 * MINUTE, mtbf) / MINUTE, digits) == pytest.approx(published / MINUTE)


@pytest.mark.parametrize("delta", [0.1, 5.0, 60.0])
@pytest.mark.parametrize("mtbf", [300.0, 7200.0, 1e6])
def test_the_optimum_is_the_best_of_many(delta, mtbf):
    best = optimum_interval(delta, mtbf)
    least = expected_seconds(1e5, best, delta, mtbf, 20)
    others = [expected_seconds(1e5, best * factor, delta, mtbf, 20) for factor in np.geomspace(0.1, 3, 61)]
    assert least <= min(others)
    assert min(others[0], others[-1]) > least  # and it is not flat


def test_young_and_daly_come_near_the_optimum_where_checkpoints_are_cheap():
    for mtbf in 1e3, 1e4, 1e5:
        exact = optimum_interval(1.0, mtbf)
        assert daly_interval(1.0, mtbf) == pytest.approx(exact, rel=1e-4)
        assert abs(young_interval(1.0, mtbf) - exact) > 10 * abs(daly_interval(1.0, mtbf) - exact)
        assert young_interval(1.0, mtbf) == pytest.approx(exact, rel=0.03)


def test_daly_says_the_mean_time_between_failures_where_a_checkpoint_takes_two_of_them():
    assert daly_interval(100, 50) == 50
    assert daly_interval(99.999, 50) == pytest.approx(44.4, abs=0.1)


@pytest.mark.parametrize("tau", [50.0, 200.0, 1000.0])
@pytest.mark.parametrize("restart", [0.0, 40.0])
def test_the_simulation_of_deaths_agrees_with_the_formula(tau, restart, rng):
    n_segments, delta, mtbf = 40, 5.0, 600.0
    found = simulated_seconds(n_segments, tau, delta, mtbf, restart, rng, n_runs=1000)
    wanted = expected_seconds(n_segments * tau, tau, delta, mtbf, restart)
    assert found == pytest.approx(wanted, rel=0.03)  # at tau = 1000 the spread of the mean is 0.7 %


def test_the_simulation_has_its_least_time_at_the_optimum(rng):
    delta, mtbf, work = 10.0, 500.0, 6000
    taus = [12, 25, 50, 100, 200, 400]
    found = {tau: simulated_seconds(work // tau, tau, delta, mtbf, 20, rng, n_runs=500) for tau in taus}
    assert min(found, key=found.get) == min(taus, key=lambda tau: abs(math.log(tau / optimum_interval(delta, mtbf))))


def test_without_deaths_only_checkpoints_cost(rng):
    assert simulated_seconds(10, 100, 5, 1e12, 50, rng, n_runs=3) == 1050
    assert expected_seconds(1000, 100, 5, 1e12, 50) == pytest.approx(1050)


def test_a_group_dies_with_its_first_worker(rng):
    first = rng.exponential(1000, (20_000, 8)).min(axis=1).mean()
    assert group_mtbf(1000, 8) == pytest.approx(first, rel=0.03)


def test_work_that_would_never_end_is_refused():
    with pytest.raises(SettingError, match="never come to an end: checkpoint more often, or use fewer workers"):
        expected_seconds(1e6, 1e5, 10, 60, 30)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: harmonic(0), "the number of workers is a whole number, at least 1, got 0"),
        (lambda: lognormal_cdf(0), "the spread of a slow-down is a number above 0, got 0"),
        (lambda: group_mtbf(0, 2), "the mean time between failures is a number above 0, got 0"),
        (lambda: young_interval(0, 1), "the seconds of a checkpoint is a number above 0, got 0"),
        (lambda: daly_interval(1, -1), "the mean time between failures is a number above 0, got -1"),
        (lambda: expected_seconds(1, 0, 1, 1, 1), "the seconds between checkpoints is a number above 0, got 0"),
        (lambda: expected_seconds(1, 1, 1, 1, -1), "the seconds of a restart is a number, at least 0, got -1"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(SettingError, match=says):
        make()
