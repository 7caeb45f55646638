"""Bad input to fast layers and kernels: the plain layers' answer or a clear error, never a crash."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy
from inkgrad.data import Warps, apply_warps
from inkgrad.data.augmentation import affine_maps
from inkgrad.errors import DataError, ShapeError
from inkgrad.fast import FastSoftmaxCrossEntropy, fuse, fuse_optimizer, kernels, warp
from inkgrad.layers import ELU, Chain, Conv2D, Dense, GroupNorm, LeakyReLU, MaxPool2D, ReLU, Softmax
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam

pytestmark = pytest.mark.skipif(
    kernels.compiled is None, reason="installed without a C++ compiler, so there are no kernels"
)

fuzzed = settings(
    deadline=None, max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

NETWORKS = [  # with the shape of one input
    (Chain((Conv2D(1, 3), ReLU(), MaxPool2D())), (5, 6, 1)),
    (Chain((Conv2D(2, 9), ReLU(), MaxPool2D())), (3, 2, 2)),
    (Chain((Conv2D(8, 3), ReLU(), MaxPool2D())), (4, 5, 8)),
    (Chain((Dense(20, 9), ReLU())), (20,)),
    (Chain((Dense(70, 40), LeakyReLU(0.5))), (70,)),
    (Chain((Dense(6, 40), ELU(0.5))), (6,)),
    (Chain((Dense(5, 2),)), (5,)),
    (Chain((Conv2D(2, 3, (1, 5), (2, 1)), ReLU())), (5, 6, 2)),
    (Chain((Conv2D(3, 17, padding="valid"),)), (4, 5, 3)),
    (Chain((Conv2D(9, 8), ReLU())), (3, 4, 9)),
    (Chain((GroupNorm(2, 4), ReLU(), MaxPool2D((2, 1)))), (5, 3, 4)),
    (Chain((GroupNorm(1, 3),)), (2, 3, 3)),
    (Chain((MaxPool2D((2, 1)),)), (5, 3, 17)),
]
SPECIAL = [np.nan, -np.nan, np.inf, -np.inf, 1e30, -1e30, 1.1e15, -0.0]

TYPES = [np.float16, np.float32, np.float64, np.longdouble, np.complex64, object, bool, np.int8, np.int64, np.uint16]
TYPES += [np.uint8, ">f4", ">f8"]


def misaligned(a):
    """The same numbers, at an address that is a multiple of no number's size."""
    a = np.asarray(a, order="C")
    if a.dtype == object:
        return a
    return np.frombuffer(bytearray(b"." + a.tobytes()), np.uint8, offset=1).view(a.dtype).reshape(a.shape)


def read_only(a):
    a = a.copy()
    a.setflags(write=False)
    return a


FORMS = {  # the same numbers, otherwise in memory
    "misaligned": misaligned,
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "every other example": lambda a: np.repeat(a, 2, axis=0)[::2],
    "reversed": lambda a: a[..., ::-1].copy()[..., ::-1],
    "examples reversed": lambda a: a[::-1].copy()[::-1],
    "one for all": lambda a: np.broadcast_to(a[:1], a.shape),
    "of a larger array": lambda a: np.pad(a, 1)[tuple(slice(1, n + 1) for n in a.shape)],
}
SHAPES = {  # other arrays than were asked for
    "no example": lambda a: a[:0],
    "one example": lambda a: a[:1],
    "one example less": lambda a: a[1:],
    "no axis": lambda a: a.ravel()[0:1].reshape(()),
    "an axis less": lambda a: a[0],
    "an axis more": lambda a: a[..., None],
    "an axis more before": lambda a: a[None],
    "one channel": lambda a: a[..., :1],
    "a channel less": lambda a: a[..., :-1],
    "a channel more": lambda a: np.concatenate([a, a[..., :1]], axis=-1),
    "no channel": lambda a: a[..., :0],
    "one row": lambda a: a[:, :1] if a.ndim > 1 else a,
    "one column": lambda a: a[:, :, :1] if a.ndim > 2 else a,
    "a column less": lambda a: a[:, :, :-1] if a.ndim > 2 else a,
    "no row": lambda a: a[:, :0] if a.ndim > 1 else a,
    "twice as high": lambda a: np.concatenate([a, a], axis=min(1, a.ndim - 1)),
    "turned": lambda a: a.T,
}


@st.composite
def changes(draw, kinds=("number", "type", "form", "shape"), most=2):
    """A function that makes bad input of good, and its name."""
    steps = []
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=most)):
        if kind == "number":
            where, number = draw(st.integers(0, 1000)), draw(st.sampled_from(SPECIAL))
            steps.append((f"{number} at {where}", lambda a, where=where, number=number: with_number(a, where, number)))
        elif kind == "type":
            dtype = draw(st.sampled_from(TYPES))
            steps.append((str(dtype), lambda a, dtype=dtype: a if a.dtype == object else a.astype(dtype)))
        else:
            name = draw(st.sampled_from(sorted(FORMS if kind == "form" else SHAPES)))
            steps.append((name, (FORMS if kind == "form" else SHAPES)[name]))

    def change(a):
        with warnings.catch_warnings():  # of numbers that the new type cannot hold
            warnings.simplefilter("ignore")
            for _, step in steps:
                a = step(a) if a.ndim and a.size else a
        return a

    change.__name__ = change.__qualname__ = ", then ".join(name for name, _ in steps) or "as it was"
    return change


def with_number(a, where, number):
    a = a.copy()
    if a.dtype.kind in "fcO":
        a.ravel()[where % a.size : where % a.size + 1] = number  # ravel is a view of a copy
    return a


def outcome(work):
    """Return what work gives, or the error it raises."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return work()
        except Exception as error:
            return error


def assert_same(fast, plain, close=0.0):
    """The plain answer, or an error that says what is wrong; and an error where the plain one has an error."""
    if isinstance(plain, Exception):
        assert isinstance(fast, Exception), f"plain raises {plain!r}, fast does not"
    elif isinstance(fast, Exception):
        assert isinstance(fast, (ValueError, TypeError)), repr(fast)
    else:
        for one, other in zip(fast, plain, strict=True):
            one_there, other_there = (each.astype(complex) if each.dtype == object else each for each in (one, other))
            if close:
                np.testing.assert_allclose(one_there, other_there, rtol=close, atol=close)
            else:
                np.testing.assert_array_equal(one_there, other_there)
            assert (one.dtype, one.shape) == (other.dtype, other.shape)


def is_norm(network):
    return isinstance(network.layers[0], GroupNorm)


def whole_numbers(rng, shape, dtype, zeros=0.5):
    return (rng.integers(-2, 3, shape) * (rng.random(shape) >= zeros)).astype(dtype)


@pytest.mark.parametrize(("network", "shape"), NETWORKS, ids=str)
@fuzzed
@given(
    data=st.data(),
    dtype=st.sampled_from([np.float32, np.float64]),
    change_x=changes(),
    change_theta=changes(kinds=("number", "form"), most=1),
    zeros=st.sampled_from([0, 0.9, 1]),
)
def test_of_bad_inputs_a_fused_layer_makes_what_the_plain_ones_make(
    instructions, network, shape, data, dtype, change_x, change_theta, zeros
):
    """Of whole numbers, so sums are exact; only exponentials and roots are not."""
    rng = np.random.default_rng(0)
    layout = Layout(network.shapes())
    x = change_x(whole_numbers(rng, (4, *shape), dtype, zeros))
    theta = change_theta(whole_numbers(rng, layout.size, dtype))
    as_plain = x.astype(dtype) / dtype(255) if x.dtype == np.uint8 else x
    fast, plain = (
        outcome(lambda each=each, x=x: each.forward(Layout(each.shapes()).views(theta), x)[:1])
        for each, x in ((fuse(network), x), (network, as_plain))
    )
    if isinstance(network.layers[-1], ELU) or is_norm(network) or x.dtype in (np.uint8, np.float16):
        assert isinstance(fast, Exception) == isinstance(plain, Exception) or isinstance(fast, (ValueError, TypeError))
        if not isinstance(fast, Exception):
            np.testing.assert_allclose(fast[0], plain[0], rtol=1e-5, atol=1e-5)
    else:
        assert_same(fast, plain)


@pytest.mark.parametrize(("network", "shape"), [pair for pair in NETWORKS if "ELU(alpha" not in str(pair)], ids=str)
@fuzzed
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    change_x=changes(kinds=("number", "form"), most=1),
    change_theta=changes(kinds=("number", "form"), most=1),
    change_dy=changes(),
    form=st.sampled_from(["as it was", *FORMS]),
    zeros=st.sampled_from([0, 0.9, 1]),
)
def test_of_a_bad_dy_a_fused_layer_makes_what_the_plain_ones_make(
    instructions, network, shape, dtype, change_x, change_theta, change_dy, form, zeros
):
    rng = np.random.default_rng(0)
    layout = Layout(network.shapes())
    x = change_x(whole_numbers(rng, (4, *shape), dtype, zeros))
    theta = change_theta(whole_numbers(rng, layout.size, dtype))
    dy = change_dy(whole_numbers(rng, (4, *network.output_shape(shape)), dtype, 0.2))
    change_g = FORMS.get(form, np.copy)

    def back(each):
        layout = Layout(each.shapes())
        _, cache = each.forward(layout.views(theta), x)
        gradient, alone = (change_g(np.full(layout.size, np.nan, dtype)) for _ in range(2))
        dx = each.backward(layout.views(theta), layout.views(gradient), cache, dy)
        each.parameter_gradient(layout.views(theta), layout.views(alone), cache, dy)
        return dx, gradient, alone

    fast, plain = outcome(lambda: back(fuse(network))), outcome(lambda: back(network))
    # where all of a group are equal, dx is the difference of numbers 316 times as large as gain dy
    assert_same(fast, plain, close=1e-3 if is_norm(network) else 0)


LARGE = {  # that sums with small whole numbers are the same in any order: they are exact, or nothing else is left
    np.float32: [2**12, 2**12 + 1, 2**20, 2**40, 1e15],
    np.float64: [2**26, 2**26 + 1, 2**40, 1e15],
}


@pytest.mark.parametrize(("c_in", "c_out", "shape"), [(8, 3, (4, 5)), (9, 5, (7, 7)), (9, 40, (9, 8)), (17, 9, (2, 2))])
@pytest.mark.parametrize(("dtype", "large"), [(dtype, large) for dtype, many in LARGE.items() for large in many])
@pytest.mark.parametrize("place", ["x", "theta"])
@pytest.mark.parametrize("after", [(ReLU(), MaxPool2D()), (ReLU(),), ()], ids=str)
def test_beside_one_large_number_a_convolution_of_many_channels_loses_none_of_the_small(
    instructions, rng, c_in, c_out, shape, dtype, large, place, after
):
    """Winograd's way adds neighbours and takes them off again, which a large one does not stand."""
    network = Chain((Conv2D(c_in, c_out), *after))
    arrays = {
        "x": whole_numbers(rng, (2, *shape, c_in), dtype),
        "theta": whole_numbers(rng, Layout(network.shapes()).size, dtype),
    }
    dy = whole_numbers(rng, (2, *network.output_shape((*shape, c_in))), dtype, 0.2)
    for where, sign in zip(rng.integers(arrays[place].size, size=6), [1, -1] * 3, strict=True):
        given = arrays | {place: with_number(arrays[place], where, sign * large)}
        fast, plain = (forward_and_back(each, given["theta"], given["x"], dy) for each in (fuse(network), network))
        assert_same(fast, plain)


def forward_and_back(network, theta, x, dy):
    layout, gradient = Layout(network.shapes()), np.full_like(theta, np.nan)
    y, cache = network.forward(layout.views(theta), x)
    return y, network.backward(layout.views(theta), layout.views(gradient), cache, dy), gradient


@pytest.mark.parametrize("cost", [SoftmaxCrossEntropy(), CrossEntropy()], ids=str)
@fuzzed
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    n_classes=st.sampled_from([1, 2, 5, 16, 33]),
    change_y=changes(),
    change_t=changes(kinds=("type", "form", "shape")),
    beyond=st.sampled_from([0, 0, 0, -1, 1, 40, 2**62]),
)
def test_of_bad_logits_and_targets_the_fast_cost_makes_what_the_plain_one_makes(
    instructions, cost, dtype, n_classes, change_y, change_t, beyond
):
    rng = np.random.default_rng(0)
    y, t = change_y(whole_numbers(rng, (4, n_classes), dtype)), rng.integers(0, n_classes, 4)
    t[2] = t[2] + beyond
    t = change_t(t)

    def plain():
        if cost == SoftmaxCrossEntropy():
            return cost.value_and_gradient(y, t)
        q, cache = Softmax().forward(None, y)
        value, dq = cost.value_and_gradient(q, t)
        return value, Softmax().backward(None, None, cache, dq)

    fast, wanted = outcome(lambda: FastSoftmaxCrossEntropy(cost).value_and_gradient(y, t)), outcome(plain)
    if isinstance(fast, Exception):
        assert isinstance(wanted, Exception) or isinstance(fast, (ValueError, TypeError)), repr(fast)
        return
    assert not isinstance(wanted, Exception), f"plain raises {wanted!r}, fast does not"
    assert fast[1].dtype == wanted[1].dtype
    wild = not np.isfinite(y.astype(complex)).all() or np.abs(y.astype(complex)).max() > 1e15
    close = 1e-2 if y.dtype.itemsize == 2 else 1e-4
    if n_classes > 1 and not wild:
        np.testing.assert_allclose(fast[0], wanted[0], rtol=close)
        np.testing.assert_allclose(fast[1], wanted[1], rtol=0, atol=close)
    elif wild:
        np.testing.assert_array_equal(fast[1], wanted[1])


@pytest.mark.parametrize("optimizer", [SGD(0.5, 0.5), Adam(0.5)], ids=str)
@fuzzed
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    change_theta=changes(kinds=("number", "type", "form")),
    change_g=changes(),
    change_v=changes(),
)
def test_of_bad_vectors_a_fast_optimizer_makes_what_the_plain_one_makes(
    instructions, optimizer, dtype, change_theta, change_g, change_v
):
    def after(each):
        rng = np.random.default_rng(0)
        theta, gradient = (change(whole_numbers(rng, 40, dtype)) for change in (change_theta, change_g))
        state = each.init(np.asarray(theta, theta.dtype.newbyteorder("=")))
        state["v"] = change_v(state["v"] + 1)
        each.step(theta, gradient, state)
        return theta, state["v"]

    fast, plain = outcome(lambda: after(fuse_optimizer(optimizer))), outcome(lambda: after(optimizer))
    if isinstance(fast, Exception) or isinstance(plain, Exception):
        assert_same(fast, plain)
        return
    for one, other in zip(fast, plain, strict=True):
        assert one.dtype == other.dtype
        if one.dtype != object:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@fuzzed
@given(change=changes(), kind=st.sampled_from([np.uint8, np.float32]), grid=st.sampled_from([0, 4]))
def test_of_bad_images_a_warp_makes_what_apply_warps_makes(instructions, change, kind, grid):
    rng = np.random.default_rng(0)
    images = change(rng.integers(0, 2, (4, 5, 6, 2)).astype(kind))
    down = Warps(
        np.repeat(affine_maps(down=2.0), 4, axis=0), np.zeros((4, grid, grid, 2), np.float32), np.ones(4, np.float32)
    )
    assert_same(*(outcome(lambda each=each: [each(images, down)]) for each in (warp, apply_warps)))


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((3, 4, 4), np.uint8), ShapeError, "images have shape"),
        (np.zeros((3, 4, 4, 1), np.uint8), ShapeError, "needs one warp"),
        (np.full((2, 4, 4, 1), np.nan, np.float32), DataError, "finite"),
        (np.full((2, 4, 4, 1), 2, np.float32), DataError, r"in \[0, 1\]"),
        (np.zeros((2, 4, 4, 1), int), DataError, "uint8"),
    ],
)
def test_images_that_make_no_sense_are_refused(images, error, message):
    still = Warps(np.repeat(affine_maps(), 2, axis=0), np.zeros((2, 0, 0, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(error, match=message):
        warp(images, still)


def test_a_shape_that_does_not_fit_is_refused_in_the_words_of_the_plain_layer():
    for (network, _), x in zip(NETWORKS[2:4], [np.zeros((1, 4, 4, 7)), np.zeros((1, 21))], strict=True):
        theta = np.zeros(Layout(network.shapes()).size)
        with pytest.raises(ShapeError, match=rf"{type(network.layers[0]).__name__}\(.*\) takes inputs of shape"):
            fuse(network).forward(Layout(fuse(network).shapes()).views(theta), x)


# Sizes at which the kernels' 32-bit numbers would end


def test_examples_of_as_many_numbers_as_a_kernel_may_count_are_answered():
    network = Chain((Dense(2**24, 1),))
    theta, x = np.zeros(2**24 + 1, np.float32), np.zeros((1, 2**24), np.float32)
    theta[[0, -2, -1]], x[0, [0, -1]] = [3, 5, 7], [1, 2]
    y, _ = fuse(network).forward(Layout(fuse(network).shapes()).views(theta), x)
    assert y.tolist() == [[3 + 10 + 7]]


@pytest.mark.parametrize("shape", [(1, 1, 4_200_000, 1), (1, 4_200_000, 1, 1), (1, 1, 1, 1_100_000)], ids=str)
def test_images_of_any_length_are_bent(shape):
    """The kernel needs three more rows and columns, so it counts further than to the image's size."""
    images = np.zeros(shape, np.uint8)
    images[0, -1, -1, -1] = 9
    still = Warps(affine_maps(), np.zeros((1, 0, 0, 2), np.float32), np.zeros(1, np.float32))
    assert warp(images, still)[0, -1, -1, -1] == 9


def test_any_number_of_examples_has_a_cost():
    y, t = np.zeros((2**24, 1), np.float32), np.zeros(2**24, np.uint8)
    value, dy = FastSoftmaxCrossEntropy(SoftmaxCrossEntropy()).value_and_gradient(y, t)
    assert value == 0
    assert not dy.any()


@pytest.mark.parametrize("n_threads", [-(2**31), -1, 0, 64, 2**27 + 1, 2**28, 2**31 - 1])
def test_a_number_of_threads_that_makes_no_sense_does_no_harm(n_threads):
    """There are never more threads than work: here are 3 examples."""
    for network, shape in NETWORKS:
        x, layout = np.ones((3, *shape)), Layout(fuse(network).shapes())
        theta = np.ones(layout.size)
        y, cache = fuse(network, n_threads).forward(layout.views(theta), x)
        fuse(network, n_threads).backward(layout.views(theta), layout.views(theta.copy()), cache, y)


@pytest.mark.parametrize("stride", [2**24, (1, 2**31), (2**40, 1)])
def test_strides_of_any_length_are_answered(stride):
    """The plain layer's answer: only the windows at the edge are left, or the only one."""
    conv = Conv2D(2, 3, stride=stride)
    theta, x = np.ones(Layout(conv.shapes()).size), np.ones((1, 3, 4, 2))
    found = fuse(Chain((conv,)))
    y, _ = found.forward(Layout(found.shapes()).views(theta), x)
    np.testing.assert_array_equal(y, conv.forward(Layout(conv.shapes()).views(theta), x)[0])


# The kernels themselves

ARRAYS = {  # the shapes of each kernel's arrays; n examples, h × w pixels, i inputs, o outputs
    "sparse_forward": {
        "x": "n i",
        "W": "i o",
        "b": "o",
        "y": "n o",
        "index": "n room",
        "value": "n room",
        "starts": "n blocks",
    },
    "sparse_gradient": {"index": "n room", "value": "n room", "starts": "n blocks", "dz": "n o", "dW": "i o"},
    "narrow_forward": {"x": "n i", "W": "i o", "b": "o", "y": "n o"},
    "narrow_gradient": {"x": "n i", "dz": "n o", "dW": "i o"},
    "narrow_back": {"dz": "n o", "W": "i o", "dx": "n i"},
    "bias_activation": {"y": "n o", "b": "o"},
    "activation_gradient": {"y": "n o", "dy": "n o", "dz": "n o", "db": "o"},
    "conv_forward": {"x": "n h w i", "W": "3 3 i o", "b": "o", "y": "n high wide o", "codes": "n high wide o"},
    "conv_backward": {
        "x": "n h w i",
        "W": "3 3 i o",
        "codes": "n high wide o",
        "dy": "n high wide o",
        "dW": "3 3 i o",
        "db": "o",
        "dx": "n h w i",
    },
    "prepare_conv": {"W": "3 3 i o", "b": "o"},
    "prepare_dense": {"W": "i o", "b": "o"},
    "conv_forward_prepared": {
        "x": "n h w i",
        "prepared": "direct vectors",
        "y": "n high wide o",
        "codes": "n high wide o",
    },
    "sparse_forward_prepared": {"x": "n i", "prepared": "below vectors", "y": "n o"},
    "narrow_forward_prepared": {"x": "n i", "prepared": "below vectors", "y": "n o"},
    "convolution_forward": {"x": "n h w i", "W": "3 3 i o", "b": "o", "y": "n h w o"},
    "convolution_backward": {
        "x": "n h w i",
        "W": "3 3 i o",
        "y": "n h w o",
        "dy": "n h w o",
        "dW": "3 3 i o",
        "db": "o",
        "dx": "n h w i",
    },
    "group_norm_forward": {
        "x": "n h w o",
        "gain": "o",
        "bias": "o",
        "y": "n h w o",
        "codes": "n h w o",
        "m": "n o",
        "r": "n o",
    },
    "group_norm_backward": {
        "x": "n h w o",
        "gain": "o",
        "codes": "n h w o",
        "m": "n o",
        "r": "n o",
        "dy": "n h w o",
        "dgain": "o",
        "dbias": "o",
        "dx": "n h w o",
    },
    "max_pool_forward": {"x": "n h w o", "y": "n h w o", "codes": "n h w o"},
    "max_pool_backward": {"codes": "n h w o", "dy": "n h w o", "dx": "n h w o"},
    "softmax_cross_entropy": {"y": "n o", "t": "n", "dy": "n o"},
    "sgd": {"theta": "i", "g": "i", "v": "i"},
    "adam": {"theta": "i", "g": "i", "m": "i", "v": "i"},
    "warp": {
        "images": "n h w i",
        "affine": "n 2 3",
        "bumps": "n grid grid 2",
        "thickness": "n",
        "row_basis": "grid h",
        "column_basis": "grid w",
        "bent": "n h w i",
    },
}
ARGUMENT = re.compile(r"(\w+): (?:ndarray\[dtype=(\w+)[^]]*\]|(int|float|bool))")
FENCE = 64  # bytes around each array that no kernel may touch


def fenced(shape, dtype):
    """An array of zeros inside a longer one, which is returned as well."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    whole = np.full(size + 2 * FENCE, 171, np.uint8)
    whole[FENCE : FENCE + size] = 0
    return whole[FENCE : FENCE + size].view(dtype).reshape(shape), whole


VECTOR_BYTES = {"avx512": 64, "avx2": 32, "baseline": 16}


def size_of(word, sizes, dtype):
    if word.isdigit():
        return int(word)
    lanes = VECTOR_BYTES[kernels.compiled.INSTRUCTIONS] // np.dtype(dtype).itemsize
    known = {"room": sizes["i"] + 16, "blocks": -(-sizes["i"] // kernels.compiled.BLOCK) + 1}
    known |= {"high": sizes["h"] // 2, "wide": sizes["w"] // 2}
    known |= {"direct": 9 * sizes["i"] + 1, "below": sizes["i"] + 1, "vectors": -(-sizes["o"] // lanes) * lanes}
    return (sizes | known)[word]


def test_every_kernel_is_listed_here():
    public = {name for name in dir(kernels.compiled) if name[0] != "_" and callable(getattr(kernels.compiled, name))}
    assert public - {"instruction_sets"} == ARRAYS.keys()


@pytest.mark.parametrize("name", ARRAYS)
@settings(fuzzed, max_examples=60)
@given(data=st.data())
def test_a_kernel_refuses_arrays_that_do_not_fit_and_writes_nowhere_else(instructions, name, data):
    """One array of another shape, type or order; the fences around all stay as they were."""
    kernel = getattr(kernels.compiled, name)
    signature = data.draw(st.sampled_from([text for text, *_ in kernel.__nb_signature__]))
    sizes = {axis: data.draw(st.sampled_from([1, 2, 3, 5, 17, 0, 66]), label=axis) for axis in "nhwio"} | {"grid": 4}
    strange = data.draw(st.sampled_from([None, *ARRAYS[name]]), label="strange")
    arguments, fences, strange_was_changed = [], [], False
    for argument, dtype, scalar in ARGUMENT.findall(signature):
        if scalar:
            arguments.append({"int": 1, "float": 0.5, "bool": data.draw(st.booleans(), label=argument)}[scalar])
            continue
        shape = [size_of(word, sizes, dtype) for word in ARRAYS[name][argument].split()]
        kind = (
            data.draw(st.sampled_from(["size", "less", "more", "type", "order", "none"])) if argument == strange else ""
        )
        if kind == "size":
            shape[data.draw(st.integers(0, len(shape) - 1))] += data.draw(st.sampled_from([-1, 1, 2, 15, 64]))
            shape = [max(n, 0) for n in shape]
        elif kind == "less":
            del shape[data.draw(st.integers(0, len(shape) - 1))]
        elif kind == "more":
            shape.insert(data.draw(st.integers(0, len(shape))), data.draw(st.sampled_from([1, 2])))
        elif kind == "type":
            dtype = data.draw(st.sampled_from(["bool", "int16", "float16", "complex128", "uint32"]))
        array, whole = fenced(shape, dtype)
        if kind == "order":
            array = np.asfortranarray(array)[..., ::-1]
        fences.append(whole)
        arguments.append("no array" if kind == "none" else array)
        strange_was_changed |= kind in ("type", "none")
    if strange_was_changed:
        with pytest.raises((TypeError, ValueError)):
            kernel(*arguments)
    elif strange is None:
        if not (name == "softmax_cross_entropy" and sizes["o"] == 0):
            kernel(*arguments)
    else:
        outcome_of_call = outcome(lambda: kernel(*arguments))
        if isinstance(outcome_of_call, Exception):
            assert isinstance(outcome_of_call, (TypeError, ValueError)), repr(outcome_of_call)
    for whole in fences:
        assert (whole[:FENCE] == 171).all()
        assert (whole[-FENCE:] == 171).all()


@pytest.mark.parametrize("rows", [0, 1])
def test_kernels_refuse_a_convolution_whose_kernel_has_no_pixels(instructions, rows):
    """The first place of a gradient would lie before the memory for it."""
    (x, W, b), strides = (np.ones(shape, np.float32) for shape in [(1, 3, 3, 2), (rows, 1 - rows, 2, 4), 4]), (1, 1)
    y = np.ones((1, 4 - rows, 3 + rows, 4), np.float32)
    with pytest.raises(ValueError, match="a kernel has no pixels"):
        kernels.compiled.convolution_forward(x, W, b, *strides, 0, 0, False, False, y, 1)
    with pytest.raises(ValueError, match="a kernel has no pixels"):
        kernels.compiled.convolution_backward(x, W, y, y, *strides, 0, 0, False, False, W.copy(), b, None, 1)
