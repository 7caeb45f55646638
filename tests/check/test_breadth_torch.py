"""Everything that PyTorch users bring, through check_torch: a right one passes, the same with an error is found."""

import random
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import Function

from inkgrad.check import CheckError, check_torch


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


class Times(Function):
    """x, with a gradient that is off by a factor."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return ctx.factor * dy, None


class Pair(NamedTuple):
    mean: torch.Tensor
    spread: torch.Tensor


def off(x):
    return Times.apply(x, 1.01)


def same(x):
    return Times.apply(x, 1.0)


def in_place(x, through):
    x.mul_(2).add_(1)
    return through(x).sin()


def no_graph(x, through):
    with torch.no_grad():
        x.clamp(0, 1)
    return through(x).sin()


def inside(x, through):
    with torch.enable_grad():
        z = x if x.requires_grad else x.detach().requires_grad_()
        (g,) = torch.autograd.grad((through(z) ** 3).sum(), z, create_graph=True)
    return g * through(z)


def nested(x, through):
    return {"a": [through(x).sin(), (x.cos(), x.argmax())], "b": None, "n": 3}


def masked(x, through):
    scores = through(x) @ x.T
    return scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)


CASES = {  # a function of x (5, 3) and of what it sends x through
    "a tuple of outputs": lambda x, through: (through(x).sin(), x.sum()),
    "a dict of outputs": lambda x, through: {"y": through(x).sin(), "place": x.argmax()},
    "a named tuple": lambda x, through: Pair(through(x).mean(0), x.std(0)),
    "a tree with integers and None": nested,
    "values and indices": lambda x, through: through(x).max(1),
    "complex inside": lambda x, through: torch.fft.rfft(through(x)).abs(),
    "complex outputs": lambda x, through: torch.fft.fft(through(x)),
    "changes in place": in_place,
    "no_grad on the way": no_graph,
    "differentiates inside": inside,
    "-inf that stays": masked,
    "one number": lambda x, through: through(x).sin().sum(),
    "random numbers of three libraries": lambda x, through: (
        through(x) * torch.rand(3) * random.random() * np.random.rand()
    ),
    "ties": lambda x, through: through(torch.cat([x, x], 1)).amax(1),
    "memory in another order": lambda x, through: through(x.T).T.contiguous().sin(),
    "a broadcast": lambda x, through: through(x[:, :1]) * x,
}


@pytest.mark.parametrize("every", [None, False])
@pytest.mark.parametrize("name", CASES)
def test_functions_of_every_sort_are_right_and_found_when_wrong(name, every):
    f, x = CASES[name], randn(5, 3)
    report = check_torch(lambda x: f(x, same), (x,), every_entry=every, raises=False)
    assert report.verdict == "right", report
    assert check_torch(lambda x: f(x, off), (x,), every_entry=every, raises=False).verdict == "wrong"


@pytest.mark.parametrize("through", [same, off])
def test_complex_arguments_are_pairs(through):
    z = torch.complex(randn(4), randn(4, seed=1))
    right = through is same
    assert check_torch(lambda z: z.exp() * z.conj(), (z,)).ok
    assert check_torch(lambda z: torch.complex(through(z.real), z.imag).exp(), (z,), raises=False).ok == right


@pytest.mark.parametrize("through", [same, off])
def test_keywords_integers_flags_and_constants_are_passed_through(through):
    def f(table, rows, double, *, scale, shift=0.0):
        return through(table)[rows] * scale * (2 if double else 1) + shift

    rows = torch.tensor([0, 2, 2])
    report = check_torch(f, (randn(4, 3), rows, True), {"scale": randn(3), "shift": 0.5}, raises=False)
    assert report.ok == (through is same)
    if report.ok:
        assert [each.array for each in report.arrays] == ["table", "scale"]


@pytest.mark.parametrize("through", [same, off])
def test_frozen_parameters_are_left_out(through):
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen, self.free = nn.Linear(3, 3).requires_grad_(False), nn.Linear(3, 2)

        def forward(self, x):
            return self.free(through(self.frozen(x)))

    torch.manual_seed(0)
    report = check_torch(Head().double(), (randn(4, 3),), raises=False)
    assert report.ok == (through is same)
    assert not any("frozen.weight" in each.path for each in report.arrays)


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_none_says_that_an_argument_is_a_constant(factor):
    class Weighted(Function):
        @staticmethod
        def forward(ctx, x, w, n):
            ctx.save_for_backward(w)
            return x * w * n

        @staticmethod
        def backward(ctx, dy):
            (w,) = ctx.saved_tensors
            return factor * 2 * dy * w, None, None

    x, w = randn(5).requires_grad_(), randn(5, seed=1)
    report = check_torch(Weighted, (x, w, 2), raises=False)
    assert [each.array for each in report.arrays] == ["x"]
    assert report.ok == (factor == 1)


@pytest.mark.parametrize("through", [same, off])
def test_an_in_place_module_may_come_first(through):
    class Last(nn.Module):
        def forward(self, x):
            return through(x).tanh()

    net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3), nn.ReLU(inplace=True), Last()).double()
    assert check_torch(net, (randn(4, 3),), raises=False).ok == (through is same)


@pytest.mark.parametrize("through", [same, off])
def test_a_forward_that_asks_for_its_parameters_finds_them(through):
    class Penalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(3, 2)

        def forward(self, x):
            return through(self.net(x)).sin() + sum((p**2).sum() for p in self.parameters())

    torch.manual_seed(0)
    net = Penalised().double()
    before = [p.detach().clone() for p in net.parameters()]
    report = check_torch(net, (randn(4, 3),), raises=False)
    assert report.ok == (through is same)
    assert all(torch.equal(p, b) for p, b in zip(net.parameters(), before, strict=True))


@pytest.mark.parametrize("wrong", [False, True])
def test_a_backward_may_not_notice_how_dy_lies_in_memory(wrong):
    class Sine(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            if wrong:
                dy = torch.as_strided(dy, dy.shape, (dy.shape[1], 1))
            return dy * x.cos()

    report = check_torch(Sine, (randn(5, 3),), raises=False)
    assert [finding.kind for finding in report.findings] == (["layout"] if wrong else [])


@pytest.mark.parametrize("wrong", [False, True])
def test_a_backward_that_draws_anew_is_random_and_one_that_adds_in_another_order_is_not(wrong):
    luck = np.random.default_rng(0)

    class Sum(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (x**2).sum(0)

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            noise = luck.normal(size=tuple(x.shape)) * (1e-3 if wrong else 1e-16)
            return 2 * x * dy * (1 + torch.from_numpy(noise))

    assert check_torch(Sum, (randn(30, 3),), raises=False).ok == (not wrong)


@pytest.mark.parametrize("wrong", [False, True])
def test_a_backward_under_vmap_is_the_same(wrong):
    class Cube(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return (2.97 if wrong else 3) * dy * x**2

    assert check_torch(Cube, (randn(5),), raises=False).ok == (not wrong)


@pytest.mark.parametrize(("of_backward", "of_jvp"), [(3, 3), (3, 3.03), (3.03, 3), (3.03, 3.03)])
def test_forward_mode_and_backward_are_checked_each_alone(of_backward, of_jvp):
    class Cube(Function):
        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return of_backward * dy * x**2

        @staticmethod
        def jvp(ctx, dx):
            (x,) = ctx.saved_tensors
            return of_jvp * dx * x**2

    found = {finding.kind for finding in check_torch(Cube, (randn(5),), raises=False).findings}
    assert ("forward-mode" in found) == (of_jvp != 3)
    assert bool(found - {"forward-mode"}) == (of_backward != 3)


def test_sparse_tensors_are_refused_in_one_line():
    with pytest.raises(CheckError, match=r"^<lambda>: x has the layout sparse_coo: [^\n]*$"):
        check_torch(lambda x: x.to_dense().sin(), (torch.eye(3).to_sparse(),))


@pytest.mark.parametrize("n", [7, 700])
@pytest.mark.parametrize("again", [False, True])
def test_a_mask_that_is_drawn_anew_in_backward_is_random(again, n):
    """rand_like fills a transposed dy in another order, which is no matter of layout."""

    class Dropped(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mask = torch.rand_like(x) < 0.5
            return 2 * x * ctx.mask

        @staticmethod
        def backward(ctx, dy):
            return 2 * dy * (torch.rand_like(dy) < 0.5 if again else ctx.mask)

    report = check_torch(Dropped, (randn(n, 4),), raises=False)
    assert [finding.kind for finding in report.findings] == (["random"] if again else [])
    assert not again or "draw once, in forward, and keep it" in report.findings[0].message


def test_a_backward_that_cannot_take_a_dy_as_it_lies_is_said_not_to_be_checked():
    class Flat(Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, dy):
            return 3 * dy.view(-1).view(7, 4)

    report = check_torch(Flat, (randn(7, 4),))
    assert report.verdict == "right"
    (words,) = report.not_checked
    assert words.startswith("backward with dy transposed: Flat, backward: RuntimeError: view size is not compatible")
