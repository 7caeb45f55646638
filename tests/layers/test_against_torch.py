"""The same numbers as PyTorch, where it is installed: an independent hand wrote those."""

import numpy as np
import pytest
import torch
from support import name_of
from support.catalogue import CONVOLUTIONS, NORMS, POOLS, batch, outputs_and_targets

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Conv2D,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam, Cosine, OneCycle, StepDecay

functional = torch.nn.functional


@pytest.mark.parametrize(
    ("activation", "theirs"),
    [
        (ReLU(), functional.relu),
        (LeakyReLU(0.1), lambda x: functional.leaky_relu(x, 0.1)),
        (ELU(0.7), lambda x: functional.elu(x, 0.7)),
        (GELU(), lambda x: functional.gelu(x, approximate="tanh")),
        (SiLU(), functional.silu),
        (Softplus(), functional.softplus),
        (Sigmoid(), torch.sigmoid),
        (Tanh(), torch.tanh),
        (Softmax(), lambda x: torch.softmax(x, dim=-1)),
    ],
    ids=name_of,
)
def test_an_activation_and_its_gradient(activation, theirs):
    x = 3 * batch()
    y, cache = activation.forward(None, x)
    dy = batch(seed=2)
    tensor = torch.tensor(x, requires_grad=True)
    found = theirs(tensor)
    found.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, found.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(activation.backward(None, None, cache, dy), tensor.grad, rtol=1e-10, atol=1e-12)


def theirs_for_images(layer, x, p):
    """Return y of a layer for images by PyTorch, which puts channels first, in x as in W."""
    if isinstance(layer, LayerNorm):
        return functional.layer_norm(x, (layer.n,), p["gain"], p["bias"], layer.eps)
    x = x.permute(0, 3, 1, 2)
    if isinstance(layer, Conv2D):
        y = functional.conv2d(x, p["W"].permute(3, 2, 0, 1).contiguous(), p["b"], layer.stride, layer.margins)
    elif isinstance(layer, GroupNorm):
        y = functional.group_norm(x, layer.n_groups, p["gain"], p["bias"], layer.eps)
    else:
        pool = {MaxPool2D: functional.max_pool2d, AveragePool2D: functional.avg_pool2d}[type(layer)]
        y = pool(x, layer.size)
    return y.permute(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("layer", "shape"), [*[(layer, (5, 6, 2)) for layer in (*CONVOLUTIONS, *POOLS)], *NORMS], ids=name_of
)
def test_a_layer_for_images_and_its_gradients(layer, shape):
    x, layout, rng = batch(shape), Layout(layer.shapes()), np.random.default_rng(3)
    theta, gradient = rng.normal(size=layout.size), np.full(layout.size, np.nan)
    y, cache = layer.forward(layout.views(theta), x)
    dy = rng.normal(size=y.shape)
    dx = layer.backward(layout.views(theta), layout.views(gradient), cache, dy)
    tensor = torch.tensor(x, requires_grad=True)
    p = {name: torch.tensor(part, requires_grad=True) for name, part in layout.parts(theta).items()}
    found = theirs_for_images(layer, tensor, p)
    found.backward(torch.tensor(dy))
    # float64 with sums of at most 210 products: only their order differs
    np.testing.assert_allclose(y, found.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dx, tensor.grad, rtol=1e-10, atol=1e-12)
    for name, part in layout.parts(gradient).items():
        np.testing.assert_allclose(part, p[name].grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("cost", "theirs"),
    [
        (SquaredError(), lambda y, t: 0.5 * functional.mse_loss(y, t, reduction="sum") / len(y)),
        (CrossEntropy(), lambda y, t: functional.binary_cross_entropy(y, t, reduction="sum") / len(y)),
        (SoftmaxCrossEntropy(), functional.cross_entropy),
    ],
    ids=name_of,
)
def test_a_cost_and_its_gradient(cost, theirs):
    y, t = outputs_and_targets()
    value, dy = cost.value_and_gradient(y, t)
    tensor = torch.tensor(y, requires_grad=True)
    found = theirs(tensor, torch.tensor(t))
    found.backward()
    assert value == pytest.approx(found.item(), rel=1e-12)
    np.testing.assert_allclose(dy, tensor.grad, rtol=1e-10)


def theta_after_steps(optimizer, n_steps=30):
    """Descend f(z) = sum z⁴ / 4."""
    theta = np.array([1.0, -2, 3])
    state = optimizer.init(theta)
    for _ in range(n_steps):
        optimizer.step(theta, theta**3, state)
    return theta


def their_theta_after_steps(make, make_schedule=None, n_steps=30):
    theta = torch.tensor([1.0, -2, 3], dtype=torch.float64, requires_grad=True)
    optimizer = make([theta])
    schedule = make_schedule and make_schedule(optimizer)
    for step in range(n_steps):
        optimizer.zero_grad()
        (theta**4 / 4).sum().backward()
        optimizer.step()
        if schedule and step + 1 < n_steps:
            schedule.step()
    return theta.detach().numpy()


schedulers = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.01), (lambda p: torch.optim.SGD(p, lr=0.01),)),
        (SGD(0.01, 0.9), (lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),)),
        (SGD(0.01, 0.9, 0.3), (lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.3),)),
        (Adam(0.1), (lambda p: torch.optim.Adam(p, lr=0.1),)),
        (Adam(0.1, weight_decay=0.3), (lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.3),)),
        (
            SGD(StepDecay(0.05, 7, 0.5), 0.9),
            (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), lambda o: schedulers.StepLR(o, 7, 0.5)),
        ),
        (
            Adam(Cosine(0.1, 30, 0.01)),
            (lambda p: torch.optim.Adam(p, lr=0.1), lambda o: schedulers.CosineAnnealingLR(o, 30, 0.01)),
        ),
        (
            Adam(OneCycle(0.1, 30)),
            (
                lambda p: torch.optim.Adam(p, lr=0.1),
                lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=30, cycle_momentum=False),
            ),
        ),
    ],
    ids=name_of,
)
def test_an_optimizer_and_its_schedule(ours, theirs):
    np.testing.assert_allclose(theta_after_steps(ours), their_theta_after_steps(*theirs), rtol=1e-9)
