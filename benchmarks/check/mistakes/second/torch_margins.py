"""torch: Functions of angles and lengths, a cost with a margin and capsules, and a norm of each picture's channels."""

import numpy as np
import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "arcface-margin-without-slope",
        "the margin moves the angle of the true class, and its cosine's slope is taken to be 1",
        "slope = np.cos(margin) + np.sin(margin) * true / torch.sqrt(1 - true**2)",
        "slope = torch.ones_like(true)",
        same("x w", "derivative-forgotten"),
    ),
    Mistake(
        "arcface-slope-at-the-moved-angle",
        "the slope is taken at the cosine after the margin",
        "true = cosines[rows, labels]",
        "true = torch.cos(torch.acos(cosines[rows, labels]) + margin)",
        same("x w", "wrong-argument derivative-at-output"),
    ),
    Mistake(
        "arcface-scale-once",
        "the cosines are scaled by 8 before the softmax, and the gradient is not",
        "dcosines = dcost * scale * (p - hot) / len(x)",
        "dcosines = dcost * (p - hot) / len(x)",
        same("x w", "factor"),
    ),
)
def arcface(rng):
    labels, rows = torch.tensor([1, 0, 3, 2, 1]), torch.arange(5)
    margin, scale = 0.4, 8.0

    class Arcface(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            cosines = (x / x.norm(dim=1, keepdim=True)) @ (w / w.norm(dim=1, keepdim=True)).T
            angles = torch.acos(cosines[rows, labels])
            moved = cosines.clone()
            moved[rows, labels] = torch.cos(angles + margin)
            logp = torch.log_softmax(scale * moved, dim=1)
            return -logp[rows, labels].mean()

        @staticmethod
        def backward(ctx, dcost):
            x, w = ctx.saved_tensors
            x_long, w_long = x.norm(dim=1, keepdim=True), w.norm(dim=1, keepdim=True)
            xn, wn = x / x_long, w / w_long
            cosines = xn @ wn.T
            moved = cosines.clone()
            moved[rows, labels] = torch.cos(torch.acos(moved[rows, labels]) + margin)
            p = torch.softmax(scale * moved, dim=1)
            hot = torch.nn.functional.one_hot(labels, w.shape[0])
            dcosines = dcost * scale * (p - hot) / len(x)
            true = cosines[rows, labels]
            slope = np.cos(margin) + np.sin(margin) * true / torch.sqrt(1 - true**2)
            dcosines[rows, labels] = dcosines[rows, labels] * slope
            dxn, dwn = dcosines @ wn, dcosines.T @ xn
            dx = (dxn - xn * (xn * dxn).sum(dim=1, keepdim=True)) / x_long
            dw = (dwn - wn * (wn * dwn).sum(dim=1, keepdim=True)) / w_long
            return dx, dw

    return torch_call(Arcface, Arcface.forward, rng.normal(size=(5, 3)), rng.normal(size=(4, 3)))


@broken(
    Mistake(
        "capsules-length-constant",
        "a capsule is shortened by a function of its length, which is taken for a constant",
        "ds = ds + s * (dy * s).sum(dim=2, keepdim=True) * bend",
        "pass",
        same("x w", "term-missing"),
    ),
    Mistake(
        "capsules-length-of-all",
        "each capsule has a length of its own, and the slope is summed over the capsules too",
        "ds = ds + s * (dy * s).sum(dim=2, keepdim=True) * bend",
        "ds = ds + s * (dy * s).sum(dim=(1, 2), keepdim=True) * bend",
        same("x w", "wrong-axis"),
    ),
    Mistake(
        "capsules-number-by-number",
        "each number of a capsule gets its own part of the length's slope alone",
        "ds = ds + s * (dy * s).sum(dim=2, keepdim=True) * bend",
        "ds = ds + s * (dy * s) * bend",
        same("x w", "diagonal-jacobian not-summed"),
    ),
)
def capsules(rng):
    class Capsules(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            s = torch.einsum("nif,iofd->nod", x, w) / x.shape[1]
            r2 = (s**2).sum(dim=2, keepdim=True)
            return s * torch.sqrt(r2) / (1 + r2)

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            s = torch.einsum("nif,iofd->nod", x, w) / x.shape[1]
            r2 = (s**2).sum(dim=2, keepdim=True)
            r = torch.sqrt(r2)
            ds = dy * r / (1 + r2)
            bend = (1 - r2) / (r * (1 + r2) ** 2)
            ds = ds + s * (dy * s).sum(dim=2, keepdim=True) * bend
            ds = ds / x.shape[1]
            return torch.einsum("nod,iofd->nif", ds, w), torch.einsum("nif,nod->iofd", x, ds)

    return torch_call(Capsules, Capsules.forward, rng.normal(size=(3, 4, 2)), rng.normal(size=(4, 3, 2, 3)))


@broken(
    Mistake(
        "instancenorm-over-the-batch",
        "the means are those of a batch norm, over pictures too",
        "axes = 2, 3  # of backward",
        "axes = 0, 2, 3",
        {"x": "wrong-axis"},
    ),
    Mistake(
        "instancenorm-gain-after-all",
        "the gain of a channel has no part in the gradient of x",
        "dxhat = dy * gain[:, None, None]",
        "dxhat = dy",
        {"x": "factor-per-column factor-per-row derivative-forgotten"},
    ),
    Mistake(
        "instancenorm-gain-of-x",
        "the gain's gradient is made of x as it came, and not of x made even",
        "dgain = (dy * xhat).sum(dim=(0, 2, 3))",
        "dgain = (dy * x).sum(dim=(0, 2, 3))",
        {"gain": "wrong-argument input-for-output"},
    ),
)
def instance_norm(rng):
    class InstanceNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, gain, shift):
            ctx.save_for_backward(x, gain)
            centred = x - x.mean(dim=(2, 3), keepdim=True)
            xhat = centred / torch.sqrt((centred**2).mean(dim=(2, 3), keepdim=True) + 1e-3)
            return gain[:, None, None] * xhat + shift[:, None, None]

        @staticmethod
        def backward(ctx, dy):
            x, gain = ctx.saved_tensors
            axes = 2, 3  # of backward
            centred = x - x.mean(dim=(2, 3), keepdim=True)
            root = torch.sqrt((centred**2).mean(dim=(2, 3), keepdim=True) + 1e-3)
            xhat = centred / root
            dgain = (dy * xhat).sum(dim=(0, 2, 3))
            dxhat = dy * gain[:, None, None]
            along = (dxhat * xhat).mean(dim=axes, keepdim=True)
            dx = (dxhat - dxhat.mean(dim=axes, keepdim=True) - xhat * along) / root
            return dx, dgain, dy.sum(dim=(0, 2, 3))

    x = rng.normal(size=(2, 3, 3, 4)) + np.arange(3)[:, None, None]
    return torch_call(InstanceNorm, InstanceNorm.forward, x, rng.uniform(0.5, 2, 3), rng.normal(size=3))
