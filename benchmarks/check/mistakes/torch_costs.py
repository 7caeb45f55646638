"""torch: Functions that are costs, and modules that hold a Function."""

import numpy as np
import torch
from torch import nn

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "focal-dy-forgotten",
        "a cost that is the last of all needs no dy, its author thought",
        "return dy * dlogits, None",
        "return dlogits, None",
        {"logits": "dy-ignored"},
    ),
    Mistake(
        "focal-alpha-of-negatives",
        "examples of class 0 are weighted by alpha as well, and not by 1 - alpha",
        "weight = torch.where(t > 0, 0.25, 0.75)",
        "weight = 0.25",
        {"logits": "term-factor factor"},
    ),
)
def focal_cost(rng):
    class Focal(torch.autograd.Function):
        @staticmethod
        def forward(ctx, logits, t):
            p = torch.sigmoid(logits)
            ctx.save_for_backward(p, t)
            positive = -0.25 * t * (1 - p) ** 2 * torch.log(p)
            negative = -0.75 * (1 - t) * p**2 * torch.log(1 - p)
            return (positive + negative).sum()

        @staticmethod
        def backward(ctx, dy):
            p, t = ctx.saved_tensors
            weight = torch.where(t > 0, 0.25, 0.75)
            pt = torch.where(t > 0, p, 1 - p)
            dlogits = weight * (1 - pt) ** 2 * (2 * pt * torch.log(pt) - (1 - pt)) * torch.where(t > 0, 1.0, -1.0)
            return dy * dlogits, None

    return torch_call(Focal, Focal.forward, rng.normal(size=11), (np.arange(11) % 3 == 0).astype(int))


@broken(
    Mistake(
        "triplet-negative-sign",
        "the negative is pulled in as the positive is",
        "dnegative = dy * active * 2 * (anchor - negative)",
        "dnegative = -dy * active * 2 * (anchor - negative)",
        {"negative": "sign"},
    ),
    Mistake(
        "triplet-anchor-half",
        "the anchor is moved by its distance to the positive alone",
        "danchor = dy * active * 2 * (negative - positive)",
        "danchor = dy * active * 2 * (anchor - positive)",
        {"anchor": "term-missing"},
    ),
    Mistake(
        "triplet-all-active",
        "triplets that are far enough apart have a gradient too",
        "active = (near - far + 0.5 > 0).to(anchor.dtype)[:, None]",
        "active = torch.ones_like(near)[:, None]",
        same("anchor positive negative", "mask-forgotten"),
    ),
)
def triplet_cost(rng):
    class Triplet(torch.autograd.Function):
        @staticmethod
        def forward(ctx, anchor, positive, negative):
            ctx.save_for_backward(anchor, positive, negative)
            near = ((anchor - positive) ** 2).sum(dim=1)
            far = ((anchor - negative) ** 2).sum(dim=1)
            return torch.clamp(near - far + 0.5, min=0).sum()

        @staticmethod
        def backward(ctx, dy):
            anchor, positive, negative = ctx.saved_tensors
            near = ((anchor - positive) ** 2).sum(dim=1)
            far = ((anchor - negative) ** 2).sum(dim=1)
            active = (near - far + 0.5 > 0).to(anchor.dtype)[:, None]
            danchor = dy * active * 2 * (negative - positive)
            dpositive = dy * active * 2 * (positive - anchor)
            dnegative = dy * active * 2 * (anchor - negative)
            return danchor, dpositive, dnegative

    return torch_call(Triplet, Triplet.forward, *rng.normal(size=(3, 7, 3)))


@broken(
    Mistake(
        "rmsnorm-in-a-block",
        "the root of the mean square is taken for a constant, in the norm of a block of modules",
        "dx = (d - xhat * (d * xhat).mean(dim=-1, keepdim=True)) / rms",
        "dx = d / rms",
        {"x": "term-missing statistics-constant"},
    ),
    Mistake(
        "rmsnorm-weight-over-time",
        "the weight's gradient is summed over the batch, and of the time only the last step is taken",
        "return dx, (dy * xhat).sum(dim=(0, 1))",
        "return dx, (dy * xhat).sum(dim=0)[-1]",
        {"weight": "part-of-dy not-summed missing"},
    ),
)
def norm_in_a_block(rng):
    class RmsNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight):
            rms = torch.sqrt((x**2).mean(dim=-1, keepdim=True) + 1e-6)
            ctx.save_for_backward(x / rms, rms, weight)
            return weight * x / rms

        @staticmethod
        def backward(ctx, dy):
            xhat, rms, weight = ctx.saved_tensors
            d = dy * weight
            dx = (d - xhat * (d * xhat).mean(dim=-1, keepdim=True)) / rms
            return dx, (dy * xhat).sum(dim=(0, 1))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.from_numpy(rng.uniform(0.5, 2, 5)))
            self.up, self.down = nn.Linear(5, 7), nn.Linear(7, 5)

        def forward(self, x):
            h = RmsNorm.apply(x, self.weight)
            h = torch.tanh(self.up(h))
            return x + self.down(h)

    torch.manual_seed(0)
    return torch_call(Block().double(), (Block.forward, RmsNorm.forward), rng.normal(size=(2, 3, 5)))


@broken(
    Mistake(
        "detached-query",
        "the query is detached, as it was when the keys alone were trained",
        "q = self.q(x)",
        "q = self.q(x).detach()",
        {"x": "wiring term-missing", "q.weight": "wiring zero term-missing", "q.bias": "wiring zero term-missing"},
    ),
)
def attention_module(rng):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = nn.Linear(5, 3), nn.Linear(5, 3), nn.Linear(5, 3)

        def forward(self, x):
            q = self.q(x)
            scores = q @ self.k(x).transpose(-1, -2) / 3**0.5
            return torch.softmax(scores, dim=-1) @ self.v(x)

    torch.manual_seed(0)
    return torch_call(Attention().double(), Attention.forward, rng.normal(size=(2, 7, 5)))
