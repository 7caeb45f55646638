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
