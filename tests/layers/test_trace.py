"""The one way through a network: its leaves, and a batch that passes them, forward and back."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from support.catalogue import LAYERS, batch

from inkgrad.errors import ShapeError
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Tanh, leaves, trace
from inkgrad.layout import Layout, within

NESTED = Chain(
    (Conv2D(1, 2), Chain((ReLU(), MaxPool2D())), Flatten(), Chain((Chain((Dense(8, 3), Dropout(0.4))), Tanh())))
)
PATHS = ["0", "1.0", "1.1", "2", "3.0.0", "3.0.1", "3.1"]
SHAPES = [(4, 4, 1), (4, 4, 2), (4, 4, 2), (2, 2, 2), (8,), (3,), (3,), (3,)]


@dataclass(frozen=True)
class Residual(Chain):
    """y = x + f(x), where f is the chain."""

    def forward(self, p, x, rng=None):
        y, caches = super().forward(p, x, rng)
        return x + y, caches

    def backward(self, p, g, caches, dy):
        return dy + super().backward(p, g, caches, dy)


def parameters(network, seed=0):
    """Return p, g and the gradient that g shows, for random parameters."""
    layout = Layout(network.shapes())
    theta, gradient = np.random.default_rng(seed).normal(size=layout.size), np.full(layout.size, np.nan)
    return layout.views(theta), layout.views(gradient), gradient


def by_hand(network, p, x, rng):
    """Return every layer's output, each found by a run of its own over all layers before it, one by one."""

    def flat(layer, p):
        if type(layer) is Chain:
            return [each for i, inner in enumerate(layer.layers) for each in flat(inner, p[str(i)])]
        return [(layer, p)]

    outputs = []
    for n in range(1, len(flat(network, p)) + 1):
        y, stream = x, np.random.default_rng(rng)
        for layer, its in flat(network, p)[:n]:
            y, _ = layer.forward(its, y, stream)
        outputs.append(y)
    return outputs


def test_leaves_have_paths_and_the_shapes_between_them():
    found = leaves(NESTED, (4, 4, 1))
    assert [leaf.path for leaf in found] == PATHS
    assert [leaf.input_shape for leaf in found] == SHAPES[:-1]
    assert [leaf.output_shape for leaf in found] == SHAPES[1:]
    assert [leaf.layer for leaf in found[-3:]] == [Dense(8, 3), Dropout(0.4), Tanh()]


def test_leaves_have_the_parameters_of_the_layout_in_its_order():
    named = [f"{leaf.path}.{name}" for leaf in leaves(NESTED) for name in leaf.parameters]
    assert named == list(Layout(NESTED.shapes()).places)
    shapes = [shape for leaf in leaves(NESTED) for shape in leaf.parameters.values()]
    assert shapes == [shape for _, shape in Layout(NESTED.shapes()).places.values()]


def test_shapes_of_leaves_are_none_until_one_is_known():
    found = leaves(Chain((ReLU(), Chain((Dropout(0.5), Dense(3, 2))), ReLU())))
    assert [leaf.input_shape for leaf in found] == [None, None, (3,), (2,)]
    assert [leaf.output_shape for leaf in found] == [None, None, (2,), (2,)]


def test_a_layer_alone_is_one_leaf_without_a_path():
    (leaf,) = leaves(Dense(3, 2))
    assert (leaf.path, leaf.input_shape, leaf.output_shape) == ("", (3,), (2,))
    assert leaf.parameters == {"W": (3, 2), "b": (2,)}
    assert leaves(Chain(())) == ()


def test_leaves_refuse_inputs_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"Dense\(n_in=8, n_out=3, start='he'\) takes inputs of shape \(8,\)"):
        leaves(NESTED, (6, 6, 1))


def test_a_trace_has_what_a_walk_by_hand_finds():
    x, (p, _, _) = np.random.default_rng(1).normal(size=(5, 4, 4, 1)), parameters(NESTED)
    steps = NESTED.trace(p, x, np.random.default_rng(7))
    assert [step.path for step in steps] == PATHS
    assert steps[0].x is x
    for step, following in pairwise(steps):
        assert following.x is step.y
    for step, y in zip(steps, by_hand(NESTED, p, x, 7), strict=True):
        np.testing.assert_array_equal(step.y, y)
    np.testing.assert_array_equal(steps[-1].y, NESTED.forward(p, x, np.random.default_rng(7))[0])


def test_the_way_back_through_a_trace_is_backward():
    x, (p, g, gradient) = np.random.default_rng(1).normal(size=(5, 4, 4, 1)), parameters(NESTED)
    dy = np.random.default_rng(2).normal(size=(5, 3))
    dx = dy
    for step in reversed(NESTED.trace(p, x, np.random.default_rng(7))):
        dx = step.back(g, dx)
    _, other, expected = parameters(NESTED)
    _, caches = NESTED.forward(p, x, np.random.default_rng(7))
    np.testing.assert_array_equal(dx, NESTED.backward(p, other, caches, dy))
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_every_layer_is_traced_alone_and_in_a_chain(layer, shape):
    for network in layer, Chain((layer, ReLU())):
        p, _, _ = parameters(network)
        steps = trace(network, p, batch(shape))
        assert [step.path for step in steps] == [leaf.path for leaf in leaves(network)]
        y = steps[-1].y if steps else batch(shape)  # a chain of no layers has no steps
        np.testing.assert_array_equal(y, network.forward(p, batch(shape))[0])


def test_a_chain_that_goes_its_own_way_is_one_step():
    network = Chain((Dense(3, 3), Residual((Tanh(), Dense(3, 3))), ReLU()))
    x, (p, _, _) = np.random.default_rng(1).normal(size=(5, 3)), parameters(network)
    steps = network.trace(p, x)
    assert [step.path for step in steps] == ["0", "1", "2"]
    assert [leaf.path for leaf in leaves(network)] == ["0", "1", "2"]
    assert list(leaves(network)[1].parameters) == ["1.W", "1.b"]
    np.testing.assert_array_equal(steps[-1].y, network.forward(p, x)[0])
    assert trace(network.layers[1], p["1"], x)[0].layer is network.layers[1]


def test_parts_of_a_network_are_found_by_their_path():
    p, _, _ = parameters(NESTED)
    assert within(p, "3.0.0").W is p["3"]["0"]["0"].W
    assert within(p, "") is p


def test_a_trace_of_a_wrong_layer_raises_what_the_layer_raises():
    @dataclass(frozen=True)
    class Broken(Layer):
        def forward(self, p, x, rng=None):
            raise ZeroDivisionError("mine")

        def backward(self, p, g, cache, dy):
            return dy

    network = Chain((Tanh(), Broken()))
    with pytest.raises(ZeroDivisionError, match="mine"):
        network.trace(parameters(network)[0], np.ones((2, 2)))
