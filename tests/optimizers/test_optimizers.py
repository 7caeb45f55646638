"""Optimizers and schedules, against numbers worked by hand."""

import pickle

import numpy as np
import pytest

from inkgrad.errors import SettingError
from inkgrad.optimizers import SGD, Adam, Averaged, Constant, Cosine, OneCycle, StepDecay
from inkgrad.optimizers.soft_threshold import soft_threshold


def after_steps(optimizer, gradients, start=1.0):
    """Return theta after each gradient, for a single parameter."""
    theta, path = np.array([start]), []
    state = optimizer.init(theta)
    for gradient in gradients:
        optimizer.step(theta, np.array([gradient]), state)
        path.append(float(theta[0]))
    return path


def test_sgd_goes_against_the_gradient():
    assert after_steps(SGD(0.1), [2, -1]) == pytest.approx([0.8, 0.9])


def test_momentum_adds_up():
    # v = 2, then 0.5 * 2 - 1 = 0, then 0.5 * 0 + 4 = 4
    assert after_steps(SGD(0.1, momentum=0.5), [2, -1, 4]) == pytest.approx([0.8, 0.8, 0.4])


def test_adams_first_step_is_lr_whatever_the_size_of_the_gradient():
    assert after_steps(Adam(0.01), [1e-3]) == pytest.approx([0.99], rel=1e-4)
    assert after_steps(Adam(0.01), [1e3]) == pytest.approx([0.99], rel=1e-4)


def test_adam_on_numbers_worked_by_hand():
    # m = .5, v = .5; m̂ = 1, v̂ = 1; then m = -.25, v = 1.25; m̂ = -.25/.75, v̂ = 1.25/.75
    found = after_steps(Adam(0.1, beta1=0.5, beta2=0.5, eps=1e-12), [1, -1])
    second = 0.9 - 0.1 * (-0.25 / 0.75) / np.sqrt(0.75 / 0.75)
    assert found == pytest.approx([0.9, second])


def test_weight_decay_shrinks_theta_apart_from_the_gradient():
    assert after_steps(Adam(0.1, weight_decay=0.5), [0, 0], start=2.0) == pytest.approx([2 * 0.95, 2 * 0.95**2])


def test_weight_decay_of_sgd_is_a_part_of_the_gradient():
    # v = 0.5 * 2, theta = 1.9; then v = 0.5 + 0.5 * 1.9
    assert after_steps(SGD(0.1, 0.5, weight_decay=0.5), [0, 0], start=2.0) == pytest.approx([1.9, 1.9 - 0.145])


def test_the_soft_threshold_is_best_for_the_distance_and_the_penalty():
    z, by, u = np.array([-2.0, -0.5, -0.3, 0.0, 0.2, 0.5, 0.9]), 0.5, np.linspace(-3, 3, 600_001)
    best = [u[np.argmin((u - each) ** 2 / 2 + by * np.abs(u))] for each in z]
    assert soft_threshold(z, by) == pytest.approx(best, abs=1e-5)
    assert soft_threshold(z, by)[1:6].tolist() == [0] * 5


@pytest.mark.parametrize("optimizer", [SGD(0.1, l1=0.5), SGD(0.1, 0.5, l1=0.25), Adam(0.1, eps=1e-12, l1=0.5)], ids=str)
def test_l1_ends_at_0_and_stays(optimizer):
    # by 0.05 a step without momentum; with 0.5 of it, by 0.1 · 0.25 / (1 - 0.5); Adam's pace is 0.1 / 1 first
    first = after_steps(optimizer, [1.0], start=0.52)[0]
    assert first == pytest.approx(0.52 - 0.1 - 0.05)
    assert after_steps(optimizer, [1.0] + [0.0] * 60, start=0.52)[-1] == 0


def lasso(rng, l1):
    """A problem of least squares, 40 examples of 6 inputs of which 2 count, as its cost, gradient and penalty."""
    x = rng.normal(size=(40, 6))
    t = x @ [1.5, 0, 0, -0.8, 0, 0] + 0.1 * rng.normal(size=40)

    def gradient(theta):
        return x.T @ (x @ theta - t) / len(x)

    return gradient, lambda theta: ((x @ theta - t) ** 2).mean() / 2 + l1 * np.abs(theta).sum()


@pytest.mark.parametrize(
    "optimizer", [SGD(0.1, l1=0.2), SGD(0.02, 0.9, l1=0.2), Adam(StepDecay(0.01, 1000, 0.5), l1=0.2)], ids=str
)
def test_where_l1_comes_to_rest_cost_and_penalty_are_smallest(rng, optimizer):
    """There the cost pulls at what is not 0 with l1, and at what is 0 with less."""
    gradient, penalised = lasso(rng, 0.2)
    theta = np.ones(6)
    state = optimizer.init(theta)
    for _ in range(6000):
        optimizer.step(theta, gradient(theta), state)
    assert (theta != 0).tolist() == [True, False, False, True, False, False]
    assert gradient(theta)[[0, 3]] == pytest.approx(-0.2 * np.sign(theta[[0, 3]]), abs=1e-3)
    assert (np.abs(gradient(theta)[theta == 0]) < 0.2).all()
    for _ in range(100):
        assert penalised(theta + rng.normal(0, 0.1, 6)) > penalised(theta)


def test_away_from_0_l1_is_a_step_along_the_gradient_of_the_penalty(rng):
    gradient, penalised = lasso(rng, 0.2)
    theta, h = np.array([1.0, -2, 0.5, -0.5, 3, -1]), 1e-6
    slopes = [(penalised(theta + h * e) - penalised(theta - h * e)) / (2 * h) for e in np.eye(6)]
    moved = theta.copy()
    SGD(0.01, l1=0.2).step(moved, gradient(theta), SGD().init(theta))
    assert moved - theta == pytest.approx(-0.01 * np.array(slopes), abs=1e-9)


def test_a_schedule_may_stand_for_the_rate():
    assert after_steps(SGD(StepDecay(1, every=1, factor=0.5)), [1, 1, 1], start=0.0) == pytest.approx([-1, -1.5, -1.75])


@pytest.mark.parametrize(
    ("schedule", "step", "rate"),
    [
        (Constant(0.3), 10**6, 0.3),
        (StepDecay(1, every=10), 9, 1),
        (StepDecay(1, every=10), 10, 0.1),
        (StepDecay(1, every=10, factor=0.5), 35, 0.125),
        (Cosine(2, 10), 0, 2),
        (Cosine(2, 10), 5, 1),
        (Cosine(2, 10, lr_end=0.4), 10, 0.4),
        (Cosine(2, 10, lr_end=0.4), 1000, 0.4),
        (OneCycle(0.5, 101, rise=0.5), 0, 0.02),
        (OneCycle(0.5, 100, rise=0.3), 29, 0.5),
        (OneCycle(0.5, 100, rise=0.3), 99, 0.000002),
        (OneCycle(0.5, 1), 0, 0.000002),
    ],
    ids=str,
)
def test_a_schedule_gives_the_rate_of_a_step(schedule, step, rate):
    assert schedule(step) == pytest.approx(rate)


@pytest.mark.parametrize("schedule", [Cosine(1, 50), StepDecay(1, 7)], ids=str)
def test_a_decay_never_rises(schedule):
    rates = [schedule(step) for step in range(60)]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0), "finite learning rate above 0, got 0"),
        (lambda: SGD(float("nan")), "finite learning rate above 0, got nan"),
        (lambda: SGD(0.1, momentum=1), r"momentum in \[0, 1\), got 1"),
        (lambda: Adam(-1), "finite learning rate above 0, got -1"),
        (lambda: Adam(beta2=1), r"beta2 in \[0, 1\), got 1"),
        (lambda: SGD(Constant(-1)), "Constant takes a finite learning rate above 0, got -1"),
        (lambda: StepDecay(1, 5, factor=-3), "a factor above 0, got -3"),
        (lambda: SGD(weight_decay=-1), "SGD takes weight_decay of 0 or more, got -1"),
        (lambda: Adam(weight_decay=float("inf")), "weight_decay of 0 or more"),
        (lambda: Adam(eps=0), "eps above 0"),
        (lambda: SGD(l1=float("nan")), "SGD takes l1 of 0 or more, got nan"),
        (lambda: Adam(l1=-0.1), "Adam takes l1 of 0 or more, got -0.1"),
        (lambda: Cosine(1, 0), "at least 1 step"),
        (lambda: OneCycle(1, 10, rise=1), r"rise in \(0, 1\), got 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()


@pytest.mark.parametrize("optimizer", [SGD(OneCycle(1, 9), 0.9), Adam(Cosine(1, 9), weight_decay=0.1)], ids=str)
def test_an_optimizer_is_only_its_settings(optimizer):
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer


@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9, 0.1, 0.1), Adam(weight_decay=0.1, l1=0.1)], ids=str)
def test_a_step_keeps_float32_and_leaves_the_gradient_alone(optimizer):
    theta, gradient = np.ones(3, np.float32), np.ones(3, np.float32)
    state = optimizer.init(theta)
    optimizer.step(theta, gradient, state)
    assert theta.dtype == state["v"].dtype == np.float32
    assert gradient.tolist() == [1, 1, 1]


def test_the_average_forgets_its_first_thetas_and_leaves_the_steps_alone():
    theta, state = np.array([1.0]), Averaged(SGD(0.1), 0.999).init(np.array([1.0]))
    averaged = Averaged(SGD(0.1), 0.999)
    for gradient in 2.0, -1.0:
        averaged.step(theta, np.array([gradient]), state)
    # theta is .8, then .9; keep is 2/11, then 3/12: the average is 9/11 of .8 and 2/11, then .75 of .9 and a quarter
    first = 2 / 11 + 0.8 * 9 / 11
    assert state["average"] == pytest.approx([first / 4 + 0.9 * 3 / 4])
    assert float(theta[0]) == pytest.approx(after_steps(SGD(0.1), [2, -1])[-1])
