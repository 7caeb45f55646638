"""Models that differentiate inside, with a SiLU by hand: right where its second derivative is, and else its place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import Function, grad

from inkgrad.check import check_jax, check_torch


def slope(x):
    s = torch.sigmoid(x)
    return s * (1 + x * (1 - s))


class Slope(Function):
    """dy silu'(x), with a backward of its own: the second derivative of SiLU."""

    factor = 1.0

    @staticmethod
    def forward(ctx, dy, x):
        ctx.save_for_backward(dy, x)
        return dy * slope(x)

    @classmethod
    def backward(cls, ctx, d):
        dy, x = ctx.saved_tensors
        s = torch.sigmoid(x)
        return d * slope(x), cls.factor * d * dy * s * (1 - s) * (2 + x * (1 - 2 * s))


class WrongSlope(Slope):
    """Its own backward is off by a tenth."""

    factor = 0.9


class Silu(Function):
    """x sigmoid(x), whose backward PyTorch differentiates itself."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * slope(x)


class SiluByHand(Silu):
    @staticmethod
    def backward(ctx, dy):
        return Slope.apply(dy, *ctx.saved_tensors)


class SiluOffTwice(Silu):
    @staticmethod
    def backward(ctx, dy):
        return WrongSlope.apply(dy, *ctx.saved_tensors)


class SiluDetached(Silu):
    """Right once; by its own backward the slope does not depend on x."""

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * slope(x.detach())


RIGHT, WRONG = [Silu, SiluByHand], [SiluOffTwice, SiluDetached]


class Activation(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function.apply(x)


def network(function, n_in):
    """Return a network of two activations, of which the second may be wrong."""
    torch.manual_seed(0)
    layers = nn.Linear(n_in, 6), Activation(Silu), nn.Linear(6, 5), Activation(function), nn.Linear(5, 1)
    return nn.Sequential(*layers).double()


class Inside(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.value(x if x.requires_grad else x.detach().requires_grad_())


class GradientPenalty(Inside):
    """(|d critic / dx| - 1)², of Wasserstein GANs (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, eq. 3)."""

    def value(self, x):
        (g,) = grad(self.net(x).sum(), x, create_graph=True)
        return ((g.norm(dim=1) - 1) ** 2).mean()


class Residual(Inside):
    """u'' + u of a network u(x), as physics-informed networks have it."""

    def value(self, x):
        u = self.net(x)
        (first,) = grad(u.sum(), x, create_graph=True)
        (second,) = grad(first.sum(), x, create_graph=True)
        return second + u


class ScoreMatching(Inside):
    """|s|² / 2 + div s for the score s = -dE/dx.

    (Hyvärinen 2005, https://jmlr.org/papers/v6/hyvarinen05a.html, equation 4.)
    """

    def value(self, x):
        (s,) = grad(-self.net(x).sum(), x, create_graph=True)
        divergence = sum(grad(s[:, k].sum(), x, create_graph=True)[0][:, k] for k in range(x.shape[1]))
        return ((s**2).sum(1) / 2 + divergence).mean()


MODELS = {GradientPenalty: 3, Residual: 1, ScoreMatching: 2}


def checked(model, function, every, **settings):
    n_in = MODELS[model]
    x = torch.randn(4, n_in, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return check_torch(model(network(function, n_in)), (x,), every_entry=every, raises=False, **settings)


every_way = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])


@every_way
@pytest.mark.parametrize("function", RIGHT)
@pytest.mark.parametrize("model", MODELS)
def test_right_second_derivatives_raise_no_alarm(model, function, every):
    report = checked(model, function, every)
    assert report.verdict == "right", report


@every_way
@pytest.mark.parametrize("function", WRONG)
@pytest.mark.parametrize("model", MODELS)
def test_wrong_second_derivatives_are_found(model, function, every):
    assert checked(model, function, every).verdict == "wrong"


@pytest.mark.parametrize("model", MODELS)
def test_the_place_of_a_backward_that_hides_x_is_the_module_that_uses_it(model):
    places = {finding.layer for finding in checked(model, SiluDetached, False).findings}
    assert len(places) == 1
    assert places.pop().startswith("net.3")


@pytest.mark.parametrize("model", MODELS)
def test_the_place_of_a_wrong_second_derivative_is_the_function_that_has_it(model):
    findings = checked(model, SiluOffTwice, False).findings
    assert findings
    assert all(finding.layer.startswith("WrongSlope") and finding.array == "x" for finding in findings)
    assert {finding.kind for finding in findings} == {"factor"}


@pytest.mark.parametrize("function", RIGHT + WRONG)
def test_the_first_derivative_of_each_is_right_and_the_second_of_some(function):
    x = torch.randn(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert check_torch(function, (x,)).ok
    assert check_torch(function, (x,), order=2, raises=False).ok == (function in RIGHT)


@pytest.mark.parametrize("function", [Silu, SiluDetached])
def test_the_gradient_of_a_network_is_checked_and_opened(function):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    report = check_torch(network(function, 3), (x,), order=2, every_entry=False, raises=False)
    assert report.ok == (function is Silu)
    assert {finding.layer.split(".")[0] for finding in report.findings} == (
        {"3"} if function is SiluDetached else set()
    )


# JAX


def softplus(hides):
    """Return log(1 + exp x) with a rule of its own, right once, and twice too unless it hides x."""

    @jax.custom_vjp
    def rule(x):
        return jnp.logaddexp(x, 0.0)

    def bwd(x, dy):
        return (dy * jax.nn.sigmoid(jax.lax.stop_gradient(x) if hides else x),)

    rule.defvjp(lambda x: (rule(x), x), bwd)
    return rule


@pytest.mark.parametrize("hides", [False, True])
def test_a_residual_of_jax_is_right_unless_the_rule_inside_is_wrong_twice(hides):
    act, rng = softplus(hides), np.random.default_rng(0)

    def u(p, x):
        return jnp.dot(act(act(x * p["a"]) @ p["b"]), p["c"])

    def residual(p, x):
        return jax.vmap(lambda x: jax.grad(u, 1)(p, x) ** 2 + u(p, x))(x)

    p = {"a": rng.normal(size=4), "b": rng.normal(size=(4, 3)), "c": rng.normal(size=3)}
    assert check_jax(residual, (p, rng.normal(size=5)), raises=False).ok == (not hides)


@pytest.mark.parametrize("hides", [False, True])
def test_the_second_derivative_of_a_jax_rule_is_checked(hides):
    x = np.random.default_rng(0).normal(size=5)
    assert check_jax(softplus(hides), (x,)).ok
    report = check_jax(softplus(hides), (x,), order=2, raises=False)
    assert {finding.array for finding in report.findings} == ({"x"} if hides else set())


@pytest.mark.parametrize("function", [RIGHT[0], WRONG[0]])
def test_a_report_says_that_it_is_the_gradient_of_the_gradient(function):
    x = torch.from_numpy(np.random.default_rng(3).normal(size=(4, 3)))
    report = check_torch(function, (x,), order=2, raises=False)
    assert report.order == 2
    assert report.summary.startswith("the gradient of the gradient is ")
    assert report.table.head[0] == "gradient of the gradient by"
    assert all(each.message.startswith("in the gradient of the gradient: ") for each in report.findings)
    assert check_torch(torch.sin, (x,)).order == 1


def test_a_report_of_jax_says_so_too():
    report = check_jax(jnp.sin, (jnp.ones(3),), order=2)
    assert report.name == "sin"
    assert report.summary == "the gradient of the gradient is right"


@pytest.mark.parametrize("function", WRONG)
def test_a_gradient_that_is_right_once_is_said_to_be_so(function):
    x = torch.from_numpy(np.random.default_rng(3).normal(size=(4, 3)))
    (finding,) = check_torch(function, (x,), order=2, raises=False).findings
    assert (finding.kind, finding.array) == ("second-order", "x")
    assert "the gradient itself is right" in finding.message


def test_a_rule_of_jax_that_is_right_once_is_said_to_be_so():
    x = np.random.default_rng(0).normal(size=5)
    (finding,) = check_jax(softplus(True), (x,), order=2, raises=False).findings
    assert finding.kind == "second-order"
    assert set(finding.also) == {"zero"}
