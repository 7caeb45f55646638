"""PyTorch's own operations at the awkward inputs of its own tests: right ones raise no alarm."""

import pytest

from inkgrad.check import check_torch
from inkgrad.check.verdict import Verdict

torch = pytest.importorskip("torch")


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


class Mean(torch.autograd.Function):
    """The mean of the rows of x W, whose backward divides by their number."""

    @staticmethod
    def forward(ctx, x, W):
        ctx.save_for_backward(x, W)
        return x @ W

    @staticmethod
    def backward(ctx, dy):
        x, W = ctx.saved_tensors
        return dy @ W.T, x.T @ dy / len(x) * len(x)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 4)], ids=str)
def test_a_function_of_no_numbers_is_right(shape):
    report = check_torch(torch.exp, [torch.zeros(shape, dtype=torch.float64)])
    assert (report.verdict, report.arrays[0].size) == (Verdict.right, 0)


@pytest.mark.parametrize("width", [3, 1000])
def test_the_gradients_of_an_empty_batch_are_zero(width):
    x, W = torch.zeros(0, 3, dtype=torch.float64), randn(3, width)
    assert check_torch(torch.matmul, [x, W]).verdict == Verdict.right
    found = check_torch(Mean.apply, [x, W], raises=False).findings
    assert [(each.array, each.kind) for each in found] == [("W", "not-finite")]


def test_rounding_far_out_in_a_tail_is_no_error():
    x = torch.linspace(-9, 9, 50, dtype=torch.float64)
    assert check_torch(torch.erfc, [x]).verdict == Verdict.right


def test_an_attention_that_is_sure_has_no_gradient_but_rounding():
    q, k, v = (randn(3, 4, seed=seed) for seed in range(3))
    sure = torch.diag(torch.full((3,), 45.0, dtype=torch.float64))
    report = check_torch(lambda q, k, v: torch.softmax(q @ k.T + sure, -1) @ v, [q, k, v])
    assert report.verdict == Verdict.right


def test_a_gradient_that_is_small_beside_others_is_judged_all_the_same():
    class Weak(torch.autograd.Function):
        """x + 1e-6 y."""

        @staticmethod
        def forward(ctx, x, y):
            return x + 1e-6 * y

        @staticmethod
        def backward(ctx, dy):
            return dy, 1.1e-6 * dy

    found = check_torch(Weak, [randn(5), randn(5, seed=1)], raises=False)
    assert {each.array: each.verdict for each in found.arrays} == {"x": Verdict.right, "y": Verdict.wrong}


def test_the_ends_of_a_clamp_do_not_look_like_a_coarse_type():
    x = torch.tensor([-4.8, -7.5, -0.6, 1.5, 7.3, 2.2], dtype=torch.float64)
    assert check_torch(lambda x: torch.nn.functional.hardtanh(x, -0.5, 0.5), [x]).verdict == Verdict.right


def test_a_constant_rounded_to_float32_is_an_approximation():
    report = check_torch(torch.nn.functional.hardsigmoid, [randn(20)])  # torch has a sixth in float32
    assert report.verdict == Verdict.approximate
    assert 1e-8 < report.arrays[0].error < 1e-7


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_coarse_gradient_that_is_zero_but_for_rounding_is_right(dtype):
    rows, key_bias = randn(4, 8, dtype=dtype), randn(8, seed=1, dtype=dtype)  # a softmax takes no notice of the bias
    attention = check_torch(lambda x, b: torch.softmax(x @ (x + b).T, -1) @ x, [rows, key_bias])
    alone = check_torch(torch.corrcoef, [randn(5, dtype=torch.float32)])  # of one variable: 1
    assert (attention.verdict, alone.verdict) == (Verdict.right, Verdict.right)


def test_random_numbers_that_differ_in_float64_make_no_alarm():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 6, 6, 6)
    pool = torch.nn.FractionalMaxPool3d(2, output_size=3)  # its regions are drawn in the type of x
    assert check_torch(pool, [x], raises=False).verdict != Verdict.wrong


@pytest.mark.parametrize("seed", range(4))
def test_a_function_that_hides_its_random_numbers_is_not_taken_for_another_one(seed):
    """They are others in float64; the state that all share is the same after it as before."""
    pool = torch.nn.FractionalMaxPool3d((2, 2, 2), output_size=(2, 3, 2))

    def f(x):
        with torch.random.fork_rng():
            torch.manual_seed(42)
            return pool(x)

    x = randn(2, 3, 5, 5, 5, seed=seed, dtype=torch.float32)
    assert check_torch(f, [x], raises=False).verdict != Verdict.wrong
    assert check_torch(lambda x: TwiceTooLarge.apply(f(x)), [x], raises=False).verdict == Verdict.wrong


class TwiceTooLarge(torch.autograd.Function):
    """The same, whose gradient is twice too large."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return 2 * dy


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_gradient_that_a_type_has_no_numbers_for_is_not_wrong(dtype):
    x = randn(125, dtype=dtype) / 4
    assert torch.prod(x) == 0 < abs(torch.prod(x.double()))
    assert check_torch(torch.prod, [x], raises=False).verdict == Verdict.cannot_tell
    doubled = check_torch(lambda x: TwiceTooLarge.apply(torch.prod(x[:9]) * 1e-20), [x], raises=False)
    assert doubled.verdict == Verdict.wrong


def test_a_function_in_which_rounding_is_large_is_still_judged_beside_float64():
    """Beside 1e6 float32 has 16 numbers between 0 and 1."""
    x = randn(200, dtype=torch.float32)

    def far(x):
        return (x + 1e6) - 1e6

    assert check_torch(far, [x]).verdict == Verdict.right
    assert check_torch(lambda x: TwiceTooLarge.apply(far(x)), [x], raises=False).verdict == Verdict.wrong


def test_a_gradient_that_is_only_rounding_may_be_another_one_where_dy_is_transposed():
    """A norm over the batch takes no notice of what is added to all of it."""
    rows = randn(7, 12)
    linear, norm = torch.nn.Linear(12, 8).double(), torch.nn.BatchNorm1d(8).double()
    for seed in range(5):
        report = check_torch(
            lambda x, w, b: norm(torch.nn.functional.linear(x, w, b)),
            [rows, *linear.parameters()],
            seed=seed,
            raises=False,
            every_entry=True,
        )
        assert report.verdict == Verdict.right, report
