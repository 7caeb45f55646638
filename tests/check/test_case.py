"""What a wrong gradient is compared with before it gets a name."""

import numpy as np
import pytest
from support.wrong_image_layers import MaxTurned, TurnedKernel

from inkgrad.check import check_vjp
from inkgrad.check.calls import layout_of
from inkgrad.check.layer import subject_of
from inkgrad.check.measure.numerical import numerical_vjp
from inkgrad.check.naming import Case

X = np.random.default_rng(5).normal(size=(2, 5, 6, 2))


def case_of_dx(layer, x, dtype=np.float64):
    """The case of a layer's dx."""
    theta = np.random.default_rng(6).normal(size=layout_of(layer).size).astype(dtype)
    subject = subject_of(layer, theta, x.astype(dtype), seed=0)
    y = subject.forward(subject.copies())
    dy = np.random.default_rng(7).normal(size=y.shape).astype(dtype)
    numericals = {name: numerical_vjp(subject, name, dy, y) for name in subject.arrays}
    return Case(subject, "x", subject.backward(subject.copies(), dy, 0.0)["x"], numericals, y, dy)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_what_explains_a_gradient_is_never_passed_over(dtype, scale):
    case = case_of_dx(TurnedKernel(2, 3), scale * X, dtype)
    turned = {"W": np.ascontiguousarray(case.subject.arrays["W"][::-1, ::-1])}
    predicted = case.possible_counterfactual(**turned)
    assert case.explains(predicted)
    assert np.array_equal(predicted, case.counterfactual(**turned))


def test_what_is_far_from_a_gradient_is_not_measured_entry_by_entry():
    case = case_of_dx(TurnedKernel(2, 3), X)
    other = {"W": np.ascontiguousarray(case.subject.arrays["W"][:, ::-1])}
    assert not case.explains(case.counterfactual(**other))
    assert case.possible_counterfactual(**other) is None


def test_at_a_kink_nothing_is_passed_over():
    case = case_of_dx(MaxTurned(3), np.zeros_like(X))
    assert np.array_equal(case.possible_counterfactual(x=X), case.counterfactual(x=X))


@pytest.mark.parametrize(("part", "kind"), [(0.0, "zero"), (1e-14, "factor")])
def test_a_gradient_that_is_nearly_nothing_is_not_said_to_be_all_zero(part, kind):
    x = np.random.default_rng(0).normal(size=(7, 5))
    report = check_vjp(np.sin, lambda dy, x: part * dy * np.cos(x), x, raises=False)
    assert [str(each.kind) for each in report.findings] == [kind]
