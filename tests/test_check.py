"""The gradient checker: right layers pass, wrong ones are found by name."""

import numpy as np
import pytest
from catalogue import batch, outputs_and_targets
from wrong_layers import (
    DiagonalSoftmax,
    Forgetful,
    Greedy,
    HalfOverridden,
    MeanNotSum,
    Meddler,
    Scale,
    SilentSoftmax,
    SumNotMean,
    TidyCost,
    TransposedWeights,
)

from inkgrad.check import (
    GradientMismatch,
    check_cost,
    check_layer,
    check_network,
    numerical_gradient,
    quick_check,
)
from inkgrad.costs import SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import Chain, Dense, Layer, Softmax, Tanh
from inkgrad.models import MODELS
from inkgrad.training import Objective

T = np.arange(7) % 3


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (DiagonalSoftmax(), r"dx\[.* by backward but .* by finite differences"),
        (SilentSoftmax(), r"dx\[.* is 0 by backward"),
        (MeanNotSum(4, 3), r"db\["),
        (TransposedWeights(4, 4), r"dx\["),
        (HalfOverridden(4, 3), "parameter_gradient writes other numbers than backward"),
        (Greedy(4), "changed dy in place"),
        (Meddler(4), "changed x in place"),
        (Forgetful(4), r"ds\[0\] is nan by backward"),
    ],
    ids=str,
)
def test_a_wrong_backward_is_found(layer, message):
    with pytest.raises(GradientMismatch, match=message):
        check_layer(layer, batch())


@pytest.mark.parametrize(
    ("cost", "message"), [(SumNotMean(), r"dy\[.* by backward"), (TidyCost(), "changed y in place")], ids=str
)
def test_a_wrong_cost_is_found(cost, message):
    with pytest.raises(GradientMismatch, match=message):
        check_cost(cost, *outputs_and_targets())


def test_a_users_layer_is_checked_for_free():
    errors = check_layer(Scale(4), batch())
    assert errors.keys() == {"dx", "ds"}
    assert max(errors.values()) < 1e-8


def test_ones_would_not_have_found_the_silent_softmax():
    """Why check_layer draws dy at random: softmax outputs sum to 1 whatever x is."""
    x = batch()
    for softmax in (Softmax(), SilentSoftmax()):
        y, cache = softmax.forward(None, x)
        dx = softmax.backward(None, None, cache, np.ones_like(y))
        numerical = numerical_gradient(lambda softmax=softmax: float(softmax.value(x).sum()), x)
        np.testing.assert_allclose(dx, numerical, atol=1e-9)


@pytest.mark.parametrize("check", [check_network, quick_check])
def test_a_right_network_passes(check):
    network = Chain((Dense(4, 5), Tanh(), Dense(5, 3)))
    errors = check(network, SoftmaxCrossEntropy(), batch(), T)
    assert errors.keys() == {"0.W", "0.b", "2.W", "2.b"}
    assert max(errors.values()) < 1e-6


@pytest.mark.parametrize("check", [check_network, quick_check])
@pytest.mark.parametrize("wrong", [MeanNotSum(3, 3), TransposedWeights(3, 3)], ids=str)
def test_a_wrong_layer_inside_a_network_is_found(check, wrong):
    network = Chain((Dense(4, 3), Tanh(), wrong))
    with pytest.raises(GradientMismatch, match=r"by backward|at the rate"):
        check(network, SoftmaxCrossEntropy(), batch(), T)


def test_a_wrong_first_layer_is_found_as_training_would_use_it():
    with pytest.raises(GradientMismatch, match=r"d0\.b\["):
        check_network(Chain((MeanNotSum(4, 3),)), SoftmaxCrossEntropy(), batch(), T)


def test_the_check_of_a_network_leaves_its_theta_alone():
    network = Chain((Dense(4, 3),))
    theta = np.linspace(-1, 1, 15, dtype=np.float32)
    before = theta.copy()
    check_network(network, SquaredError(), batch(), T, theta)
    quick_check(network, SquaredError(), batch(), T, theta)
    np.testing.assert_array_equal(theta, before)


def test_the_quick_check_finds_a_single_wrong_entry_among_78400():
    class OneDoubled(Dense):
        def parameter_gradient(self, p, g, x, dy):
            super().parameter_gradient(p, g, x, dy)
            g.W[300, 50] *= 2

    recipe = MODELS["seed"]
    network = recipe.network(10)
    wrong = Chain(tuple(OneDoubled(784, 100) if layer == Dense(784, 100) else layer for layer in network.layers))
    rng = np.random.default_rng(0)
    x, t = rng.random((16, 28, 28, 1)), rng.integers(0, 10, 16)
    theta = Objective(network, recipe.cost).init(rng)
    assert max(quick_check(network, recipe.cost, x, t, theta).values()) < 1e-6
    with pytest.raises(GradientMismatch, match=r"along a random direction in 1\.W"):
        quick_check(wrong, recipe.cost, x, t, theta)


def test_a_dx_of_the_wrong_shape_is_named():
    class Flat(Tanh):
        def vjp(self, x, y, dy):
            return super().vjp(x, y, dy).ravel()

    with pytest.raises(GradientMismatch, match=r"dx has shape \(28,\), must be \(7, 4\)"):
        check_layer(Flat(), batch())


def test_a_layer_that_is_its_own_is_a_layer():
    assert isinstance(Scale(4), Layer)
