"""What a parameter moves may be said of a layer of one's own, and is never taken for proof."""

from dataclasses import dataclass

import numpy as np
import pytest

from inkgrad.check import CheckError, Move, check_layer, check_network, follow, moves
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense, Layer, Tanh
from inkgrad.layout import Layout


@dataclass(frozen=True)
class Scale(Layer):
    """y = s x, one learned factor for each of n inputs."""

    n: int
    calls = 0

    def shapes(self):
        return {"s": (self.n,)}

    def init(self, p, rng):
        p.s = np.ones(self.n)

    def forward(self, p, x, rng=None):
        type(self).calls += 1
        return p.s * x, x

    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return p.s * dy


class Told(Scale):
    """The same, of which is said what it moves."""

    calls = 0


class Misjudged(Scale):
    """The same, of which something wrong is said."""


@moves.register
def _(layer: Told, x, name):
    for k in range(layer.n):
        yield Move(np.array([k]), k, x[np.newaxis, :, k])


@follow.register
def _(layer: Told, p, x, y, unit, values):
    return unit, p.s[unit] * values


@moves.register
def _(layer: Misjudged, x, name):
    for k in range(layer.n):
        yield Move(np.array([k]), k, 2 * x[np.newaxis, :, k])


def test_dense_tells_how_its_parameters_move_the_outputs():
    layer, rng = Dense(4, 3), np.random.default_rng(0)
    layout, x = Layout(layer.shapes()), rng.normal(size=(5, 4))
    theta = rng.normal(size=layout.size)
    y, _ = layer.forward(layout.views(theta), x)
    for name, (place, _) in layout.places.items():
        for each in moves(layer, x, name):
            for entry, direction in zip(each.entries, each.direction, strict=True):
                other = theta.copy()
                other[place.start + entry] += 0.5
                expected = y.copy()
                expected[:, each.unit] += 0.5 * direction
                np.testing.assert_allclose(layer.forward(layout.views(other), x)[0], expected, atol=1e-12)


@pytest.mark.parametrize("layer", [Dense(4, 3), Tanh(), Told(4)], ids=str)
def test_what_follows_a_moved_unit_is_what_forward_gives(layer):
    rng = np.random.default_rng(0)
    layout, x = Layout(layer.shapes()), rng.normal(size=(5, 4))
    p, values = layout.views(rng.normal(size=layout.size)), rng.normal(size=(2, 5))
    y, _ = layer.forward(p, x)
    unit, moved = follow(layer, p, x, y, 1, values)
    for some, outputs in zip(values, moved, strict=True):
        other = x.copy()
        other[:, 1] = some
        expected, _ = layer.forward(p, other)
        np.testing.assert_allclose(outputs, expected if unit is None else expected[:, unit], atol=1e-12)


def test_nothing_is_known_of_other_layers():
    assert moves(Scale(3), np.ones((1, 3)), "s") is None
    assert follow(Scale(3), None, np.ones((1, 3)), np.ones((1, 3)), 0, np.ones((2, 1))) is None


def test_a_layer_of_which_it_is_said_is_run_far_less_often():
    x = np.random.default_rng(0).normal(size=(1, 2100))
    for layer in Scale(2100), Told(2100):
        assert check_layer(layer, x, every_entry=True).ok
    assert Told.calls < 0.6 * Scale.calls  # dx alone is left to be measured entry by entry


def test_a_wrong_word_about_a_layer_is_refused_by_its_name():
    x = np.random.default_rng(0).normal(size=(1, 2100))
    with pytest.raises(CheckError, match=r"Misjudged\(n=2100\): its moves are wrong for s: entry \d+ does not move y"):
        check_layer(Misjudged(2100), x, every_entry=True)


def test_chains_inside_a_large_network_are_checked_in_stacks_too():
    rng = np.random.default_rng(0)
    nested = Chain((Chain((Dense(20, 100), Tanh())), Chain((Told(100), Dense(100, 15)))))
    flat = Chain((Dense(20, 100), Tanh(), Told(100), Dense(100, 15)))
    x, t = rng.normal(size=(7, 20)), rng.integers(15, size=7)
    theta = rng.normal(0, 0.2, Layout(flat.shapes()).size)
    assert theta.size > 3000
    reports = [
        check_network(network, SoftmaxCrossEntropy(), x, t, theta, every_entry=True) for network in (nested, flat)
    ]
    assert [each.path for each in reports[0].comparisons] == ["0.0.W", "0.0.b", "1.0.s", "1.1.W", "1.1.b"]
    for inside, outside in zip(*(report.comparisons for report in reports), strict=True):
        np.testing.assert_array_equal(inside.numerical.value, outside.numerical.value)
        np.testing.assert_array_equal(inside.numerical.bar, outside.numerical.bar)
