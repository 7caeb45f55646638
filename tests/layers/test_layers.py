"""Every layer of the library, held to the same promises."""

import pickle

import array_api_strict as strict
import numpy as np
import pytest
from scipy import special, stats
from support import name_of
from support.catalogue import ACTIVATIONS, LAYERS, batch

from inkgrad.check import check_layer
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers import (
    ELU,
    GELU,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Frames,
    LeakyReLU,
    Noise,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from inkgrad.layout import Layout
from inkgrad.saving import build, concrete, describe

every_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)


def run(layer, x, seed=None, dtype=np.float64):
    """Return y, dx and the gradient for random parameters."""
    layout = Layout(layer.shapes())
    theta = np.zeros(layout.size, dtype)
    layer.init(layout.views(theta), np.random.default_rng(0))
    gradient = np.empty_like(theta)
    p, g = layout.views(theta), layout.views(gradient)
    y, cache = layer.forward(p, x, None if seed is None else np.random.default_rng(seed))
    return y, layer.backward(p, g, cache, y), gradient


@every_layer
def test_backward_agrees_with_forward(layer, shape):
    check_layer(layer, batch(shape))


@every_activation
def test_vjp_is_dy_times_the_jacobian(activation):
    x, dy = batch(n=1), batch(n=1, seed=2)
    _, cache = activation.forward(None, x)
    dx = activation.backward(None, None, cache, dy)
    np.testing.assert_allclose(dx[0], dy[0] @ activation.jacobian(x[0]), rtol=1e-12)


@every_layer
def test_a_layer_is_only_its_settings(layer, shape):
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert hash(layer) == hash(pickle.loads(pickle.dumps(layer)))


@every_layer
def test_a_layer_is_described_and_built_again(layer, shape):
    import inkgrad.layers

    assert build(describe(layer), concrete(inkgrad.layers), "") == layer


@every_layer
def test_layers_use_only_the_array_api_standard(layer, shape):
    layout = Layout(layer.shapes())
    theta = np.random.default_rng(0).normal(size=layout.size)
    strict_theta, gradient, strict_gradient = strict.asarray(theta), np.zeros_like(theta), strict.zeros(layout.size)
    found = []
    for x, vector, g in (batch(shape), theta, gradient), (strict.asarray(batch(shape)), strict_theta, strict_gradient):
        y, cache = layer.forward(layout.views(vector), x, np.random.default_rng(3))
        dx = layer.backward(layout.views(vector), layout.views(g), cache, y)
        found.append([np.asarray(y), np.asarray(dx), np.asarray(g)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@every_layer
def test_the_output_shape_is_foretold(layer, shape):
    y, _, _ = run(layer, batch(shape))
    assert y.shape[1:] == layer.output_shape(shape)


@pytest.mark.parametrize("layer", [layer for layer, _ in LAYERS if "Dense" in str(layer)], ids=str)
def test_another_input_shape_is_refused_by_name(layer):
    with pytest.raises(ShapeError, match=r"Dense\(n_in=4, .* takes inputs of shape \(4,\), got \(5,\)"):
        layer.output_shape((5,))


@every_layer
def test_float32_stays_float32(layer, shape):
    for array in run(layer, batch(shape).astype(np.float32), seed=0, dtype=np.float32):
        assert array.dtype == np.float32


@every_layer
def test_without_chance_the_same_input_gives_the_same_output(layer, shape):
    for first, second in zip(run(layer, batch(shape)), run(layer, batch(shape)), strict=True):
        np.testing.assert_array_equal(first, second)


@every_layer
def test_chance_comes_from_the_generator_alone(layer, shape):
    for first, second in zip(run(layer, batch(shape), seed=5), run(layer, batch(shape), seed=5), strict=True):
        np.testing.assert_array_equal(first, second)


@every_layer
def test_nan_is_never_hidden(layer, shape):
    x = batch(shape)
    x[0] = np.nan
    y, _, _ = run(layer, x, seed=0)
    assert np.isnan(y[0]).any()
    assert np.isfinite(y[1:]).all()


@every_activation
def test_activations_stay_finite_far_from_zero(activation):
    x = np.array([[-1e4, -100, 100, 1e4], [1e4, 1e4, -1e4, 0]], np.float32)
    y, dx, _ = run(activation, x)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize(
    ("activation", "independent"),
    [
        (Sigmoid(), special.expit),
        (Softmax(), lambda x: special.softmax(x, axis=-1)),
        (Softplus(), lambda x: np.logaddexp(0, x)),
        (SiLU(), lambda x: x * special.expit(x)),
        (ELU(0.5), lambda x: np.array([[v if v > 0 else 0.5 * (np.exp(v) - 1) for v in row] for row in x])),
        (LeakyReLU(), lambda x: np.maximum(x, 0.1 * x)),
        (ReLU(), lambda x: (x + abs(x)) / 2),
        (Tanh(), lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
    ],
    ids=name_of,
)
def test_values_are_those_of_another_formula(activation, independent):
    np.testing.assert_allclose(activation.value(batch()), independent(batch()), rtol=1e-12, atol=1e-15)


def test_gelu_is_within_half_a_thousandth_of_its_definition():
    x = np.linspace(-8, 8, 2001)
    assert np.abs(GELU().value(x) - x * stats.norm.cdf(x)).max() < 0.0005


def test_dense_on_numbers_worked_by_hand():
    theta = np.array([1.0, 2, 3, 4, 5, 6])  # W = [[1, 2], [3, 4]], b = [5, 6]
    p = Layout(Dense(2, 2).shapes()).views(theta)
    y, _ = Dense(2, 2).forward(p, np.array([[10.0, 100]]))
    assert y.tolist() == [[10 + 300 + 5, 20 + 400 + 6]]


@pytest.mark.parametrize(
    ("layer", "variance"),
    [
        (Dense(300, 200, "he"), 2 / 300),
        (Dense(300, 200, "glorot"), 2 / 500),
        (Dense(300, 200, "lecun"), 1 / 300),
        (Conv2D(100, 100, start="he"), 2 / 900),  # each output is of 900 numbers
        (Conv2D(100, 100, start="glorot"), 2 / 1800),
        (Conv2D(100, 100, start="lecun"), 1 / 900),
    ],
    ids=str,
)
def test_a_start_has_its_variance(layer, variance):
    layout = Layout(layer.shapes())
    p = layout.views(np.ones(layout.size))
    layer.init(p, np.random.default_rng(0))
    assert p.W.var() == pytest.approx(variance, rel=0.02)  # 60,000 draws or more: standard error 0.6 %
    assert not p.b.any()


def test_dropout_keeps_the_mean_and_drops_its_share():
    y, _ = Dropout(0.25).forward(None, np.ones((100, 1000)), np.random.default_rng(0))
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.005)
    assert y.mean() == pytest.approx(1, abs=0.005)


def test_noise_leaves_inputs_between_0_and_1_and_only_shakes_in_training():
    x = np.random.default_rng(0).random((50, 40))
    shaken, _ = Noise(0.5).forward(None, x, np.random.default_rng(1))
    assert shaken.min() == 0
    assert shaken.max() == 1
    calm, _ = Noise(0.5).forward(None, x)
    np.testing.assert_array_equal(calm, x)


def test_a_chain_does_not_compute_what_nobody_wants():
    """The dx of the first layer with parameters costs as much as its dW, and is not used in training."""

    class Jealous(Dense):
        def backward(self, p, g, x, dy):
            raise AssertionError("dx was asked for")

    chain = Chain((Flatten(), Jealous(4, 3), ReLU(), Dense(3, 2)))
    layout = Layout(chain.shapes())
    p, g = layout.views(np.ones(layout.size)), layout.views(np.full(layout.size, np.nan))
    y, caches = chain.forward(p, batch((2, 2)))
    chain.parameter_gradient(p, g, caches, y)
    assert np.isfinite(g["1"].W).all()


def test_layers_that_do_not_fit_are_refused_when_the_chain_is_built():
    with pytest.raises(ShapeError, match=r"Dense\(n_in=5, .*\) takes inputs of shape \(5,\), got \(8,\)"):
        Chain((Flatten(), Dense(4, 8), ReLU(), Dense(5, 3)))


def test_layers_that_do_not_fit_are_refused_inside_a_chain_in_a_chain():
    with pytest.raises(ShapeError, match=r"takes inputs of shape \(5,\), got \(8,\)"):
        Chain((Chain((ReLU(), Dense(4, 8))), Dense(5, 3)))


def test_images_must_be_flattened_first():
    with pytest.raises(ShapeError, match=r"takes inputs of shape \(784,\), got \(28, 28\): flatten them first"):
        Dense(784, 10).output_shape((28, 28))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0, 3), "whole numbers of at least 1"),
        (lambda: Dense(4, 2.5), "whole numbers of at least 1 .* got 2.5"),
        (lambda: Dense(4, 3, "xavier"), "start must be one of he, glorot, lecun, got 'xavier'"),
        (lambda: Dropout(1), r"a rate in \[0, 1\), got 1"),
        (lambda: Dropout(float("nan")), r"a rate in \[0, 1\), got nan"),
        (lambda: Noise(-1), "0 or more, got -1"),
        (lambda: ELU(0), "alpha above 0, got 0"),
        (lambda: LeakyReLU(1.5), r"leak in \[0, 1\), got 1.5"),
        (lambda: Chain((Dense(2, 3), ReLU)), r"takes layers, got .*ReLU.*: write ReLU\(\.\.\.\)"),
        (lambda: Chain(Dense(2, 3)), "takes a tuple of layers"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()


def test_a_gradient_of_the_wrong_shape_is_refused_by_name():
    views = Layout({"W": (4, 3)}).views(np.zeros(12))
    with pytest.raises(ShapeError, match=r"W has shape \(4, 3\), cannot hold \(3, 4\)"):
        views.W = np.zeros((3, 4))
    with pytest.raises(ShapeError, match=r"W has shape \(4, 3\), cannot hold \(\)"):
        views.W = 0.0
    with pytest.raises(AttributeError, match=r"no parameter 'w', only \['W'\]"):
        views.w = np.zeros((4, 3))


def test_views_share_the_memory_of_theta():
    theta = np.zeros(15)
    views = Layout({"0": {"W": (4, 3), "b": (3,)}}).views(theta)
    views["0"].b = np.ones(3)
    assert theta.tolist() == [0] * 12 + [1] * 3
    with pytest.raises(ShapeError, match=r"15 parameters, got an array of shape \(14,\)"):
        Layout({"0": {"W": (4, 3), "b": (3,)}}).views(theta[1:])


def test_frames_are_the_columns_from_left_to_right():
    y, _ = Frames().forward(None, np.array([[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]]))
    np.testing.assert_array_equal(y, [[[1, 2], [3, 4], [5, 6]]])


def test_only_images_one_pixel_high_become_frames():
    with pytest.raises(ShapeError, match=r"Frames\(\) takes images one pixel high, .*, got \(2, 4, 3\): pool"):
        Frames().output_shape((2, 4, 3))
    with pytest.raises(ShapeError, match=r"takes inputs of shape \(height, width, channels\), got \(4, 3\)"):
        Frames().output_shape((4, 3))
