"""Declared surrogates and tangents: no alarm where a gradient is what was said, and one where it is not."""

import numpy as np
import pytest

from inkgrad.check import CheckError, check_torch, check_vjp
from inkgrad.errors import SettingError


def randn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def through(dy, x):
    return dy


def scaled(dy, x):
    return 0.5 * dy


def smooth(dy, x):
    return dy / (1 + 9 * x * x)


@pytest.mark.parametrize("n", [7, 60])
@pytest.mark.parametrize(
    ("vjp", "surrogate", "right"),
    [
        (through, "straight-through", True),
        (scaled, "straight-through", False),
        (lambda dy, x: 1.001 * dy, "straight-through", False),
        (smooth, smooth, True),
        (through, smooth, False),
        (lambda dy, x: np.zeros_like(x), lambda dy, x: 0 * x, True),
        (through, lambda dy, x: 0 * x, False),
    ],
)
def test_a_surrogate_is_right_if_it_is_what_was_said(vjp, surrogate, right, n):
    """The slope of a step is 0, so that each is wrong unless it is declared."""
    x = 3 * randn(n, 40)
    report = check_vjp(lambda x: np.round(x), vjp, x, surrogate={"x": surrogate}, raises=False)
    assert report.ok == right
    assert [finding.kind for finding in report.findings] == [] if right else ["surrogate"]
    if vjp is through:
        assert check_vjp(lambda x: np.round(x), vjp, x, raises=False).verdict == "wrong"


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", [(7, 4), (100, 100)])
@pytest.mark.parametrize(
    ("vjp", "surrogate", "right"),
    [
        (through, "straight-through", True),
        (smooth, smooth, True),
        (lambda dy, x: x.dtype.type(1.02) * smooth(dy, x), smooth, False),
        (through, smooth, False),
        (through, lambda dy, x: 0 * x, False),
        (lambda dy, x: np.nan * dy, "straight-through", False),
    ],
)
def test_surrogates_are_told_in_coarse_types_too(vjp, surrogate, right, shape, dtype):
    for seed in range(5):
        x = 3 * randn(*shape, seed=seed).astype(dtype)
        report = check_vjp(lambda x: np.round(x), vjp, x, surrogate={"x": surrogate}, seed=seed, raises=False)
        assert report.verdict == ("right" if right else "wrong"), report
        assert [str(each.kind) for each in report.findings] == ["surrogate"] * (not right)


@pytest.mark.parametrize("factor", [1, 1.05])
def test_surrogates_are_told_in_bfloat16_too(factor):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.round()

        @staticmethod
        def backward(ctx, dy):
            return factor * dy

    x = torch.tensor(3 * randn(7, 4)).bfloat16()
    report = check_torch(Round, (x,), surrogate={"x": "straight-through"}, raises=False)
    assert report.verdict == ("right" if factor == 1 else "wrong")


@pytest.mark.parametrize(("factor", "right"), [(-0.5, True), (0.5, False), (-0.501, False)])
def test_a_gradient_may_be_declared_a_number_times_the_derivative(factor, right):
    x = randn(7, 5)
    vjp = lambda dy, x: -0.5 * dy * np.cos(x)  # noqa: E731
    assert check_vjp(np.sin, vjp, x, surrogate={"x": factor}, raises=False).ok == right


@pytest.mark.parametrize("dw", [1, 1.01])
def test_what_is_not_declared_is_checked_as_ever(dw):
    x, w = randn(7, 5), randn(7, 5, seed=1)
    report = check_vjp(
        lambda x, w: np.round(x) * w,
        lambda dy, x, w: (dy, dw * dy * np.round(x)),
        x,
        w,
        surrogate={"x": "straight-through"},
        raises=False,
    )
    assert {each.array: str(each.verdict) for each in report.arrays} == {
        "x": "right",
        "w": "right" if dw == 1 else "wrong",
    }


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize(
    ("gradient", "right"),
    [
        (lambda dy, i: -i.T @ dy @ i.T, True),
        (lambda dy, i: -(i.T @ dy @ i.T + (i.T @ dy @ i.T).T) / 2, True),
        (lambda dy, i: -np.tril(i.T @ dy @ i.T + (i.T @ dy @ i.T).T) + np.diag(np.diag(i.T @ dy @ i.T)), True),
        (lambda dy, i: i.T @ dy @ i.T, False),
        (lambda dy, i: -np.tril(i.T @ dy @ i.T), False),
    ],
    ids=["whole", "symmetric part", "lower triangle", "sign", "half"],
)
def test_of_symmetric_matrices_only_the_symmetric_part_of_a_gradient_counts(gradient, right, every):
    a = randn(5, 5)
    a = a @ a.T + 5 * np.eye(5)

    def vjp(dy, a):
        return gradient(dy, np.linalg.inv(a))

    report = check_vjp(np.linalg.inv, vjp, a, tangent={"a": "symmetric"}, every_entry=every, raises=False)
    assert report.ok == right


@pytest.mark.parametrize("factor", [1, 1.01])
def test_a_projection_says_in_which_directions_an_array_moves(factor):
    """On the sphere only what is orthogonal to x counts; x itself is the gradient of a radius that never changes."""
    x = randn(6)
    x /= np.linalg.norm(x)

    def vjp(dy, x):
        return factor * dy * np.cos(x) + 3 * x

    def onto(step):
        return step - x * (x @ step)

    assert check_vjp(np.sin, vjp, x, tangent={"x": onto}, raises=False).ok == (factor == 1)
    assert not check_vjp(np.sin, vjp, x, raises=False).ok


@pytest.mark.parametrize("factor", [1, 1.01])
def test_torch_functions_may_be_declared_too(factor):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x.round() * w

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            return factor * dy * w, dy * x.round()

    given = torch.tensor(3 * randn(5)), torch.tensor(randn(5, seed=1))
    declared = {"x": lambda dy, x, w: dy * w}
    assert check_torch(Round, given, surrogate=declared, raises=False).ok == (factor == 1)


def quantised(torch, factor, of_jvp=1.0):
    """Return a module that rounds x and multiplies it by a weight, in two Functions."""

    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.round()

        @staticmethod
        def backward(ctx, dy):
            return dy

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            ctx.save_for_forward(x, w)
            return x * w

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            return dy * w, factor * dy * x

        @staticmethod
        def jvp(ctx, dx, dw):
            x, w = ctx.saved_tensors
            return dx * w + of_jvp * dw * x

    class Quantised(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.tensor(randn(5, seed=1)))

        def forward(self, x):
            return Product.apply(Round.apply(x), self.w)

    return Quantised(), Product


@pytest.mark.parametrize("declared", [{"surrogate": {"x": lambda dy, x, w: dy * w}}, {"tangent": {"w": lambda v: v}}])
def test_of_a_declared_whole_that_is_wrong_the_parts_say_where(declared):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor(3 * randn(4, 5))
    for dtype in torch.float64, torch.float32:
        module, _ = quantised(torch, 1.5)
        report = check_torch(module.to(dtype), (x.to(dtype),), raises=False, **declared)
        (finding,) = (each for each in report.findings if each.array == "w")
        assert finding.kind == "factor"
        assert "wrong alone, where nothing is declared: " in finding.message
        assert "dProduct.w (factor)" in finding.message
        assert "Product" in finding.evidence["parts"]
    module, _ = quantised(torch, 1)
    assert check_torch(module, (x,), raises=False, surrogate={"x": lambda dy, x, w: dy * w}).ok


@pytest.mark.parametrize("of_jvp", [1, 1.5])
def test_forward_mode_is_checked_beside_what_is_declared(of_jvp):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    _, product = quantised(torch, 1, of_jvp)
    given = torch.tensor(randn(5)), torch.tensor(randn(5, seed=1))
    for declared in {"surrogate": {"x": lambda dy, x, w: dy * w}}, {"tangent": {"x": lambda v: v}}:
        kinds = [each.kind for each in check_torch(product, given, raises=False, **declared).findings]
        assert kinds == ["forward-mode"] * (of_jvp != 1)


class Tired:
    """A projection that raises once it was asked so many times."""

    def __init__(self, times):
        self.times = times

    def __call__(self, step):
        self.times -= 1
        if self.times < 0:
            raise ValueError("enough\nof it")
        return step


@pytest.mark.parametrize("times", [0, 2, 9])
def test_a_projection_that_raises_is_refused_in_one_line_whenever_it_does(times):
    with pytest.raises(CheckError, match=r"^the tangent of x, a step: ValueError: enough$"):
        check_vjp(np.sin, lambda dy, x: dy * np.cos(x), randn(7), tangent={"x": Tired(times)})


@pytest.mark.parametrize("wrong", [lambda step: step[:2], lambda step: None, lambda step: step > 0, lambda step: "x"])
def test_a_projection_that_gives_no_step_is_refused(wrong):
    with pytest.raises(SettingError, match=r"^the tangent of x must give a step of shape \(7,\), as it is given$"):
        check_vjp(np.sin, lambda dy, x: dy * np.cos(x), randn(7), tangent={"x": wrong})


@pytest.mark.parametrize("declared", [{"surrogate": {"x": "straight-through"}}, {"tangent": {"x": lambda step: step}}])
def test_what_is_declared_is_checked_at_finite_numbers_alone(declared):
    with pytest.raises(CheckError, match=r"^sin: x holds NaN or infinity; check it at finite numbers$"):
        check_vjp(np.sin, lambda dy, x: dy, np.full(3, np.nan), **declared)


def test_a_backward_of_another_shape_is_no_fault_of_the_surrogate():
    report = check_vjp(np.sin, lambda dy, x: dy[:1], randn(7), surrogate={"x": "straight-through"}, raises=False)
    assert [str(each) for each in report.findings] == ["x: unknown: dx has shape (1,), must be (7,), that of x"]
