"""torch: Functions whose backward is that of something near, and other oddities."""

import numpy as np
import torch

from mistakes.case import Mistake, broken, torch_call


@broken(
    Mistake(
        "gelu-erf-by-tanh",
        "forward has the error function, backward the slope of the tanh that comes near it",
        "slope = cdf + x * torch.exp(-0.5 * x**2) / (2 * np.pi) ** 0.5",
        "t = torch.tanh(0.79788456 * (x + 0.044715 * x**3))\n"
        "            slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * 0.79788456 * (1 + 0.134145 * x**2)",
        {"x": ""},
    ),
    Mistake(
        "gelu-density-unscaled",
        "the normal density has no 1 / √2π",
        "slope = cdf + x * torch.exp(-0.5 * x**2) / (2 * np.pi) ** 0.5",
        "slope = cdf + x * torch.exp(-0.5 * x**2)",
        {"x": "term-factor"},
    ),
)
def gelu_erf(rng):
    class Gelu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return 0.5 * x * (1 + torch.erf(x / 2**0.5))

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            cdf = 0.5 * (1 + torch.erf(x / 2**0.5))
            slope = cdf + x * torch.exp(-0.5 * x**2) / (2 * np.pi) ** 0.5
            return dy * slope

    return torch_call(Gelu, Gelu.forward, 1.5 * rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "temperature-of-the-mean",
        "each row has a temperature, and inside the softmax's sum backward takes their mean",
        "return dx, dtemperature",
        "return p * (dy / temperature[:, None] - along / temperature.mean()), dtemperature",
        {"x": ""},
    ),
    Mistake(
        "temperature-square",
        "x / T has the slope -x / T², of which one T is lost",
        "dtemperature = -(ds * x).sum(dim=1) / temperature**2",
        "dtemperature = -(ds * x).sum(dim=1) / temperature",
        {"temperature": "factor-per-row term-factor"},
    ),
    Mistake(
        "temperature-of-the-first-row",
        "ctx keeps one number of the temperatures, from when there was one for all rows",
        "dx = ds / temperature[:, None]",
        "dx = ds / temperature[0]",
        {"x": "factor-per-row wrong-argument"},
    ),
)
def softmax_with_temperatures(rng):
    class Softmax(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, temperature):
            p = torch.softmax(x / temperature[:, None], dim=1)
            ctx.save_for_backward(x, temperature, p)
            return p

        @staticmethod
        def backward(ctx, dy):
            x, temperature, p = ctx.saved_tensors
            along = (dy * p).sum(dim=1, keepdim=True)
            ds = p * (dy - along)
            dtemperature = -(ds * x).sum(dim=1) / temperature**2
            dx = ds / temperature[:, None]
            return dx, dtemperature

    return torch_call(Softmax, Softmax.forward, rng.normal(size=(7, 5)), rng.uniform(0.5, 2, 7))


@broken(
    Mistake(
        "pinball-smoothed",
        "the kink of the pinball cost is rounded in backward, by a sigmoid of the residual",
        "slope = torch.where(r > 0, levels, levels - 1)",
        "slope = levels - torch.sigmoid(-8 * r)",
        {"y": "", "t": ""},
    ),
    Mistake(
        "pinball-levels-mirrored",
        "the levels are exchanged with one minus the levels",
        "slope = torch.where(r > 0, levels, levels - 1)",
        "slope = torch.where(r > 0, 1 - levels, -levels)",
        {"y": "", "t": ""},
    ),
)
def pinball(rng):
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)

    class Pinball(torch.autograd.Function):
        @staticmethod
        def forward(ctx, y, t):
            r = t[:, None] - y
            ctx.save_for_backward(r)
            return torch.maximum(levels * r, (levels - 1) * r)

        @staticmethod
        def backward(ctx, dcost):
            (r,) = ctx.saved_tensors
            slope = torch.where(r > 0, levels, levels - 1)
            return -dcost * slope, (dcost * slope).sum(dim=1)

    return torch_call(Pinball, Pinball.forward, rng.normal(size=(7, 3)), rng.normal(size=7))


@broken(
    Mistake(
        "dot-product-of-batch-sums",
        "the scale of a batch's scores gets the product of sums, where a sum of products belongs",
        "dscale = (dy * (q * k).sum(dim=-1)).sum(dim=0)",
        "dscale = dy.sum(dim=0) * (q * k).sum(dim=-1).sum(dim=0)",
        {"scale": "summed-too-far wrong-axis"},
    ),
    Mistake(
        "dot-product-scale-of-keys",
        "dq has the scale, dk has not",
        "dk = dy[..., None] * scale[:, None] * q",
        "dk = dy[..., None] * q",
        {"k": "derivative-forgotten factor-per-column factor-per-row"},
    ),
)
def scaled_products(rng):
    class Products(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, scale):
            ctx.save_for_backward(q, k, scale)
            return (q * k).sum(dim=-1) * scale

        @staticmethod
        def backward(ctx, dy):
            q, k, scale = ctx.saved_tensors
            dq = dy[..., None] * scale[:, None] * k
            dk = dy[..., None] * scale[:, None] * q
            dscale = (dy * (q * k).sum(dim=-1)).sum(dim=0)
            return dq, dk, dscale

    return torch_call(Products, Products.forward, *rng.normal(size=(2, 5, 3, 2)), rng.uniform(0.5, 2, 3))
