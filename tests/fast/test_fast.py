"""Fast layers, costs, optimizers and warps: the same numbers as the plain ones, whatever kernels run."""

import os
import pickle
from itertools import product

import numpy as np
import pytest

from inkgrad.check import check_layer
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.data import Augmentation, Examples, Warps, apply_warps, as_inputs
from inkgrad.data.augmentation import affine_maps
from inkgrad.errors import SettingError
from inkgrad.fast import (
    REPLACEMENTS,
    Fast,
    FastConv,
    FastConvReLUPool,
    FastDense,
    FastGroupNorm,
    FastMaxPool,
    FastSGD,
    FastSoftmaxCrossEntropy,
    available_threads,
    fuse,
    fuse_cost,
    fuse_optimizer,
    instruction_set,
    kernels,
    limit_threads,
    takes_bytes,
    warp,
)
from inkgrad.fast.base import PlainCache
from inkgrad.layers import (
    ELU,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    LeakyReLU,
    MaxPool2D,
    Noise,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from inkgrad.layers.windows import pair
from inkgrad.layout import Layout
from inkgrad.models import Model, load
from inkgrad.optimizers import SGD, Adam, Averaged, Cosine, OneCycle, StepDecay
from inkgrad.training import Objective, Plain, Run, evaluate

pytestmark = pytest.mark.skipif(
    kernels.compiled is None, reason="installed without a C++ compiler, so there are no kernels"
)

FLOATS = [np.float32, np.float64]
CLOSE = {  # of the largest number, as sums of up to some 1,000 products are rounded in another order
    np.float32: 1e-5,
    np.float64: 1e-12,
}

CHANNELS_IN = [1, 2, 3, 5, 8, 9, 16, 17, 24, 32, 33]
CHANNELS_OUT = [1, 2, 7, 8, 9, 10, 16, 20, 33, 64, 72]
IMAGES = [(2, 2), (3, 2), (2, 3), (3, 3), (4, 5), (5, 4), (6, 7), (7, 6), (8, 8), (9, 11), (2, 33), (31, 2)]
LARGE_IMAGES = [(28, 28), (3, 70), (70, 3), (2, 261)]
ACTIVATIONS = [None, ReLU(), LeakyReLU(), LeakyReLU(0), LeakyReLU(0.75), ELU(), ELU(0.3), ELU(4)]


def conv(c_in=1, c_out=8):
    return Chain((Conv2D(c_in, c_out), ReLU(), MaxPool2D()))


def dense(n_in=20, n_out=9, activation=None):
    return Chain((Dense(n_in, n_out),) if activation is None else (Dense(n_in, n_out), activation))


EXAMPLES = {  # a chain for every row of the table, and the shape of one input
    (Conv2D, ReLU, MaxPool2D): (conv(8, 3), (4, 5, 8)),
    (Conv2D, ReLU): (Chain((Conv2D(3, 9, (1, 5), (2, 1)), ReLU())), (5, 6, 3)),
    (Conv2D,): (Chain((Conv2D(2, 5, (5, 3), (1, 2), "valid"),)), (7, 8, 2)),
    (GroupNorm, ReLU, MaxPool2D): (Chain((GroupNorm(2, 6), ReLU(), MaxPool2D((2, 1)))), (5, 4, 6)),
    (GroupNorm, ReLU): (Chain((GroupNorm(3, 18), ReLU())), (3, 5, 18)),
    (GroupNorm, MaxPool2D): (Chain((GroupNorm(1, 3), MaxPool2D((1, 3)))), (4, 7, 3)),
    (GroupNorm,): (Chain((GroupNorm(2, 20, eps=0.1),)), (3, 4, 20)),
    (MaxPool2D,): (Chain((MaxPool2D((2, 3)),)), (5, 7, 18)),
    (Dense, ReLU): (dense(activation=ReLU()), (20,)),
    (Dense, LeakyReLU): (dense(activation=LeakyReLU(0.3)), (20,)),
    (Dense, ELU): (dense(activation=ELU(0.5)), (20,)),
    (Dense,): (dense(), (20,)),
}
every_row = pytest.mark.parametrize("row", REPLACEMENTS, ids=lambda row: "+".join(layer.__name__ for layer in row))
every_float = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)


def forward(network, theta, x):
    """Return y and the cache, without randomness."""
    return network.forward(Layout(network.shapes()).views(theta), x)


def gradients(network, theta, x, dy):
    """Return dx and the gradient, and the gradient as it is where nobody wants dx; both started as NaN."""
    layout = Layout(network.shapes())
    p, gradient, alone = layout.views(theta), np.full_like(theta, np.nan), np.full_like(theta, np.nan)
    _, cache = network.forward(p, x)
    dx = network.backward(p, layout.views(gradient), cache, dy)
    network.parameter_gradient(p, layout.views(alone), cache, dy)
    return {"dx": dx, "gradient": gradient, "gradient without dx": alone}


def fused_alone(plain):
    """Return the chain with one fast layer in it, and nothing else."""
    fused = fuse(plain)
    assert len(fused.layers) == 1
    assert type(fused.layers[0]) is not type(plain.layers[0])
    return fused


def assert_kernel_did_it(fused, theta, x):
    """Or the comparison would be of the plain layer with itself."""
    _, caches = forward(fused, theta, x)
    assert not any(isinstance(cache, PlainCache) for cache in caches)


def assert_close(found, wanted, of=None):
    """Found is of the same shape and type, and close for its type, measured by the largest number of `of`."""
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    scale = float(np.abs(wanted if of is None else of).max(initial=0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=CLOSE[wanted.dtype.type] * scale)


def whole_numbers(rng, shape, dtype, zeros=0.0, most=2):
    """Small whole numbers: their sums are exact in any order, and ties among them are many."""
    return (rng.integers(-most, most + 1, shape) * (rng.random(shape) >= zeros)).astype(dtype)


def real_numbers(rng, shape, dtype, zeros=0.0):
    return (rng.normal(0.2, 1, shape) * (rng.random(shape) >= zeros)).astype(dtype)


def parameters(plain, rng, dtype, numbers=real_numbers):
    return numbers(rng, Layout(plain.shapes()).size, dtype)


def conv_problems(c_in, dtype, rng, numbers, sizes=IMAGES, c_outs=CHANNELS_OUT):
    """Yield a convolution, theta, a batch and dy for each c_out, at images of any size, batches of 1 to 12."""
    for c_out in c_outs:
        plain, (height, width) = conv(c_in, c_out), sizes[rng.integers(len(sizes))]
        x = numbers(rng, (rng.integers(1, 13), height, width, c_in), dtype, zeros=rng.choice([0, 0.6]))
        dy = numbers(rng, (len(x), height // 2, width // 2, c_out), dtype)
        yield plain, parameters(plain, rng, dtype, numbers), x, dy


def dense_problems(activation, dtype, rng, numbers, n=25):
    """Yield a Dense, theta, a batch and dy for many sizes; the batches sparse, full or all zero."""
    sizes = [(1, 1), (1, 600), (1000, 1), (64, 128), (65, 129), (784, 30), (999, 301), (1000, 600)]
    for n_in, n_out in [*sizes, *zip(rng.integers(1, 300, n), rng.integers(1, 300, n), strict=True)]:
        plain = dense(int(n_in), int(n_out), activation)
        x = numbers(rng, (rng.integers(1, 40), n_in), dtype, zeros=rng.choice([0, 0.5, 0.8, 0.95, 1]))
        dy = numbers(rng, (len(x), n_out), dtype)
        yield plain, parameters(plain, rng, dtype, numbers), x, dy


# Every row of the table


def test_every_row_of_the_table_has_an_example_here():
    assert list(EXAMPLES) == list(REPLACEMENTS)


@every_row
@every_float
@pytest.mark.parametrize("zeros", [0, 0.8, 1])
def test_a_fused_layer_answers_as_the_plain_layers_do(instructions, rng, row, dtype, zeros):
    plain, shape = EXAMPLES[row]
    theta, x = parameters(plain, rng, dtype), real_numbers(rng, (7, *shape), dtype, zeros)
    assert_kernel_did_it(fused_alone(plain), theta, x)
    assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])


@every_row
@every_float
@pytest.mark.parametrize("zeros", [0, 0.8, 1])
def test_a_fused_layer_has_the_gradients_of_the_plain_layers(instructions, rng, row, dtype, zeros):
    plain, shape = EXAMPLES[row]
    theta, x = parameters(plain, rng, dtype), real_numbers(rng, (7, *shape), dtype, zeros)
    dy = real_numbers(rng, forward(plain, theta, x)[0].shape, dtype)
    wanted = gradients(plain, theta, x, dy)
    for name, found in gradients(fuse(plain), theta, x, dy).items():
        assert_close(found, wanted[name])


@every_row
@pytest.mark.parametrize("zeros", [0, 0.8])
def test_a_fused_layer_passes_the_gradient_check(instructions, rng, row, zeros):
    plain, shape = EXAMPLES[row]
    assert check_layer(fuse(plain).layers[0], real_numbers(rng, (3, *shape), np.float64, zeros)).ok


@every_row
def test_a_fused_layer_changes_nothing_that_it_is_given(instructions, rng, row):
    plain, shape = EXAMPLES[row]
    theta, x = parameters(plain, rng, np.float32), real_numbers(rng, (7, *shape), np.float32)
    dy = np.ones_like(forward(plain, theta, x)[0])
    before = [theta.copy(), x.copy(), dy.copy()]
    gradients(fuse(plain), theta, x, dy)
    for array, copy in zip([theta, x, dy], before, strict=True):
        np.testing.assert_array_equal(array, copy)


@every_row
def test_a_fused_layer_is_only_its_settings(row):
    fused = fuse(EXAMPLES[row][0], n_threads=2)
    assert pickle.loads(pickle.dumps(fused)) == fused
    assert hash(pickle.loads(pickle.dumps(fused))) == hash(fused)


@every_row
def test_a_fused_layer_starts_as_the_plain_layer_does(row):
    plain, _ = EXAMPLES[row]
    start, fused_start = (
        Objective(network, SquaredError()).init(np.random.default_rng(3)) for network in (plain, fuse(plain))
    )
    np.testing.assert_array_equal(fused_start, start)


# Convolutions of every size


@pytest.mark.parametrize("c_in", CHANNELS_IN)
@every_float
def test_convolutions_of_whole_numbers_are_equal_to_the_bit(instructions, rng, c_in, dtype):
    """Winograd's factors are halves, so its sums are exact too; and of equal numbers both take the first."""
    for plain, theta, x, dy in conv_problems(c_in, dtype, rng, whole_numbers):
        assert_kernel_did_it(fuse(plain), theta, x)
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            np.testing.assert_array_equal(found, wanted[name], f"{name} of {plain} at {x.shape}")


@pytest.mark.parametrize("c_in", CHANNELS_IN)
@every_float
def test_convolutions_of_real_numbers_are_close(instructions, rng, c_in, dtype):
    for plain, theta, x, _ in conv_problems(c_in, dtype, rng, real_numbers):
        assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])


@pytest.mark.parametrize("c_in", CHANNELS_IN)
@every_float
def test_gradients_of_convolutions_of_real_numbers_are_close(instructions, rng, c_in, dtype):
    for plain, theta, x, dy in conv_problems(c_in, dtype, rng, real_numbers):
        dy = dy * away_from_kinks(plain, theta, x, 1e-3)
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            assert_close(found, wanted[name])


def away_from_kinks(plain, theta, x, distance):
    """1 where the largest in a window is so far above the next, and all so far from 0, that rounding is no matter."""
    z, _ = forward(Chain(plain.layers[:1]), theta, x)
    relu = any(isinstance(layer, ReLU) for layer in plain.layers)
    down, across = pair(plain.layers[-1].size) if isinstance(plain.layers[-1], MaxPool2D) else (1, 1)
    n, height, width, channels = z.shape
    high, wide = height // down, width // across
    windows = z[:, : high * down, : wide * across].reshape(n, high, down, wide, across, channels)
    windows = windows.transpose(0, 1, 3, 5, 2, 4).reshape(n, high, wide, channels, -1)
    largest, ordered = windows.max(axis=-1), np.sort(np.maximum(windows, 0) if relu else windows)
    clear = ordered[..., -1] - ordered[..., -2] > distance if down * across > 1 else np.ones(largest.shape, bool)
    if relu:
        clear = (clear & (np.abs(largest) > distance)) | (largest < -distance)
    return clear.astype(z.dtype)


@pytest.mark.parametrize(("size", "c_in"), list(product(LARGE_IMAGES, [1, 3, 8, 20])), ids=str)
@every_float
def test_large_and_long_images_are_convolved_alike(instructions, rng, size, c_in, dtype):
    for plain, theta, x, dy in conv_problems(c_in, dtype, rng, whole_numbers, [size], [10, 33]):
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            np.testing.assert_array_equal(found, wanted[name], name)


@pytest.mark.parametrize("c_in", [1, 2, 8, 17])
@every_float
def test_images_of_bytes_are_taken_as_numbers_from_0_to_1(instructions, rng, c_in, dtype):
    for plain, theta, x, dy in conv_problems(c_in, dtype, rng, real_numbers):
        x = np.clip(100 * x, 0, 255).astype(np.uint8)
        assert_kernel_did_it(fuse(plain), theta, x)
        dy = dy * away_from_kinks(plain, theta, as_inputs(x, dtype), 1e-3)
        assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, as_inputs(x, dtype))[0])
        wanted = gradients(plain, theta, as_inputs(x, dtype), dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            assert_close(found, wanted[name])


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_of_random_settings_pass_the_gradient_check(instructions, seed):
    rng = np.random.default_rng(seed)
    plain = conv(int(rng.choice([1, 2, 8, 9])), int(rng.integers(1, 12)))
    x = real_numbers(rng, (rng.integers(1, 4), *rng.integers(2, 6, 2), plain.layers[0].c_in), np.float64, 0.3)
    assert check_layer(fuse(plain).layers[0], x, seed=seed).ok


@pytest.mark.parametrize("c_in", [1, 3, 8, 17])
@pytest.mark.parametrize("ink", [0, 1, 0.3])
@every_float
def test_of_equal_numbers_the_first_gets_dy(instructions, rng, c_in, ink, dtype):
    """In a picture of one colour, and on blank paper, all four of a window are the same but at the border."""
    plain, x = conv(c_in, 10), np.full((2, 8, 9, c_in), ink, dtype)
    theta = np.abs(parameters(plain, rng, dtype))  # or ReLU would hide it
    dy = real_numbers(rng, (2, 4, 4, 10), dtype)
    dy[:, [0, -1]] = dy[:, :, [0, -1]] = 0
    wanted = gradients(plain, theta, x, dy)
    for name, found in gradients(fuse(plain), theta, x, dy).items():
        assert_close(found, wanted[name])


@pytest.mark.parametrize("c_in", [1, 3, 8])
@every_float
def test_nothing_goes_back_through_outputs_that_are_exactly_zero(instructions, rng, c_in, dtype):
    plain, x = conv(c_in, 10), whole_numbers(rng, (3, 6, 6, c_in), dtype)
    for theta in np.zeros(Layout(plain.shapes()).size, dtype), -np.abs(parameters(plain, rng, dtype)):
        dy = np.ones((3, 3, 3, 10), dtype)
        y, _ = forward(fuse(plain), theta, np.abs(x))
        assert not y.any()
        for found in gradients(fuse(plain), theta, np.abs(x), dy).values():
            assert not found.any()


# Convolutions of any kernel and stride, without pools


def other_convolutions(dtype, rng, numbers, n=40):
    """Yield a convolution of a random kernel, stride and padding, at times with ReLU, theta, a batch and dy."""
    for _ in range(n):
        kernel, stride = (tuple(int(k) for k in rng.choice(some, 2)) for some in ([1, 3, 5], [1, 1, 2, 3]))
        c_in, c_out = int(rng.choice(CHANNELS_IN)), int(rng.choice(CHANNELS_OUT))
        layers = (Conv2D(c_in, c_out, kernel, stride, rng.choice(["same", "valid"])), *[ReLU()] * rng.integers(2))
        height, width = (int(rng.integers(k, 12)) for k in kernel)
        x = numbers(rng, (rng.integers(1, 12), height, width, c_in), dtype, zeros=rng.choice([0, 0.6]))
        dy = numbers(rng, (len(x), *Chain(layers).output_shape(x.shape[1:])), dtype)
        yield Chain(layers), parameters(Chain(layers), rng, dtype, numbers), x, dy


@every_float
def test_convolutions_of_any_kernel_are_equal_to_the_bit_of_whole_numbers(instructions, rng, dtype):
    for plain, theta, x, dy in other_convolutions(dtype, rng, whole_numbers):
        assert_kernel_did_it(fused_alone(plain), theta, x)
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            np.testing.assert_array_equal(found, wanted[name], f"{name} of {plain} at {x.shape}")


@every_float
def test_convolutions_of_any_kernel_are_close_of_real_numbers(instructions, rng, dtype):
    for plain, theta, x, dy in other_convolutions(dtype, rng, real_numbers):
        assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        dy = dy * away_from_kinks(plain, theta, x, 1e-3)
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            assert_close(found, wanted[name])


@pytest.mark.parametrize("c_in", [8, 9, 17, 40])
@every_float
def test_small_kernels_of_many_channels_are_equal_to_the_bit_of_whole_numbers(instructions, rng, c_in, dtype):
    """Winograd's way, at sizes whose last tiles are not whole."""
    for c_out in (8, 10, 33):
        plain = Chain((Conv2D(c_in, c_out, padding=rng.choice(["same", "valid"])), *[ReLU()] * rng.integers(2)))
        x = whole_numbers(rng, (rng.integers(1, 9), *rng.integers(3, 20, 2), c_in), dtype)
        theta = parameters(plain, rng, dtype, whole_numbers)
        dy = whole_numbers(rng, (len(x), *plain.output_shape(x.shape[1:])), dtype)
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            np.testing.assert_array_equal(found, wanted[name], f"{name} of {plain} at {x.shape}")


@every_float
def test_a_convolution_of_any_kernel_takes_bytes(instructions, rng, dtype):
    for plain, theta, x, dy in other_convolutions(dtype, rng, real_numbers, n=10):
        x = np.clip(100 * x, 0, 255).astype(np.uint8)
        assert_kernel_did_it(fuse(plain), theta, x)
        assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, as_inputs(x, dtype))[0])
        dy = dy * away_from_kinks(plain, theta, as_inputs(x, dtype), 1e-3)
        wanted = gradients(plain, theta, as_inputs(x, dtype), dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            assert_close(found, wanted[name])


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_of_any_kernel_pass_the_gradient_check(instructions, seed):
    rng = np.random.default_rng(seed)
    kernel, stride = (tuple(int(k) for k in rng.choice(some, 2)) for some in ([1, 3, 5], [1, 2]))
    conv = Conv2D(int(rng.choice([1, 2, 9])), int(rng.integers(1, 12)), kernel, stride)
    x = real_numbers(rng, (2, *rng.integers(2, 6, 2), conv.c_in), np.float64, 0.3)
    assert check_layer(fuse(Chain((conv, *[ReLU()] * (seed % 2)))).layers[0], x, seed=seed).ok


def test_a_kernel_larger_than_can_be_counted_is_left_to_the_plain_layers():
    plain, x = Chain((Conv2D(1, 1, (1, 2**21 + 1)),)), np.ones((1, 1, 4, 1), np.float32)
    theta = np.ones(Layout(plain.shapes()).size, np.float32)
    y, cache = fuse(plain).layers[0].forward(Layout(plain.layers[0].shapes()).views(theta), x)
    assert isinstance(cache, PlainCache)
    assert y.ravel().tolist() == [5, 5, 5, 5]


def test_weights_too_many_to_be_summed_in_parts_are_left_to_the_plain_layers(rng):
    plain, x = Chain((Conv2D(2100, 2100, 1),)), rng.normal(size=(1, 1, 2, 2100)).astype(np.float32)
    _, cache = forward(fuse(plain), np.zeros(Layout(plain.shapes()).size, np.float32), x)
    assert isinstance(cache[0], PlainCache)


# GroupNorm, and what follows it


def norm_problems(dtype, rng, n=40):
    """Yield a GroupNorm with or without ReLU and MaxPool2D after it, theta, a batch and dy."""
    for _ in range(n):
        n_groups, members = int(rng.integers(1, 5)), int(rng.choice([1, 2, 3, 4, 8, 9]))
        window = tuple(int(k) for k in rng.integers(1, 4, 2))
        after = [*[ReLU()] * rng.integers(2), *[MaxPool2D(window)] * rng.integers(2)]
        plain = Chain((GroupNorm(n_groups, n_groups * members, eps=0.1), *after))
        height, width = (int(rng.integers(k + 1, 40 if rng.random() < 0.1 else 9)) for k in window)
        x = real_numbers(rng, (rng.integers(1, 12), height, width, n_groups * members), dtype, rng.choice([0, 0.6]))
        x = x + dtype(rng.choice([0, 3]))
        dy = real_numbers(rng, (len(x), *plain.output_shape(x.shape[1:])), dtype)
        yield plain, parameters(plain, rng, dtype), x, dy


@every_float
def test_a_norm_and_what_follows_it_are_close(instructions, rng, dtype):
    for plain, theta, x, dy in norm_problems(dtype, rng):
        assert_kernel_did_it(fused_alone(plain), theta, x)
        y, wanted_y = forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0]
        assert_close(y, wanted_y, of=np.abs(wanted_y).max(initial=1))
        dy = dy * away_from_kinks(plain, theta, x, 1e-3)
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            # 1 / √eps is 3.2, so dx is the difference of numbers up to so many times gain dy
            assert_close(found, wanted[name], of=max(np.abs(wanted[name]).max(), 10 * np.abs(dy).max()))


@every_float
def test_a_large_image_has_the_mean_and_variance_of_all_its_pixels(instructions, rng, dtype):
    plain, x = Chain((GroupNorm(1, 2),)), (100 + rng.normal(size=(1, 700, 900, 2))).astype(dtype)
    y = forward(fuse(plain), np.array([1, 1, 0, 0], dtype), x)[0]
    wanted = (x - x.mean(dtype=np.float64)) / np.sqrt(x.var(dtype=np.float64) + 1e-5)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-4 if dtype is np.float32 else 1e-10)  # the ulp of 100 is 8e-6


@pytest.mark.parametrize("seed", range(6))
def test_a_norm_and_what_follows_it_pass_the_gradient_check(instructions, seed):
    rng = np.random.default_rng(seed)
    after = [[], [ReLU()], [MaxPool2D((2, 1))]][seed % 3] + [MaxPool2D((1, 2))] * (seed == 4)
    plain = Chain((GroupNorm(2, int(rng.choice([2, 6, 18]))), *after))
    x = real_numbers(rng, (2, 3, 4, plain.layers[0].channels), np.float64)
    assert check_layer(fuse(plain).layers[0], x, seed=seed).ok


def test_a_norm_takes_bytes_as_numbers_from_0_to_1(instructions, rng):
    plain, x = Chain((GroupNorm(1, 3), ReLU())), rng.integers(0, 256, (3, 4, 5, 3)).astype(np.uint8)
    theta = parameters(plain, rng, np.float32)
    assert_kernel_did_it(fuse(plain), theta, x)
    assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, as_inputs(x))[0])


def test_what_follows_a_norm_is_fused_as_far_as_a_byte_counts():
    norm = GroupNorm(1, 2)
    assert fuse(Chain((norm, ReLU(), MaxPool2D(15)))) == Chain((FastGroupNorm(Chain((norm, ReLU(), MaxPool2D(15)))),))
    assert fuse(Chain((norm, ReLU(), MaxPool2D(16)))) == Chain((FastGroupNorm(Chain((norm, ReLU()))), MaxPool2D(16)))
    assert fuse(Chain((norm, MaxPool2D(16)))) == Chain((FastGroupNorm(Chain((norm,))), MaxPool2D(16)))


# MaxPool2D alone


@pytest.mark.parametrize("channels", [1, 2, 8, 17, 40])
@every_float
def test_pools_are_equal_to_the_bit(instructions, rng, channels, dtype):
    """Of whole numbers many are equal, and the first of a window gets dy."""
    for size in (1, 2, 3, (2, 1), (1, 4), (5, 2)):
        plain = Chain((MaxPool2D(size),))
        x = whole_numbers(rng, (rng.integers(1, 9), *rng.integers(5, 12, 2), channels), dtype)
        y, theta = forward(plain, np.zeros(0, dtype), x)[0], np.zeros(0, dtype)
        assert_kernel_did_it(fused_alone(plain), theta, x)
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], y)
        dy = real_numbers(rng, y.shape, dtype)
        np.testing.assert_array_equal(gradients(fuse(plain), theta, x, dy)["dx"], gradients(plain, theta, x, dy)["dx"])


def test_a_pool_is_no_place_where_bytes_come_in():
    assert not takes_bytes(fuse(Chain((MaxPool2D(), Flatten(), Dense(4, 3)))))
    assert takes_bytes(fuse(Chain((GroupNorm(1, 1), Flatten(), Dense(4, 3)))))


# Dense of every size


@pytest.mark.parametrize("activation", [None, ReLU(), LeakyReLU(0), LeakyReLU(0.75)], ids=str)
@every_float
def test_dense_of_whole_numbers_is_equal_to_the_bit(instructions, rng, activation, dtype):
    for plain, theta, x, dy in dense_problems(activation, dtype, rng, whole_numbers):
        assert_kernel_did_it(fuse(plain), theta, x)
        np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0])
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            np.testing.assert_array_equal(found, wanted[name], f"{name} of {plain} at {x.shape}")


@pytest.mark.parametrize("one", [np.uint8(255), np.float32(1), np.float64(1)], ids=lambda one: one.dtype.name)
@pytest.mark.parametrize("start", [0, 8, 61])
def test_whichever_of_eight_inputs_are_not_zero_dense_adds_up_their_rows(instructions, rng, one, start):
    plain, x = dense(72, 3), np.zeros((256, 72), one.dtype)
    x[:, start : start + 8] = one * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    inputs = as_inputs(x, np.float64 if one.dtype == np.float64 else np.float32)
    theta = whole_numbers(rng, Layout(plain.shapes()).size, inputs.dtype)
    assert_kernel_did_it(fuse(plain), theta, x)
    np.testing.assert_array_equal(forward(fuse(plain), theta, x)[0], forward(plain, theta, inputs)[0])


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@every_float
def test_dense_of_real_numbers_is_close(instructions, rng, activation, dtype):
    for plain, theta, x, _ in dense_problems(activation, dtype, rng, real_numbers, n=10):
        assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, x)[0], largest_sum(plain, theta, x))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@every_float
def test_gradients_of_dense_of_real_numbers_are_close(instructions, rng, activation, dtype):
    for plain, theta, x, dy in dense_problems(activation, dtype, rng, real_numbers, n=10):
        z, _ = forward(Chain(plain.layers[:1]), theta, x)
        dy = dy * (np.abs(z) > 1e-3)  # next to the kink rounding may choose the other slope
        wanted = gradients(plain, theta, x, dy)
        for name, found in gradients(fuse(plain), theta, x, dy).items():
            assert_close(found, wanted[name], largest_sum(plain, theta, x) if name == "gradient" else None)


def largest_sum(plain, theta, x):
    """The sums before the activation: after an ELU all may be small, but the rounding is not."""
    return np.concatenate([forward(Chain(plain.layers[:1]), theta, x)[0].ravel(), [1]])


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@pytest.mark.parametrize("zeros", [0, 0.8, 1])
@every_float
def test_dense_takes_bytes_as_numbers_from_0_to_1(instructions, rng, activation, zeros, dtype):
    plain = dense(784, 33, activation)
    x = (rng.integers(1, 256, (30, 784)) * (rng.random((30, 784)) >= zeros)).astype(np.uint8)
    theta, dy = 0.1 * parameters(plain, rng, dtype), real_numbers(rng, (30, 33), dtype)
    assert_kernel_did_it(fuse(plain), theta, x)
    assert_close(forward(fuse(plain), theta, x)[0], forward(plain, theta, as_inputs(x, dtype))[0])
    wanted = gradients(plain, theta, as_inputs(x, dtype), dy)
    for name, found in gradients(fuse(plain), theta, x, dy).items():
        assert_close(found, wanted[name])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zeros", [0.2, 0.8])
def test_dense_of_random_settings_passes_the_gradient_check(instructions, seed, zeros):
    rng = np.random.default_rng(seed)
    activation = [None, ReLU(), LeakyReLU(rng.random()), ELU(rng.uniform(0.1, 3))][seed % 4]
    plain = dense(int(rng.integers(1, 70)), int(rng.integers(1, 12)), activation)
    x = real_numbers(rng, (rng.integers(1, 5), plain.layers[0].n_in), np.float64, zeros)
    assert check_layer(fuse(plain).layers[0], x, seed=seed).ok


@every_float
def test_elu_keeps_its_digits_next_to_0_and_levels_off_far_from_it(instructions, dtype):
    """e^x - 1 is x next to 0: an exponential less 1 would have lost all of it."""
    plain, x = dense(1, 1, ELU(1)), -np.logspace(-30, 14, 500, dtype=dtype)[:, None]
    theta = np.array([1, 0], dtype)
    for inputs in x, np.concatenate([x, np.zeros((4000, 1), dtype)])[::-1]:  # by BLAS; by the kernel
        assert_kernel_did_it(fuse(plain), theta, inputs)
        found, wanted = (forward(network, theta, inputs)[0] for network in (fuse(plain), plain))
        np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps, atol=0)


# Costs

MANY_CLASSES = [*range(1, 41), 100, 1000]


def logits_and_classes(rng, n_classes, dtype, scale, n=9):
    return (scale * rng.normal(size=(n, n_classes))).astype(dtype), rng.integers(0, n_classes, n)


def by_softmax(y, t):
    """The cost and dy of Softmax and CrossEntropy, one after the other."""
    q, cache = Softmax().forward(None, y)
    value, dq = CrossEntropy().value_and_gradient(q, t)
    return value, Softmax().backward(None, None, cache, dq)


@every_float
def test_the_fast_cost_is_softmax_cross_entropy(instructions, rng, dtype):
    """Of a sum of K numbers and their exponents, each rounded; the truth is in float64."""
    fast = FastSoftmaxCrossEntropy(SoftmaxCrossEntropy())
    for n_classes, (scale, t_type) in product(MANY_CLASSES, [(0, np.uint8), (1, np.int64), (30, np.int32)]):
        close = (20 + n_classes) * float(np.finfo(dtype).eps)
        y, t = logits_and_classes(rng, n_classes, dtype, scale)
        value, dy = fast.value_and_gradient(y, t.astype(t_type) if n_classes < 256 else t)
        wanted, wanted_dy = SoftmaxCrossEntropy().value_and_gradient(y.astype(np.float64), t)
        assert value == pytest.approx(wanted, rel=close, abs=close)
        assert dy.dtype == dtype
        np.testing.assert_allclose(dy, wanted_dy, rtol=0, atol=close / len(y))


def test_the_fast_cost_is_softmax_and_cross_entropy_in_double_precision(instructions, rng):
    """Where q comes near 1, only so many digits of 1 - q are left as it is larger than the machine's epsilon."""
    fast = FastSoftmaxCrossEntropy(CrossEntropy())
    for n_classes, scale in product(MANY_CLASSES[1:], [0, 1, 4]):  # of one class q is 1, and nothing is left
        y, t = logits_and_classes(rng, n_classes, np.float64, scale)
        (value, dy), (wanted, wanted_dy) = fast.value_and_gradient(y, t), by_softmax(y, t)
        close = 1e-14 / (1 - Softmax().value(y).max())
        assert value == pytest.approx(wanted, rel=close)
        np.testing.assert_allclose(dy, wanted_dy, rtol=0, atol=close)


@pytest.mark.parametrize("n_classes", [2, 3, 10, 40])
def test_the_fast_cost_in_single_precision_is_as_near_the_truth_as_its_rounding(instructions, rng, n_classes):
    """exp(y - max y) is rounded by some epsilons, times y - max y; and 1 - q by an epsilon, of itself 1 / (1 - q)."""
    fast, epsilon = FastSoftmaxCrossEntropy(CrossEntropy()), float(np.finfo(np.float32).eps)
    for scale in np.repeat([0.1, 1, 3, 8], 20):
        y, t = logits_and_classes(rng, n_classes, np.float32, scale, n=1)
        (value, dy), (wanted, wanted_dy) = fast.value_and_gradient(y, t), by_softmax(y.astype(np.float64), t)
        no = 1 - Softmax().value(y.astype(np.float64)).max()
        close = 8 * epsilon * (1 + np.ptp(y) + 1 / no)
        assert abs(value - wanted) <= close
        assert np.abs(dy - wanted_dy).max() <= close


@every_float
@pytest.mark.parametrize("plain", [SoftmaxCrossEntropy(), CrossEntropy()], ids=str)
def test_the_fast_cost_knows_how_improbable_the_true_class_is(instructions, plain, dtype):
    """With q = 1/2, 1/2 and e^-d / 2 nearly: d + log 2, and twice log 2 more where each is charged for itself."""
    for d in np.linspace(10, 80 if dtype == np.float32 else 700, 30).astype(dtype):
        y = np.array([[0, 0, -d]], dtype)
        value, dy = FastSoftmaxCrossEntropy(plain).value_and_gradient(y, np.array([2]))
        wanted = float(d) + (1 if isinstance(plain, SoftmaxCrossEntropy) else 3) * np.log(2)
        assert value == pytest.approx(wanted, rel=1e-4 if d < 20 else 1e-6)  # to e^-10
        np.testing.assert_allclose(dy[0], [0.5, 0.5, -1], rtol=2e-4)


@pytest.mark.parametrize("plain", [SoftmaxCrossEntropy(), CrossEntropy()], ids=str)
@pytest.mark.parametrize("n_classes", [1, 2, 10, 17])
@every_float
def test_the_fast_cost_stays_finite_and_points_downhill_at_large_logits(instructions, rng, plain, n_classes, dtype):
    y, t = np.full((n_classes, n_classes), -1000, dtype), np.arange(n_classes)
    y[:, 0] = 1000  # sure of class 0, which is right only for the first
    value, dy = FastSoftmaxCrossEntropy(plain).value_and_gradient(y, t)
    assert np.isfinite(value)
    assert np.isfinite(dy).all()
    assert np.abs(dy[0]).max() < 1e-6
    assert (dy[1:, 0] >= 0).all()
    assert (np.diagonal(dy)[1:] <= 0).all()
    if isinstance(plain, SoftmaxCrossEntropy):
        assert value == pytest.approx(2000 * (n_classes - 1) / n_classes)
        np.testing.assert_allclose(dy[1:, 0], 1 / n_classes, rtol=1e-6)


@pytest.mark.parametrize("plain", [SoftmaxCrossEntropy(), CrossEntropy()], ids=str)
@every_float
def test_the_fast_cost_leaves_what_it_does_not_know_to_the_plain_one(rng, plain, dtype):
    y, t = logits_and_classes(rng, 5, dtype, 1)
    rows = rng.dirichlet(np.ones(5), len(y)).astype(dtype)
    for outputs, targets in (y, rows), (y * dtype(1e16), t), (y.astype(np.float16), t):
        found = FastSoftmaxCrossEntropy(plain).value_and_gradient(outputs, targets)
        wanted = by_softmax(outputs, targets) if plain == CrossEntropy() else plain.value_and_gradient(outputs, targets)
        assert found[0] == wanted[0]
        np.testing.assert_array_equal(found[1], wanted[1])


def test_a_softmax_at_the_end_goes_into_the_cost():
    inside = Chain((Dense(4, 3), Softmax()))
    network, cost = fuse_cost(inside, CrossEntropy())
    assert network == Chain((Dense(4, 3),))
    assert cost == FastSoftmaxCrossEntropy(CrossEntropy())
    assert fuse_cost(Dense(4, 3), SoftmaxCrossEntropy()) == (
        Dense(4, 3),
        FastSoftmaxCrossEntropy(SoftmaxCrossEntropy()),
    )
    for network, cost in [
        (Chain((Dense(4, 3), Sigmoid())), CrossEntropy()),
        (Chain((Dense(4, 3),)), CrossEntropy()),
        (Chain(()), CrossEntropy()),
        (Softmax(), CrossEntropy()),
        (Chain((inside,)), CrossEntropy()),
        (inside, SquaredError()),
    ]:
        assert fuse_cost(network, cost) == (network, cost)


@pytest.mark.parametrize("ending", [(), (Softmax(),)], ids=str)
def test_an_objective_fused_is_the_same_function_of_theta(instructions, rng, ending):
    cost = CrossEntropy() if ending else SoftmaxCrossEntropy()
    layers = (*conv(1, 8).layers, *conv(8, 9).layers, Flatten(), Dense(36, 7), ELU(), Dense(7, 5), *ending)
    objective = Objective(Chain(layers), cost)
    theta, x, t = objective.init(rng, np.float64), rng.random((6, 8, 9, 1)), rng.integers(0, 5, 6)
    (value, gradient), (fused, fused_gradient) = objective(theta, x, t), objective.on(Fast(1))(theta, x, t)
    assert fused == pytest.approx(value, rel=1e-12)
    assert_close(fused_gradient, gradient)


# Optimizers

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    SGD(OneCycle(0.1, 20), momentum=0.5),
    SGD(0.1, momentum=0.5, weight_decay=0.1, l1=0.1),
    Adam(0.01),
    Adam(0.01, l1=0.1),
    Adam(StepDecay(0.01, 5), weight_decay=0.1),
    Adam(Cosine(0.01, 15), beta1=0.5, beta2=0.9, eps=1e-3),
    Adam(0.01, beta1=0, beta2=0),
    Adam(0.01, beta1=0.999, beta2=0.999999),
]


def stepped(optimizer, gradients, theta, n=20):
    """Return theta and the memory after n steps."""
    theta = theta.copy()
    state = optimizer.init(theta)
    for gradient in gradients[:n]:
        optimizer.step(theta, gradient, state)
    return theta, state


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@every_float
def test_a_fast_optimizer_takes_the_same_steps(instructions, rng, optimizer, dtype):
    """20 steps with a few roundings each: 5e-7 of the largest in float32, less than 1e-5."""
    for size in 0, 1, 7, 64, 16_384, 16_385, 40_001:
        theta, gradients = rng.normal(size=size).astype(dtype), rng.normal(size=(20, size)).astype(dtype)
        (found, memory), (wanted, plain_memory) = (
            stepped(each, gradients, theta) for each in (fuse_optimizer(optimizer), optimizer)
        )
        assert_close(found, wanted)
        assert memory.keys() == plain_memory.keys()
        assert memory["step"] == plain_memory["step"] == 20
        for name in memory.keys() - {"step"}:
            assert_close(memory[name], plain_memory[name])


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_fast_optimizer_leaves_what_it_does_not_know_to_the_plain_one(rng, optimizer):
    fast = fuse_optimizer(optimizer)
    theta, gradients = rng.normal(size=30), rng.normal(size=(20, 30))
    wanted, _ = stepped(optimizer, gradients, theta)
    shared = np.repeat(theta, 2)[::2]
    state = fast.init(shared)
    for gradient in gradients:
        fast.step(shared, gradient, state)
    np.testing.assert_array_equal(shared, wanted)
    np.testing.assert_array_equal(stepped(fast, np.repeat(gradients, 2, axis=1)[:, ::2], theta)[0], wanted)
    np.testing.assert_array_equal(
        stepped(fast, gradients.astype(np.float32), theta)[0],
        stepped(optimizer, gradients.astype(np.float32), theta)[0],
    )
    gradients.setflags(write=False)
    np.testing.assert_array_equal(stepped(fast, gradients, theta)[0], wanted)


def test_only_our_own_optimizers_are_replaced():
    class Mine(SGD):
        pass

    assert fuse_optimizer(Mine(0.1)) == Mine(0.1)
    assert fuse_optimizer(SGD(0.2, 0.3), 2) == FastSGD(0.2, 0.3, n_threads=2)
    assert fuse_optimizer(Averaged(SGD(0.2), 0.9), 2) == Averaged(FastSGD(0.2, n_threads=2), 0.9)


# Warps

WARP_IMAGES = [(1, 1, 1), (1, 5, 2), (5, 1, 3), (2, 2, 1), (9, 12, 2), (28, 28, 1), (17, 3, 5)]


def random_warps(rng, n, shape, grid, size=1.0):
    draw = Augmentation(shift=3 * size, rotation=20, scale=0.3, stretch=0.2, shear=0.3, thickness=1)
    warps = draw.draw(n, shape, rng)
    bumps = size * rng.normal(size=(n, grid, grid, 2)).astype(np.float32)
    return Warps(warps.affine, bumps.astype(np.float32), warps.thickness)


@pytest.mark.parametrize("shape", WARP_IMAGES, ids=str)
@pytest.mark.parametrize("grid", [0, 4, 5, 8])
def test_images_are_bent_alike(instructions, rng, shape, grid):
    """A source of some 30 pixels is rounded by 4e-6 in either order, and a pixel changes by at most 1 in one."""
    warps = random_warps(rng, 6, shape[:2], grid)
    warps.thickness[2] = 0
    pictures = rng.integers(0, 256, (6, *shape), np.uint8)
    found, wanted = warp(pictures, warps), apply_warps(pictures, warps)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - wanted).max() <= 1
    numbers = rng.random((6, *shape), np.float32)
    np.testing.assert_allclose(warp(numbers, warps), apply_warps(numbers, warps), rtol=0, atol=3e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_warp_that_is_none_leaves_images_as_they_are(instructions, rng, dtype):
    images = (255 * rng.random((5, 9, 12, 2))).astype(dtype) if dtype == np.uint8 else rng.random((5, 9, 12, 2), dtype)
    still = Warps(np.repeat(affine_maps(), 5, axis=0), np.zeros((5, 4, 4, 2), np.float32), np.zeros(5, np.float32))
    np.testing.assert_array_equal(warp(images, still), images)


@pytest.mark.parametrize("shift", [1e3, 1e6, 1e12, 1e30, -1e30])
@pytest.mark.parametrize("grid", [0, 6])
def test_images_shifted_far_away_are_paper(instructions, rng, shift, grid):
    images = rng.random((3, 9, 12, 1), np.float32)
    still = random_warps(rng, 3, (9, 12), grid, size=0)
    moved = Warps(still.affine + np.float32(shift) * np.eye(3, dtype=np.float32)[1:], still.bumps, still.thickness)
    assert not warp(images, moved).any()
    torn = Warps(still.affine, still.bumps + np.float32(shift), still.thickness)
    assert not (grid and warp(images, torn).any())


def test_images_that_the_kernel_does_not_know_are_bent_all_the_same(rng):
    warps = random_warps(rng, 4, (6, 7), 5)
    for images in (
        rng.random((4, 6, 7, 1)),
        rng.random((4, 6, 7, 2)).astype(np.float16),
        np.zeros((4, 0, 7, 1), np.uint8),
    ):
        np.testing.assert_array_equal(warp(images, warps), apply_warps(images, warps))


def test_views_of_images_are_bent_as_copies_are(instructions, rng):
    whole = rng.integers(0, 256, (8, 14, 13, 4), np.uint8)
    for images in whole[::2, ::-1, 1:, 1::2], whole.transpose(3, 2, 1, 0), np.asfortranarray(whole):
        warps = random_warps(rng, len(images), images.shape[1:3], 4)
        np.testing.assert_array_equal(warp(images, warps), warp(images.copy(), warps))


# fuse

SMALL = Chain(
    (*conv(1, 8).layers, *conv(8, 12).layers, Flatten(), Dense(12 * 49, 20), ReLU(), Dropout(0.2), Dense(20, 10))
)


@pytest.fixture(scope="module")
def few_digits(digits):
    return Examples(digits.train.x[:300], digits.train.t[:300])


def trained(examples, engine, optimizer, network=SMALL):
    run = Run(
        Objective(network, SoftmaxCrossEntropy()),
        optimizer,
        batch_size=30,
        engine=engine,
        dtype=np.float64,
    )
    for _ in run.steps(examples):
        pass
    return run


@pytest.mark.parametrize("optimizer", [SGD(0.02, momentum=0.9), Adam(0.002)], ids=str)
def test_a_network_trained_fused_becomes_what_it_becomes_plain(instructions, few_digits, optimizer):
    """Each step passes rounding on to the next, so 1e-12 of one layer may be 1e-9 after ten."""
    plain, fast = (trained(few_digits, engine, optimizer) for engine in (Plain(), Fast(1)))
    np.testing.assert_allclose(fast.theta, plain.theta, rtol=0, atol=1e-9)
    assert fast.state.keys() == plain.state.keys()
    assert fast.objective == plain.objective


def test_a_network_trained_fused_is_saved_and_answers_plain(tmp_path, few_digits):
    run = trained(few_digits, Fast(1), Adam(0.002))
    labels = tuple("0123456789")
    model = Model(SMALL, SoftmaxCrossEntropy(), run.theta, labels, (28, 28, 1))
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.network == SMALL
    np.testing.assert_array_equal(again.theta, run.theta)
    plain = Model(SMALL, SoftmaxCrossEntropy(), again.theta, labels, (28, 28, 1), engine=Plain())
    np.testing.assert_allclose(again.probabilities(few_digits.x), plain.probabilities(few_digits.x), rtol=0, atol=1e-12)


def test_an_evaluation_is_the_same_fused_and_plain(instructions, few_digits):
    objective = Objective(SMALL, SoftmaxCrossEntropy())
    theta = objective.init(np.random.default_rng(1))
    fast, plain = (evaluate(objective, theta, few_digits, engine=engine) for engine in (Fast(1), Plain()))
    assert fast.cost == pytest.approx(plain.cost, rel=1e-5)
    assert (fast.predicted != plain.predicted).sum() <= 1  # an untrained network may be undecided between two


def test_theta_keeps_its_order():
    inner = Chain((Dense(12, 6), LeakyReLU()))
    network = Chain((Noise(), *conv(2, 3).layers, Chain((Flatten(), inner, Tanh())), Dense(6, 5), Dense(5, 4), ELU()))
    places = Layout(network.shapes()).places
    fused = Layout(fuse(network).shapes()).places
    assert list(places.values()) == list(fused.values())
    assert [type(layer).__name__ for layer in fuse(network).layers] == [
        "Noise",
        "FastConvReLUPool",
        "Chain",
        "FastDense",
        "FastDense",
    ]
    assert fuse(network).layers[2] == Chain((Flatten(), Chain((FastDense(inner),)), Tanh()))


@pytest.mark.parametrize(
    "layers",
    [
        (Conv2D(1, 2, kernel=5), ReLU(), MaxPool2D()),
        (Conv2D(1, 2), ReLU(), MaxPool2D((2, 1))),
        (Conv2D(1, 2, kernel=1), ReLU(), MaxPool2D()),
        (Conv2D(1, 2, stride=2), ReLU(), MaxPool2D()),
        (Conv2D(1, 2, padding="valid"), ReLU(), MaxPool2D()),
        (Conv2D(1, 2), ReLU(), MaxPool2D(3)),
        (Conv2D(1, 2), ReLU(), MaxPool2D(1)),
    ],
    ids=str,
)
def test_other_pools_follow_a_convolution_of_their_own(layers):
    assert fuse(Chain(layers)) == Chain((FastConv(Chain(layers[:2])), FastMaxPool(Chain(layers[2:]))))


@pytest.mark.parametrize(
    "layers",
    [
        (ReLU(), LeakyReLU(), MaxPool2D((5, 51))),
        (AveragePool2D((2, 1)),),
        (ReLU(), Tanh(), Flatten()),
        (),
    ],
    ids=str,
)
def test_what_no_kernel_is_for_stays_plain(layers):
    assert fuse(Chain(layers)) == Chain(layers)


def test_a_users_own_kind_of_layer_is_not_replaced():
    class Mine(Dense):
        def forward(self, p, x, rng=None):
            return 2 * (x @ p.W), x

    class MyReLU(ReLU):
        pass

    assert fuse(Chain((Mine(4, 3), ReLU()))) == Chain((Mine(4, 3), ReLU()))
    assert fuse(Chain((Dense(4, 3), MyReLU()))) == Chain((FastDense(Chain((Dense(4, 3),))), MyReLU()))
    assert fuse(Mine(4, 3)) == Mine(4, 3)


def test_with_an_empty_table_all_stays_plain():
    assert fuse(SMALL, replacements={}) == SMALL
    assert fuse(SMALL, replacements={(Dense,): FastDense}) != SMALL


def test_the_threads_are_passed_on_to_layers_inside():
    fused = fuse(Chain((*conv().layers, Chain((Flatten(), Dense(8, 3))))), n_threads=3)
    assert fused == Chain((FastConvReLUPool(conv(), 3), Chain((Flatten(), FastDense(Chain((Dense(8, 3),)), 3)))))


def test_bytes_are_taken_where_a_fast_layer_comes_first():
    assert takes_bytes(fuse(SMALL))
    assert takes_bytes(fuse(Chain((Flatten(), Chain((Flatten(), Dense(784, 10)))))))
    for network in (
        SMALL,
        fuse(Chain((Noise(), Dense(4, 3)))),
        Chain(()),
        Chain((Flatten(),)),
        Dense(4, 3),
        fuse(Dense(4, 3)),
    ):
        assert not takes_bytes(network)


# This machine


def test_the_kernels_say_which_instructions_they_use(instructions):
    assert instruction_set() == instructions


def test_an_instruction_set_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no such instruction set"):
        kernels.load_kernels("avx1024")
    assert instruction_set() in ("avx512", "avx2", "baseline")


def test_there_is_a_thread_for_each_core_but_not_too_many():
    assert 1 <= available_threads() <= min(16, os.cpu_count())


def test_blas_is_held_to_some_threads_only_inside_the_block():
    from threadpoolctl import threadpool_info

    def n_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = n_threads()
    with limit_threads(1):
        assert set(n_threads()) <= {1}
    assert n_threads() == before


class Residual(Chain):
    """A user's own chain: y = x + f(x)."""

    def forward(self, p, x, rng=None):
        y, cache = super().forward(p, x, rng)
        return x + y, cache

    def backward(self, p, g, cache, dy):
        return dy + super().backward(p, g, cache, dy)


class Tempered(Softmax):
    """A user's own softmax."""

    def value(self, x):
        return super().value(x / 3)


class Tail(Averaged):
    """A user's own average."""


def test_what_a_user_made_of_our_classes_is_left_alone():
    block = Residual((Dense(4, 4), ReLU()))
    assert fuse(Chain((block, Dense(4, 3)))).layers[0] is block
    assert fuse(block) is block
    network = Chain((Dense(4, 3), Tempered()))
    assert fuse_cost(network, CrossEntropy()) == (network, CrossEntropy())
    tail = Tail(SGD(0.1))
    assert fuse_optimizer(tail) is tail


def test_a_model_that_has_answered_is_sent_as_it_was(few_digits):
    network = Chain((Flatten(), Dense(784, 10)))
    theta = np.zeros(Layout(network.shapes()).size, np.float32)
    model = Model(network, SoftmaxCrossEntropy(), theta, tuple("0123456789"), (28, 28, 1), engine=Fast(1))
    before = pickle.dumps(model)
    model.predict(few_digits.x[:2])
    assert pickle.dumps(model) == before
    np.testing.assert_array_equal(pickle.loads(before).predict(few_digits.x[:2]), model.predict(few_digits.x[:2]))


@pytest.mark.parametrize("n_threads", [0, -1, 257, 2**40, 1.0, "2"])
def test_numbers_of_threads_that_make_no_sense_are_refused(n_threads):
    for engine in Fast, Plain:
        with pytest.raises(SettingError, match="the work is done by 1 to 256 threads, got"):
            engine(n_threads)
        with pytest.raises(SettingError, match="the work is done by 1 to 256 threads, got"):
            engine().with_threads(n_threads)
