"""LayerNorm and GroupNorm: worked by hand, alone among their neighbours, and with every mistake found."""

import numpy as np
import pytest
from support.catalogue import batch
from support.wrong_image_layers import (
    ForgottenGain,
    GroupConstant,
    MeanAndVarianceConstant,
    MeanGain,
    MeanOverTheBatch,
    OneGroupBackward,
    VarianceConstant,
)

from inkgrad.check import GradientMismatch, check_layer
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, GroupNorm, LayerNorm, ReLU
from inkgrad.layout import Layout, Named


def test_a_layer_norm_worked_by_hand():
    p = Named({"gain": np.array([1.0, 10, 100]), "bias": np.array([0.0, 0, 7])})
    y, _ = LayerNorm(3, eps=2.0).forward(p, np.array([[1.0, 4, 1]]))  # mean 2, variance (1 + 4 + 1) / 3, + 2 is 4
    np.testing.assert_allclose(y, [[-1 / 2, 10 * 2 / 2, 100 * -1 / 2 + 7]], rtol=1e-12)


def test_the_gradient_of_a_layer_norm_worked_by_hand():
    layer, p = LayerNorm(3, eps=2.0), Named({"gain": np.array([1.0, 10, 100]), "bias": np.zeros(3)})
    _, cache = layer.forward(p, np.array([[1.0, 4, 1]]))  # h = (-1/2, 1, -1/2), r = 1/2
    g = Layout(layer.shapes()).views(np.full(6, np.nan))
    dx = layer.backward(p, g, cache, np.array([[6.0, 0.3, 0]]))  # dh = (6, 3, 0), of mean 3; dh ⊙ h has mean 0
    np.testing.assert_allclose(dx, [[(6 - 3) / 2, (3 - 3) / 2, (0 - 3) / 2]], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(g.gain, [-3, 0.3, 0], rtol=1e-12)
    assert g.bias.tolist() == [6, 0.3, 0]


def test_a_group_norm_worked_by_hand():
    p = Named({"gain": np.array([1.0, 1, 1, 10]), "bias": np.array([0.0, 0, 5, 0])})
    x = np.array([[[[0.0, 2, 100, 100]], [[2, 4, 102, 102]]]])  # two pixels, two groups of two channels
    y, _ = GroupNorm(2, 4, eps=7.0).forward(p, x)  # first group: mean 2, variance 2, + 7 is 9; second: 101, 1, 8
    np.testing.assert_allclose(y[0, :, 0, :2], [[-2 / 3, 0], [0, 2 / 3]], rtol=1e-12)
    np.testing.assert_allclose(y[0, :, 0, 2:], [[5 - 8**-0.5, -10 * 8**-0.5], [5 + 8**-0.5, 10 * 8**-0.5]], rtol=1e-12)


@pytest.mark.parametrize("layer", [LayerNorm(4), GroupNorm(2, 4)], ids=str)
def test_what_a_norm_says_of_an_example_does_not_depend_on_its_neighbours(layer):
    layout, x = Layout(layer.shapes()), batch((2, 3, 4))
    p = layout.views(np.random.default_rng(0).normal(size=layout.size))
    whole, _ = layer.forward(p, x)
    for i in range(len(x)):
        alone, _ = layer.forward(p, x[i : i + 1], np.random.default_rng(0))
        np.testing.assert_array_equal(alone[0], whole[i])


@pytest.mark.parametrize("layer", [LayerNorm(4), GroupNorm(2, 4)], ids=str)
def test_equal_numbers_are_no_division_by_zero(layer):
    layout, x = Layout(layer.shapes()), np.full((2, 3, 5, 4), 0.3, np.float32)
    theta, gradient = np.ones(layout.size, np.float32), np.zeros(layout.size, np.float32)
    y, cache = layer.forward(layout.views(theta), x)
    np.testing.assert_allclose(y, 1, atol=1e-4)  # h is 0 but for the rounding of the mean, times r = 316
    assert np.isfinite(layer.backward(layout.views(theta), layout.views(gradient), cache, x)).all()


@pytest.mark.parametrize(
    ("layer", "shape", "array", "kind"),
    [
        (MeanAndVarianceConstant(4), (4,), "x", "statistics-constant"),
        (VarianceConstant(4), (4,), "x", "statistics-constant"),
        (MeanOverTheBatch(4), (4,), "x", "wrong-axis"),
        (ForgottenGain(4), (4,), "x", "derivative-forgotten"),
        (MeanAndVarianceConstant(4), (2, 3, 4), "x", "statistics-constant"),
        (GroupConstant(2, 4), (2, 3, 4), "x", "statistics-constant"),
        (OneGroupBackward(2, 4), (2, 3, 4), "x", "unknown"),
        (MeanGain(2, 4), (2, 3, 4), "gain", "factor"),
    ],
    ids=str,
)
def test_a_wrong_norm_is_found(layer, shape, array, kind):
    with pytest.raises(GradientMismatch) as caught:
        check_layer(layer, batch(shape))
    assert {finding.array: finding.kind for finding in caught.value.report.findings} == {array: kind}


def test_norms_stand_where_they_fit():
    Chain((Conv2D(1, 6), GroupNorm(3, 6), ReLU(), Flatten(), LayerNorm(24), Dense(24, 2))).output_shape((2, 2, 1))
    with pytest.raises(ShapeError, match=r"LayerNorm\(n=25, .*\) takes inputs of shape \(\.\.\., 25\), got \(24,\)"):
        Chain((Dense(3, 24), LayerNorm(25)))
    with pytest.raises(ShapeError, match=r"GroupNorm\(n_groups=2, .*\(height, width, 4\), got \(2, 2, 6\)"):
        Chain((Conv2D(1, 6), GroupNorm(2, 4))).output_shape((2, 2, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LayerNorm(0), r"LayerNorm\(n=0, .* a whole number of at least 1 for n, got 0"),
        (lambda: LayerNorm(4, eps=0), "a number above 0 for eps, got 0"),
        (lambda: LayerNorm(4, eps=float("nan")), "a number above 0 for eps, got nan"),
        (lambda: GroupNorm(2, 4.0), "whole numbers of at least 1 for n_groups and channels, got 4.0"),
        (lambda: GroupNorm(0, 4), "whole numbers of at least 1 for n_groups and channels, got 0"),
        (lambda: GroupNorm(3, 4), "4 channels do not make 3 groups of the same size"),
        (lambda: GroupNorm(2, 4, -1), "a number above 0 for eps, got -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()
