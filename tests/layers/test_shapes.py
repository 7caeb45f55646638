"""The shapes that docstrings say are those that forward and backward take and give."""

from dataclasses import dataclass

import numpy as np
import pytest
from support.catalogue import EVERY_COST, LAYERS, batch, given_to
from support.shapes import assert_shapes, said_of

from inkgrad.layers import Chain, Dense
from inkgrad.layout import Layout

NO_CHAINS = [(layer, shape) for layer, shape in LAYERS if not isinstance(layer, Chain)]  # whose shapes are its layers'


def arrays_of(layer, shape):
    """Return x, the parameters, y, dy and dx of a layer."""
    layout = Layout(layer.shapes())
    theta, gradient = np.zeros(layout.size), np.zeros(layout.size)
    p, g = layout.views(theta), layout.views(gradient)
    layer.init(p, np.random.default_rng(0))
    x = batch(shape)
    y, cache = layer.forward(p, x, np.random.default_rng(0))
    dy = np.ones(y.shape)
    return {"x": x, **layout.parts(theta), "y": y, "dy": dy, "dx": layer.backward(p, g, cache, dy)}


@pytest.mark.parametrize(("layer", "shape"), NO_CHAINS, ids=str)
def test_a_layer_takes_and_gives_what_its_docstring_says(layer, shape):
    arrays = arrays_of(layer, shape)
    assert_shapes(layer, arrays)
    assert {"x", "y", *layer.shapes()} <= said_of(layer).keys()
    assert arrays["dx"].shape == arrays["x"].shape


@pytest.mark.parametrize("cost", EVERY_COST, ids=str)
def test_a_cost_takes_and_gives_what_its_docstring_says(cost):
    y, t = given_to(cost)
    assert_shapes(cost, {"y": y, "t": t, "dy": cost.value_and_gradient(y, t)[1]})


@dataclass(frozen=True)
class SaysTransposedW(Dense):
    """Shapes    x (N, n_in)   W (n_out, n_in)   b (n_out,)   y (N, n_out)"""


@dataclass(frozen=True)
class SaysAnotherBatch(Dense):
    """Shapes    x (N, n_in)   W (n_in, n_out)   b (n_out,)   y (n_out, N)"""


@dataclass(frozen=True)
class SaysOneAxisTooMany(Dense):
    """Shapes    x (N, n_in, 1)   W (n_in, n_out)   b (n_out,)   y (N, n_out)"""


@dataclass(frozen=True)
class SaysY(Dense):
    """Shapes    x (N, n_in)   W (n_in, n_out)   b (n_out,)   y like x"""


@pytest.mark.parametrize("wrong", [SaysTransposedW, SaysAnotherBatch, SaysOneAxisTooMany, SaysY])
def test_a_docstring_that_says_other_shapes_is_found(wrong):
    with pytest.raises(AssertionError, match=r"Says\w+\(n_in=4, n_out=3.*\): [xyWb]"):
        assert_shapes(wrong(4, 3), arrays_of(wrong(4, 3), (4,)))
