"""Coarse types beside float64: what is wrong is wrong, what is right never, and nothing is right that was not told."""

import numpy as np
import pytest

from inkgrad.check import check_vjp
from inkgrad.check.rounding import rounded
from inkgrad.check.shared_error import shared

TYPES = [np.float32, np.float16]


def tanh_layer(scale):
    """Return y = scale tanh(x w) and its VJP, all in the type of x."""

    def f(x, w):
        return x.dtype.type(scale) * np.tanh(x @ w)

    def vjp(dy, x, w):
        dz = x.dtype.type(scale) * dy * (1 - np.tanh(x @ w) ** 2)
        return dz @ w.T, x.T @ dz

    return f, vjp


def arrays(dtype, seed, n=(9, 7, 5)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n[:2]).astype(dtype), (rng.normal(size=n[1:]) / 3).astype(dtype)


def times(vjp, factor):
    """Return a VJP whose second gradient is off by a factor."""

    def wrong(dy, x, w):
        dx, dw = vjp(dy, x, w)
        return dx, dw.dtype.type(factor) * dw

    return wrong


@pytest.mark.parametrize("every", [None, False])
@pytest.mark.parametrize("dtype", TYPES)
def test_a_coarse_backward_three_times_too_large_is_wrong(dtype, every):
    f, vjp = tanh_layer(1)
    for seed in range(5):
        report = check_vjp(f, times(vjp, 3), *arrays(dtype, seed), seed=seed, every_entry=every, raises=False)
        assert [str(each.verdict) for each in report.arrays] == ["right", "wrong"]


@pytest.mark.parametrize(("dtype", "part"), [(np.float32, 1e-3), (np.float16, 2e-2)])
def test_small_errors_of_a_coarse_backward_are_seen_though_the_same_in_float64_is_right(dtype, part):
    f, vjp = tanh_layer(1)

    def wrong(dy, x, w):
        return times(vjp, 1 + part)(dy, x, w) if x.dtype == dtype else vjp(dy, x, w)

    for seed in range(10):
        report = check_vjp(f, wrong, *arrays(dtype, seed), seed=seed, raises=False)
        assert [str(each.verdict) for each in report.arrays] == ["right", "wrong"]
        assert report.arrays[1].error == pytest.approx(part, rel=0.2)
        assert "float64" in report.arrays[0].reference


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("n", "n_seeds"), [((9, 7, 5), 20), ((60, 30, 20), 5)], ids=str)
def test_right_coarse_backwards_raise_no_alarm(dtype, n, n_seeds):
    f, vjp = tanh_layer(1)
    for seed in range(n_seeds):
        report = check_vjp(f, vjp, *arrays(dtype, seed, n), seed=seed, raises=False)
        assert report.verdict == "right", report
        assert min(each.least for each in report.arrays) > np.finfo(dtype).eps  # no error below rounding is seen


@pytest.mark.parametrize("dtype", [np.float64, *TYPES])
@pytest.mark.parametrize("scale", [2.0**-20, 2.0**-7, 1, 2.0**10])
@pytest.mark.parametrize("offset", [0, 1, 1024])
@pytest.mark.parametrize("sensitivity", [1e-5, 1e-3, 1e-1])
def test_nothing_is_right_whose_errors_would_not_have_been_seen(dtype, scale, offset, sensitivity):
    """Outputs beside an offset are rounded so that little or nothing of a slope is left."""
    f, vjp = tanh_layer(scale)

    def shifted(x, w):
        return x.dtype.type(offset) + f(x, w)

    for factor in (1, 3):
        given = arrays(dtype, 0)
        report = check_vjp(shifted, times(vjp, factor), *given, sensitivity=sensitivity, raises=False)
        asked = max(sensitivity, 1e-2 if dtype == np.float16 else 0)
        for each in report.arrays:
            assert each.verdict != "right" or each.least <= asked
            assert each.verdict != "right" or each.array == "x" or factor == 1
        assert not (factor == 1 and report.findings)


@pytest.mark.parametrize("factor", [1, 3])
def test_a_kernel_that_takes_its_own_type_alone_is_judged_by_its_noise(factor):
    def f(x):
        if x.dtype != np.float32:
            raise TypeError("float32 alone")
        return np.tanh(x)

    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    report = check_vjp(f, lambda dy, x: np.float32(factor) * dy * (1 - np.tanh(x) ** 2), x, raises=False)
    assert report.verdict == ("wrong" if factor == 3 else "right")
    assert factor == 3 or report.arrays[0].least <= 1e-3


@pytest.mark.parametrize("factor", [1, 3])
def test_where_a_kernel_in_a_coarse_type_tells_nothing_it_is_not_right(factor):
    def f(x):
        if x.dtype != np.float32:
            raise TypeError("float32 alone")
        return np.float32(1e6) + np.tanh(x)

    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    report = check_vjp(f, lambda dy, x: np.float32(factor) * dy * (1 - np.tanh(x) ** 2), x, raises=False)
    assert report.verdict == "cannot tell"
    assert not report.ok


@pytest.mark.parametrize("door", ["torch", "jax"])
@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_torch_and_jax_rules_three_times_too_large_are_wrong_in_every_type(door, kind, factor):
    x = np.random.default_rng(0).normal(size=(7, 5))
    report = (of_torch if door == "torch" else of_jax)(x, kind, factor)
    assert report.verdict == ("wrong" if factor == 3 else "right"), report


def of_torch(x, kind, factor):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from inkgrad.check import check_torch

    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.tanh()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return factor * dy * (1 - y * y)

    return check_torch(Tanh, (torch.tensor(x, dtype=getattr(torch, kind)),), raises=False)


def of_jax(x, kind, factor):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    from inkgrad.check import check_jax

    tanh = jax.custom_vjp(lambda x: jax.numpy.tanh(x))

    def fwd(x):
        y = jax.numpy.tanh(x)
        return y, y

    tanh.defvjp(fwd, lambda y, dy: (factor * dy * (1 - y * y),))
    return check_jax(tanh, (jax.numpy.asarray(x, getattr(jax.numpy, kind)),), raises=False)


# What differences share


def test_a_common_error_is_told_from_rounding_that_is_another_one_each_time():
    rng = np.random.default_rng(0)
    exact = [rng.normal(size=4000) for _ in range(3)]
    off = rng.normal(size=4000) * 0.05
    pairs = ((each + off + 0.2 * rng.normal(size=4000), each) for each in exact)
    found = shared(pairs, usual=1.0, eps=1e-7)
    assert found.shared == pytest.approx(0.05, rel=0.2)
    assert found.rounding == pytest.approx(0.2, rel=0.1)
    assert found.size == 4000


def test_rounding_alone_shares_less_than_its_blur():
    over = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        exact = [rng.normal(size=50) for _ in range(3)]
        pairs = ((each + 0.1 * rng.normal(size=50), each) for each in exact)
        found = shared(pairs, usual=1.0, eps=1e-7)
        over += found.shared > found.blur
    assert over < 6


def test_gradients_of_zero_share_nothing_and_what_is_beside_them_is_a_part_of_a_usual_one():
    zeros = np.zeros(4)
    assert shared([(zeros, zeros)] * 3, usual=0.0, eps=1e-7).shared == 0
    assert shared([(zeros, zeros)] * 3, usual=1.0, eps=1e-7).shared == 0
    assert shared([(zeros + 1e-9, zeros)] * 3, usual=1.0, eps=1e-7).shared == pytest.approx(1e-9 * np.sqrt(zeros.size))


@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_are_rounded_as_the_type_itself_rounds(dtype):
    x = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.random.default_rng(1).uniform(-2, 3, 1000)
    np.testing.assert_array_equal(rounded(x, float(np.finfo(dtype).eps)), x.astype(dtype).astype(float))


def test_a_gradient_that_drowns_in_rounding_where_it_need_not_is_wrong():
    """The sum over a row is 0 whatever x is, but rounding makes it thousands of last digits large."""
    x = (1e6 + np.random.default_rng(0).uniform(0, 9, (50, 1))).astype(np.float32)

    def centred(x, gamma):
        return (x - x.mean(1, keepdims=True)) * 300 * gamma + gamma

    def vjp(dy, x, gamma):
        scaled = x.astype(np.float64) * 300 - (x * np.float32(300)).astype(
            np.float64
        )  # of which one product is rounded
        return np.zeros_like(x), (dy * (scaled + 1)).sum(0).astype(np.float32)

    def right(dy, x, gamma):
        return np.zeros_like(x), dy.sum(0)

    gamma = np.ones(1, np.float32)
    assert check_vjp(centred, right, x, gamma).ok
    report = check_vjp(centred, vjp, x, gamma, raises=False)
    assert [finding.array for finding in report.findings] == ["gamma"]


def test_rounding_that_is_the_same_at_all_points_near_by_is_no_mistake():
    """What a saturated number lacks to 1 is a few of its last digits, however x moves in its own."""

    def f(x):
        return x / np.sqrt(x * x + x.dtype.type(1e-5))

    def vjp(dy, x):
        y = f(x)
        if x.dtype == np.float64:
            return dy * 1e-5 / (x * x + 1e-5) ** 1.5
        return dy * (1 - y * y) * y / x  # of which 1 - y² is rounded to 1 %

    def wrong(dy, x):
        return x.dtype.type(1.1 if x.dtype == np.float32 else 1) * dy * 1e-5 / (x * x + x.dtype.type(1e-5)) ** 1.5

    for seed in range(10):
        x = np.random.default_rng(seed).uniform(1, 2, (4, 3)).astype(np.float32)
        assert check_vjp(f, vjp, x, seed=seed, raises=False).verdict != "wrong"
        assert check_vjp(f, wrong, x, seed=seed, raises=False).verdict == "wrong"


# What is not finite


def square(x):
    return x * x


@pytest.mark.parametrize("every", [None, False])
@pytest.mark.parametrize(("dtype", "large"), [(np.float32, 3e38), (np.float16, 6e4)])
def test_a_coarse_gradient_alone_that_overflows_is_wrong_and_says_so(dtype, large, every):
    def vjp(dy, x):
        return dy * x * x.dtype.type(large) * x.dtype.type(2) / x.dtype.type(large)

    x = np.random.default_rng(0).normal(size=(7, 3)).astype(dtype)
    with np.errstate(over="ignore"):
        report = check_vjp(square, vjp, x, every_entry=every, raises=False)
    assert report.verdict == "wrong"
    assert [(each.array, str(each.kind)) for each in report.findings] == [("x", "not-finite")]
    assert "the same in float64 is" in report.findings[0].message
    assert "inf" in report.findings[0].message


@pytest.mark.parametrize("dtype", TYPES)
def test_where_a_coarse_gradient_alone_is_nan_the_others_are_still_judged(dtype):
    def vjp(dy, x, w):
        nothing = x.dtype.type(1 if x.dtype == np.float64 else np.nan)
        return nothing * dy * w, x * dy * x.dtype.type(1 if x.dtype == np.float64 else 3)

    given = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(dtype)
    report = check_vjp(lambda x, w: x * w, vjp, *given, raises=False)
    assert {each.array: str(each.kind) for each in report.findings} == {"x": "not-finite", "w": "factor"}
    assert [str(each.verdict) for each in report.arrays] == ["wrong", "wrong"]


def test_a_gradient_too_large_for_its_type_is_no_mistake():
    """dx is up to 250,000, the largest number of float16 is 65,504."""

    def f(x):
        return np.sin(x * x.dtype.type(500))

    def vjp(dy, x):
        return dy * np.cos(x * x.dtype.type(500)) * x.dtype.type(500)

    def steep(x):
        return x.dtype.type(500) * f(x)

    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float16) / np.float16(1000)
    with np.errstate(over="ignore"):
        report = check_vjp(steep, lambda dy, x: x.dtype.type(500) * vjp(dy, x), x, raises=False)
    assert report.verdict == "cannot tell"


@pytest.mark.parametrize("factor", [1, 3])
def test_points_near_by_where_a_function_is_not_defined_tell_nothing(factor):
    """Some numbers are so near to 1 that with other last digits they are beyond it."""

    def vjp(dy, x):
        return x.dtype.type(factor if x.dtype == np.float16 else 1) * dy / (2 * np.sqrt(1 - x))

    x = np.linspace(0.2, 0.985, 12).astype(np.float16)
    with np.errstate(invalid="ignore", divide="ignore"):
        for seed in range(5):
            report = check_vjp(lambda x: -np.sqrt(1 - x), vjp, x, seed=seed, raises=False)
            assert report.verdict in (("wrong",) if factor == 3 else ("right", "cannot tell"))
