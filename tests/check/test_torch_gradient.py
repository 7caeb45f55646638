"""Second derivatives: the gradient of a function is checked as a function itself."""

import numpy as np
import pytest
import torch
from support.torch_slopes import disagreement
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from inkgrad.check.pytorch import subject_of_torch
from inkgrad.errors import CheckError

X = torch.tensor([0.3, -1.2, 2.0, 0.7], dtype=torch.float64)


class Product(Function):
    """x e^x, whose e^x is kept in a way that torch does not know to depend on x."""

    @staticmethod
    def forward(ctx, x):
        ctx.e = x.exp()
        ctx.save_for_backward(x)
        return ctx.e * x

    @staticmethod
    def backward(ctx, dy):
        return dy * (ctx.e + ctx.e * ctx.saved_tensors[0])


class RightProduct(Product):
    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * (x.exp() + x.exp() * x)


class ByHand(Function):
    """tanh with a backward that is a Function of its own, whose own backward is off by a factor."""

    factor = 1.0

    @staticmethod
    def forward(ctx, x):
        y = x.tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        return ByHandBackward.apply(dy, *ctx.saved_tensors)


class ByHandBackward(Function):
    @staticmethod
    def forward(ctx, dy, y):
        ctx.save_for_backward(dy, y)
        return dy * (1 - y * y)

    @staticmethod
    def backward(ctx, ddx):
        dy, y = ctx.saved_tensors
        return ddx * (1 - y * y), -2 * ByHand.factor * dy * y * ddx


class AsModule(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_the_subject_of_the_gradient_takes_dy_too():
    subject = subject_of_torch(torch.sin, [X], order=2)
    assert list(subject.arrays) == ["x", "dy"]
    x, dy = subject.arrays.values()
    np.testing.assert_allclose(subject.forward(subject.copies()), dy * np.cos(x))
    found = subject.backward(subject.copies(), np.ones(4), 0.0)
    np.testing.assert_allclose(found["x"], -dy * np.sin(x))
    np.testing.assert_allclose(found["dy"], np.cos(x))


def test_a_double_backward_that_forgets_what_it_kept_disagrees():
    assert disagreement(subject_of_torch(Product, [X])) < 1e-7
    assert disagreement(subject_of_torch(Product, [X], order=2)) > 1e-3
    assert disagreement(subject_of_torch(RightProduct, [X], order=2)) < 1e-7
    wrong = subject_of_torch(Product, [X], order=2)
    assert disagreement(wrong, pull=wrong.reference) < 1e-7


def test_a_double_backward_by_hand_is_checked(monkeypatch):
    assert disagreement(subject_of_torch(ByHand, [X], order=2)) < 1e-7
    monkeypatch.setattr(ByHand, "factor", 1.1)
    assert disagreement(subject_of_torch(ByHand, [X])) < 1e-7
    assert disagreement(subject_of_torch(ByHand, [X], order=2)) > 1e-3


def test_a_gradient_that_is_detached_has_second_derivatives_of_zero():
    class Detached(RightProduct):
        @staticmethod
        def backward(ctx, dy):
            return RightProduct.backward(ctx, dy).detach()

    subject = subject_of_torch(Detached, [X], order=2)
    assert not any(each.any() for each in subject.backward(subject.copies(), np.ones(4), 0.0).values())
    assert disagreement(subject) > 1e-3


def test_a_backward_that_is_once_differentiable_says_so():
    class Once(RightProduct):
        backward = staticmethod(once_differentiable(RightProduct.backward))

    model = nn.Sequential(nn.Linear(4, 4), AsModule(Once.apply), nn.Tanh()).double()
    for function, x in ((Once, X), (model, X[None])):
        with pytest.raises(CheckError, match="backward that is once_differentiable: it has no second derivatives"):
            subject_of_torch(function, [x], order=2)
    with pytest.raises(CheckError, match="order must be 1"):
        subject_of_torch(Once, [X], order=3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 1)),
        lambda: nn.BatchNorm1d(4),
        lambda: nn.GRU(4, 3),
    ],
)
def test_modules_agree_in_their_second_derivatives(make, dtype):
    torch.manual_seed(0)
    module, x = make().to(dtype), torch.randn(6, 4, dtype=dtype)
    subject = subject_of_torch(module, [x], order=2)
    assert disagreement(subject) < (1e-6 if dtype == torch.float64 else 1e-4)
    assert all(each.grad is None for each in module.parameters())


def test_an_argument_that_is_called_dy_keeps_its_name():
    subject = subject_of_torch(lambda dy: dy.sin(), [X], order=2)
    assert list(subject.arrays) == ["dy", "dy of y"]


def test_the_parts_of_a_gradient_are_gradients_of_the_parts():
    model = nn.Sequential(nn.Linear(4, 4), AsModule(Product.apply), nn.Tanh()).double()
    parts = list(subject_of_torch(model, [X[None]], order=2).parts())
    assert [part.path for part in parts] == ["2", "1.Product", "1", "0"]
    assert [part.path for part in parts if disagreement(part.subject) > 1e-3] == ["1.Product", "1"]


class Penalty(nn.Module):
    """The gradient penalty of a WGAN: (|d critic / d x| - 1)², or the same with the graph forgotten."""

    def __init__(self, graph=True):
        super().__init__()
        self.critic, self.graph = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)), graph

    def forward(self, x):
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.critic(x).sum(), x, create_graph=self.graph)
        return (slope.norm(dim=1) - 1).square() + 0 * self.critic(x).sum()


def test_functions_that_differentiate_inside_are_checked_at_the_first_order():
    for graph in (True, False):
        torch.manual_seed(0)
        subject = subject_of_torch(Penalty(graph).double(), [torch.randn(3, 4, dtype=torch.float64)])
        assert (disagreement(subject) < 1e-7) == graph
