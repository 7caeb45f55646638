"""Conv2D and the layers that pool: worked by hand, by loops, and with every mistake found."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.catalogue import batch
from support.wrong_image_layers import (
    BiasOfOnePlace,
    ForgottenMargin,
    ForgottenStride,
    MaxToAll,
    MaxToAllThatTie,
    MaxToTheCorner,
    MaxTurned,
    OverwrittenOverlap,
    SumForAverage,
    TurnedKernel,
    TurnedKernelGradient,
)

from inkgrad.check import EntryVerdict, GradientMismatch, check_layer, check_network
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers import AveragePool2D, Chain, Conv2D, Dense, Flatten, LeakyReLU, MaxPool2D, ReLU
from inkgrad.layout import Layout, Named

along_directions = partial(check_network, every_entry=False)

RAMP = np.arange(12.0).reshape(1, 3, 4, 1)  # [[0 1 2 3] [4 5 6 7] [8 9 10 11]]


def parameters(w, b):
    return Named({"W": np.array(w, float).reshape(np.shape(w)[0], np.shape(w)[1], 1, 1), "b": np.array([float(b)])})


def test_a_convolution_worked_by_hand():
    p = parameters([[0, 1, 0], [2, 0, 0], [0, 0, 3]], 100)  # above, twice the left, three times below right
    y, _ = Conv2D(1, 1, padding="valid").forward(p, RAMP)
    assert y[0, ..., 0].tolist() == [[100 + 1 + 8 + 30, 100 + 2 + 10 + 33]]
    y, _ = Conv2D(1, 1).forward(p, RAMP)
    assert y[0, 0, :, 0].tolist() == [100 + 15, 100 + 0 + 18, 100 + 2 + 21, 100 + 4]  # zeros above and beside
    y, _ = Conv2D(1, 1, stride=2).forward(p, RAMP)
    assert y[0, ..., 0].tolist() == [[115, 123], [100 + 4, 100 + 6 + 18]]


def test_the_gradient_of_a_convolution_worked_by_hand():
    layer, p = Conv2D(1, 1, stride=2), parameters([[0, 1, 0], [2, 0, 0], [0, 0, 3]], 100)
    _, cache = layer.forward(p, RAMP)
    g = Layout(layer.shapes()).views(np.full(10, np.nan))
    dx = layer.backward(p, g, cache, np.array([[1.0, 10], [100, 1000]]).reshape(1, 2, 2, 1))
    assert dx[0, ..., 0].tolist() == [[0, 20, 0, 0], [100, 3, 1000, 30], [0, 2000, 0, 0]]
    assert g.b.tolist() == [1111]
    assert g.W[1, 1, 0, 0] == 0 * 1 + 2 * 10 + 8 * 100 + 10 * 1000
    assert g.W[0, 0, 0, 0] == 5 * 1000  # only the last output has a pixel above left


def by_loops(x, w, b, strides, margins):
    """Return the convolution as its formula is written: seven loops."""
    n_images, height, width, n_in = x.shape
    (k, width_of_kernel), n_out = w.shape[:2], len(b)
    high = (height + 2 * margins[0] - k) // strides[0] + 1
    wide = (width + 2 * margins[1] - width_of_kernel) // strides[1] + 1
    y = np.zeros((n_images, high, wide, n_out))
    for n, h, v, d in product(*map(range, y.shape)):
        y[n, h, v, d] = b[d]
        for i, j, c in product(range(k), range(width_of_kernel), range(n_in)):
            above, left = strides[0] * h + i - margins[0], strides[1] * v + j - margins[1]
            if 0 <= above < height and 0 <= left < width:
                y[n, h, v, d] += x[n, above, left, c] * w[i, j, c, d]
    return y


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 8), st.integers(1, 8), st.integers(1, 3)),
    st.integers(1, 3),
    st.tuples(*[st.sampled_from([1, 3, 5, 7])] * 2),
    st.tuples(*[st.integers(1, 4)] * 2),
    st.sampled_from(["same", "valid"]),
    st.integers(0, 2**32 - 1),
)
def test_a_convolution_of_any_size_is_the_seven_loops(shape, c_out, kernel, strides, padding, seed):
    layer, rng = Conv2D(shape[3], c_out, kernel, strides, padding), np.random.default_rng(seed)
    x, layout = rng.normal(size=shape), Layout(layer.shapes())
    p = layout.views(rng.normal(size=layout.size))
    if padding == "valid" and (shape[1] < kernel[0] or shape[2] < kernel[1]):
        with pytest.raises(ShapeError, match=f"images of at least {kernel[0]} × {kernel[1]} pixels"):
            layer.forward(p, x)
        return
    y, cache = layer.forward(p, x)
    expected = by_loops(x, p.W, p.b, strides, [(k - 1) // 2 if padding == "same" else 0 for k in kernel])
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)  # sums of up to 147 products, in another order
    assert y.shape[1:] == layer.output_shape(shape[1:])
    if padding == "same":
        assert y.shape[1:3] == (-(-shape[1] // strides[0]), -(-shape[2] // strides[1]))
    g, dy = layout.views(np.full(layout.size, np.nan)), rng.normal(size=y.shape)
    dx = layer.backward(p, g, cache, dy)
    # y is linear in x and in W, so <dy, y - b> = <dx, x> = <dW, W>: every number takes part
    total = float((dy * (y - p.b)).sum())
    assert float((dx * x).sum()) == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert float((g.W * p.W).sum()) == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_a_max_pool_worked_by_hand():
    y, cache = MaxPool2D(2).forward(None, RAMP)
    assert y[0, ..., 0].tolist() == [[5, 7]]  # the third row fills no window
    dx = MaxPool2D(2).backward(None, None, cache, np.array([[[[10.0], [20.0]]]]))
    assert dx[0, ..., 0].tolist() == [[0, 0, 0, 0], [0, 10, 0, 20], [0, 0, 0, 0]]


def test_a_kernel_that_is_not_square_worked_by_hand():
    p = parameters([[1, 10, 0, 0, 100]], 0)  # two to the left, one to the left, two to the right
    y, _ = Conv2D(1, 1, kernel=(1, 5)).forward(p, RAMP)
    assert y[0, ..., 0].tolist() == [[200, 300, 10, 21], [600, 740, 54, 65], [1000, 1180, 98, 109]]
    y, _ = Conv2D(1, 1, kernel=(1, 5), stride=(2, 3)).forward(p, RAMP)
    assert y[0, ..., 0].tolist() == [[200, 21], [1000, 109]]
    y, _ = Conv2D(1, 1, kernel=(3, 1), padding="valid").forward(parameters([[1], [0], [10]], 0), RAMP)
    assert y[0, ..., 0].tolist() == [[80, 91, 102, 113]]


def test_windows_that_are_not_square_worked_by_hand():
    y, cache = MaxPool2D((2, 1)).forward(None, RAMP)
    assert y[0, ..., 0].tolist() == [[4, 5, 6, 7]]  # the third row fills no window
    dx = MaxPool2D((2, 1)).backward(None, None, cache, np.array([1.0, 2, 3, 4]).reshape(1, 1, 4, 1))
    assert dx[0, ..., 0].tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0]]
    y, cache = AveragePool2D((1, 3)).forward(None, RAMP)
    assert y[0, ..., 0].tolist() == [[1], [5], [9]]
    dx = AveragePool2D((1, 3)).backward(None, None, cache, np.array([3.0, 6, 9]).reshape(1, 3, 1, 1))
    assert dx[0, ..., 0].tolist() == [[1, 1, 1, 0], [2, 2, 2, 0], [3, 3, 3, 0]]


def test_a_size_whose_height_is_its_width_is_one_number():
    assert Conv2D(1, 2, (5, 5), (2, 2)) == Conv2D(1, 2, 5, 2)
    assert repr(MaxPool2D((2, 2))) == repr(MaxPool2D(2))
    assert MaxPool2D((2, 1)).size == (2, 1)


def test_the_first_of_equal_maxima_in_reading_order_gets_dy():
    x = np.array([[3.0, 3, 0, 1], [3, 3, 1, 0], [9, 9, 9, 9]]).reshape(1, 3, 4, 1)
    y, cache = MaxPool2D(2).forward(None, x)
    assert y[0, ..., 0].tolist() == [[3, 1]]
    dx = MaxPool2D(2).backward(None, None, cache, np.array([[[[10.0], [20.0]]]]))
    assert dx[0, ..., 0].tolist() == [[10, 0, 0, 20], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_window_with_a_nan_hides_neither_it_nor_its_dy():
    x = np.array([[1.0, np.nan], [7, 2]]).reshape(1, 2, 2, 1)
    y, cache = MaxPool2D(2).forward(None, x)
    assert np.isnan(y).all()
    assert MaxPool2D(2).backward(None, None, cache, np.full(y.shape, 10.0)).sum() == 10


def test_an_average_pool_worked_by_hand():
    y, cache = AveragePool2D(2).forward(None, RAMP)
    assert y[0, ..., 0].tolist() == [[(0 + 1 + 4 + 5) / 4, (2 + 3 + 6 + 7) / 4]]
    dx = AveragePool2D(2).backward(None, None, cache, np.array([[[[10.0], [20.0]]]]))
    assert dx[0, ..., 0].tolist() == [[2.5, 2.5, 5, 5], [2.5, 2.5, 5, 5], [0, 0, 0, 0]]


IMAGES = (5, 6, 2)


@pytest.mark.parametrize(
    ("layer", "array", "kind"),
    [
        (TurnedKernel(2, 3), "x", "reordered"),
        (TurnedKernelGradient(2, 3), "W", "reordered"),
        (ForgottenStride(2, 3, stride=2), "x", "unknown"),
        (ForgottenMargin(2, 3), "x", "reordered"),
        (OverwrittenOverlap(2, 3), "x", "unknown"),
        (BiasOfOnePlace(2, 3), "b", "unknown"),
        (MaxToAll(2), "x", "wrong-mask"),
        (MaxToTheCorner(2), "x", "reordered"),
        (MaxTurned(3), "x", "reordered"),
        (TurnedKernel(2, 3, (1, 5)), "x", "reordered"),
        (ForgottenStride(2, 3, (1, 3), stride=(1, 2)), "x", "unknown"),
        (ForgottenMargin(2, 3, (3, 1)), "x", "reordered"),
        (MaxToTheCorner((2, 1)), "x", "reordered"),
        (SumForAverage(2), "x", "factor"),
    ],
    ids=str,
)
def test_a_wrong_backward_for_images_is_found(layer, array, kind):
    with pytest.raises(GradientMismatch) as caught:
        check_layer(layer, batch(IMAGES))
    assert {finding.array: finding.kind for finding in caught.value.report.findings} == {array: kind}


def test_dy_to_each_of_equal_maxima_is_found_where_there_are_some():
    x = np.round(batch(IMAGES))
    with pytest.raises(GradientMismatch, match=r"x: wrong-mask: each of .* may be right alone, but together") as caught:
        check_layer(MaxToAllThatTie(2), x)
    (finding,) = caught.value.report.findings
    assert abs(finding.evidence["together"] - finding.evidence["low"]) > 0.1
    assert check_layer(MaxToAllThatTie(2), batch(IMAGES)).ok  # no two are equal


@pytest.mark.parametrize("layer", [MaxPool2D(2), MaxPool2D(3), ReLU(), LeakyReLU(0.3)], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_right_layers_are_right_at_their_kinks_together(layer, seed):
    report = check_layer(layer, np.round(batch((6, 6, 1), seed=seed)), seed=seed)
    assert report.ok
    assert report.comparisons[0].count(EntryVerdict.kink) > 10


def test_the_gradient_of_a_small_convolutional_network_is_right():
    network = Chain((Conv2D(1, 3, stride=2), ReLU(), Conv2D(3, 2), ReLU(), MaxPool2D(), Flatten(), Dense(8, 3)))
    x, t = np.random.default_rng(0).random((4, 9, 8, 1)), np.array([0, 1, 2, 0])
    x[x < 0.5] = 0  # blank paper, so that there are equal maxima
    for check in (check_network, along_directions):
        assert check(network, SoftmaxCrossEntropy(), x, t).ok


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2D(1, 8), (28, 28), r"inputs of shape \(height, width, 1\), got \(28, 28\): add an axis for the one"),
        (Conv2D(1, 8), (784,), r"inputs of shape \(height, width, 1\), got \(784,\): flatten after it, not before"),
        (Conv2D(3, 8), (3, 28, 28), r"\(height, width, 3\), got \(3, 28, 28\): the channels come last"),
        (Conv2D(3, 8), (28, 28), r"\(height, width, 3\), got \(28, 28\)$"),
        (Conv2D(3, 8), (28, 28, 1), r"Conv2D\(c_in=3, .*\) takes .* \(height, width, 3\), got \(28, 28, 1\)$"),
        (Conv2D(1, 8, 5, padding="valid"), (4, 9, 1), r"images of at least 5 × 5 pixels, got \(4, 9, 1\)"),
        (MaxPool2D(), (28, 28), r"inputs of shape \(height, width, channels\), got \(28, 28\): add an axis"),
        (MaxPool2D(), (10,), r"\(height, width, channels\), got \(10,\): flatten after it, not before"),
        (
            AveragePool2D(),
            (28, 28),
            r"AveragePool2D\(size=2\) takes .*\(height, width, channels\), got \(28, 28\): add an",
        ),
        (AveragePool2D(3), (2, 5, 1), r"images of at least 3 × 3 pixels, got \(2, 5, 1\)"),
        (MaxPool2D(3), (5, 2, 1), r"MaxPool2D\(size=3\) takes images of at least 3 × 3 pixels, got \(5, 2, 1\)"),
        (MaxPool2D((4, 1)), (3, 9, 1), r"images of at least 4 × 1 pixels, got \(3, 9, 1\)"),
        (Conv2D(1, 8, (1, 5), padding="valid"), (9, 4, 1), r"images of at least 1 × 5 pixels, got \(9, 4, 1\)"),
    ],
)
def test_inputs_that_are_no_such_images_are_refused(layer, shape, message):
    with pytest.raises(ShapeError, match=message):
        layer.output_shape(shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 8), "whole numbers of at least 1 for c_in, c_out, kernel and stride, got 0"),
        (lambda: Conv2D(1, 2.5), "whole numbers of at least 1 .* got 2.5"),
        (lambda: Conv2D(1, 8, -3), "whole numbers of at least 1 .* got -3"),
        (lambda: Conv2D(1, 8, stride=0), "whole numbers of at least 1 .* got 0"),
        (lambda: Conv2D(1, 8, stride=True), "whole numbers of at least 1 .* got True"),
        (lambda: Conv2D(1, 8, (3, 0)), r"got \(3, 0\); the last two may be pairs, \(height, width\)"),
        (lambda: Conv2D(1, 8, (3, 3, 3)), r"whole numbers of at least 1 .* got \(3, 3, 3\)"),
        (lambda: Conv2D(1, 8, [1, 5]), r"whole numbers of at least 1 .* got \[1, 5\]"),
        (lambda: Conv2D(1, 8, stride=(1, True)), r"whole numbers of at least 1 .* got \(1, True\)"),
        (lambda: Conv2D(1, (8, 8)), r"whole numbers of at least 1 .* got \(8, 8\)"),
        (lambda: Conv2D(1, 8, (1, 4)), r"needs an odd kernel, so that it has a middle, got \(1, 4\)"),
        (lambda: MaxPool2D((2, 0)), r"or a pair \(height, width\), got \(2, 0\)"),
        (lambda: MaxPool2D((2.0, 1)), r"or a pair \(height, width\), got \(2.0, 1\)"),
        (lambda: Conv2D(1, 8, 4), r"Conv2D\(.*\) needs an odd kernel, so that it has a middle, got 4"),
        (lambda: Conv2D(1, 8, padding="full"), "padding must be one of same, valid, got 'full'"),
        (lambda: Conv2D(1, 8, start="xavier"), "start must be one of he, glorot, lecun, got 'xavier'"),
        (lambda: MaxPool2D(0), r"MaxPool2D\(size=0\) needs a whole number of at least 1 for size, or a pair .* got 0"),
        (lambda: AveragePool2D(2.0), r"AveragePool2D\(size=2.0\) needs a whole number .* got 2.0"),
        (lambda: MaxPool2D("2"), "at least 1 for size, .* got '2'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()
