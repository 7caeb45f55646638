"""A mistake is not named where there are too few numbers to tell: what is fitted to one fits any one."""

import numpy as np
import pytest

from inkgrad.check import check_cost, check_function, check_vjp
from inkgrad.costs import SquaredError

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(7, 3)), RNG.normal(size=(3, 1)), RNG.normal(size=(1,))


def kinds_of(report):
    """Return every name that the only wrong gradient is given, and what is said of it."""
    (finding,) = report.findings
    return {finding.kind, *finding.also}, finding.message


def loss(x, w, b):
    return np.square(x @ w + b).sum()


def gradient_with(of_bias):
    """Return the gradient of the loss, with db = of_bias(dy)."""

    def gradient(x, w, b):
        dy = 2 * (x @ w + b)
        return dy @ w.T, x.T @ dy, of_bias(dy)

    return gradient


def test_the_mean_for_the_sum_of_a_single_bias_is_that():
    kinds, message = kinds_of(check_function(loss, gradient_with(lambda dy: dy.mean(axis=0)), X, W, B, raises=False))
    assert kinds == {"factor"}
    assert message == "db is 0.142857 times what it should be, that is 1 / the batch size"


def test_a_single_bias_off_by_any_number_is_no_weight_decay():
    kinds, _ = kinds_of(check_function(loss, gradient_with(lambda dy: dy.sum(axis=0) + 0.3), X, W, B, raises=False))
    assert kinds == {"unknown"}


def test_a_single_bias_in_a_vector_of_zeros_is_no_weight_decay():
    b = np.array([0, 0.7, 0])

    def gradient(x, b):
        return 0 * x + 1, 7 * np.ones(3) + [0, 0.4, 0]

    kinds, _ = kinds_of(check_function(lambda x, b: (x + b).sum(), gradient, X, b, raises=False))
    assert kinds == {"unknown"}


def test_two_biases_decayed_alike_are_weight_decay():
    w, b = RNG.normal(size=(3, 2)), RNG.normal(size=(2,))

    def gradient(x, w, b):
        dx, dw, db = gradient_with(lambda dy: dy.sum(axis=0))(x, w, b)
        return dx, dw, db + 0.3 * b

    kinds, message = kinds_of(check_function(loss, gradient, X, w, b, raises=False))
    assert kinds == {"weight-decay"}
    assert message.startswith("0.3 b is added to db")


@pytest.mark.parametrize("n", [1, 2])
def test_a_wrong_slope_at_one_or_two_points_is_no_formula(n):
    """A formula of two terms fits any two numbers."""
    x = np.array([[0.3], [1.1]])[:n]
    report = check_vjp(np.sin, lambda dy, x: dy * (np.cos(x) + 0.1 * x + 0.07 / x), x, raises=False)
    assert kinds_of(report)[0] <= {"unknown", "factor"}


def test_a_wrong_slope_at_seven_points_is_a_formula():
    report = check_vjp(np.sin, lambda dy, x: dy * (0.4 * x + 0.7 * np.sin(x)), X, raises=False)
    assert kinds_of(report) == ({"wrong-formula"}, "dx equals 0.7 dy y +0.4 dy x")


def test_one_number_is_no_dx_of_a_later_step():
    def vjp(dy, x, w):
        return dy @ w.T + 0.3, x.T @ dy

    x, w = np.array([[0.3]]), np.array([[0.7, -0.4]])
    assert kinds_of(check_vjp(lambda x, w: x @ w, vjp, x, w, raises=False))[0] == {"dy-partly-ignored"}


def test_one_output_is_no_smoothed_label():
    class Off(SquaredError):
        def value_and_gradient(self, y, t):
            value, dy = super().value_and_gradient(y, t)
            return value, dy + 0.2

    kinds, _ = kinds_of(check_cost(Off(), np.array([[0.3]]), np.array([[0.6]]), raises=False))
    assert kinds == {"unknown"}


def test_the_parameters_of_a_scalar_function_are_no_batch():
    theta = np.array([0.3, -1.2, 0.7])
    (finding,) = check_function(lambda theta: (theta**3).sum(), lambda theta: theta**2, theta, raises=False).findings
    assert finding.message == "dtheta is 0.333333 times what it should be, that is 1 / the size of theta"
