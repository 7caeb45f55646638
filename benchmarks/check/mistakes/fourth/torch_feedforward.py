"""torch: the feed-forward half of a block, gated and clamped, with a look at the step before, in a long function."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "feedforward-gate-not-clamped",
        "the gate is clamped from above, and what was cut off gets a gradient all the same",
        "da = da * (raw < limit)",
        "da = da * 1.0",
        same("x norm shift mix gate", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "feedforward-steepness-of-the-slope",
        "the sigmoid has its input multiplied by a number, which its slope lacks",
        "slope = s + steep * a * s * (1 - s)",
        "slope = s + a * s * (1 - s)",
        same("x norm shift mix gate", "term-factor"),
    ),
    Mistake(
        "feedforward-one-added",
        "the gate multiplies the numbers plus 1, and backward takes the bare numbers",
        "da = dproduct * (b + 1) * slope",
        "da = dproduct * b * slope",
        same("x norm shift mix gate", "wrong-argument term-missing missing"),
    ),
    Mistake(
        "feedforward-step-before-for-after",
        "what comes from the step before goes back to it, and here it goes on to the step after",
        "dnormed = dmixed * (1 - mix) + torch.nn.functional.pad((dmixed * mix)[:, 1:], (0, 0, 0, 1))",
        "dnormed = dmixed * (1 - mix) + torch.nn.functional.pad((dmixed * mix)[:, :-1], (0, 0, 1, 0))",
        same("x norm shift", "reordered jacobian-not-transposed"),
    ),
    Mistake(
        "feedforward-scale-of-the-scaled",
        "the scale of the block gets its gradient from what is scaled already",
        "dscale = (dy * out).sum(dim=(0, 1))",
        "dscale = (dy * out * scale).sum(dim=(0, 1))",
        {"scale": "wrong-argument input-for-output factor-per-row factor-per-column"},
    ),
    Mistake(
        "feedforward-mix-of-one-end",
        "to mix is to take from one and give to the other, and only what is given counts",
        "dmix = (dmixed * (before - normed)).sum(dim=(0, 1))",
        "dmix = (dmixed * before).sum(dim=(0, 1))",
        {"mix": "term-missing missing wrong-argument"},
    ),
)
def clamped_feedforward(rng):
    steep, limit = 1.7, 1.0

    class FeedForward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, norm, shift, mix, gate, up, down, scale):
            # normalised first
            centre = x.mean(dim=-1, keepdim=True)
            centred = x - centre
            squares = centred * centred
            variance = squares.mean(dim=-1, keepdim=True)
            spread = variance + 1e-5
            spread = spread.sqrt()
            hat = centred / spread
            normed = hat * norm
            normed = normed + shift
            # a part of the step before
            before = torch.zeros_like(normed)
            before[:, 1:] = normed[:, :-1]
            given = before * mix
            rest = 1 - mix
            own = normed * rest
            mixed = own + given
            # the gate, and what it lets through
            raw = mixed @ gate
            a = raw.clamp(max=limit)
            e = -steep * a
            e = e.exp()
            s = 1 + e
            s = 1 / s
            opened = a * s
            wide = mixed @ up
            b = wide.clamp(-limit, limit)
            passed = b + 1
            product = opened * passed
            out = product @ down
            # and scaled before it is added
            scaled = out * scale
            y = x + scaled
            ctx.save_for_backward(x, norm, shift, mix, gate, up, down, scale)
            return y

        @staticmethod
        def backward(ctx, dy):
            x, norm, shift, mix, gate, up, down, scale = ctx.saved_tensors
            spread = (x.var(dim=-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
            hat = (x - x.mean(dim=-1, keepdim=True)) / spread
            normed = hat * norm + shift
            before = torch.nn.functional.pad(normed[:, :-1], (0, 0, 1, 0))
            mixed = normed * (1 - mix) + before * mix
            raw, wide = mixed @ gate, mixed @ up
            a, b = raw.clamp(max=limit), wide.clamp(-limit, limit)
            s = torch.sigmoid(steep * a)
            product = a * s * (b + 1)
            out = product @ down
            dscale = (dy * out).sum(dim=(0, 1))
            dout = dy * scale
            ddown = torch.einsum("nth,ntd->hd", product, dout)
            dproduct = dout @ down.T
            slope = s + steep * a * s * (1 - s)
            da = dproduct * (b + 1) * slope
            da = da * (raw < limit)
            db = dproduct * a * s * (wide.abs() < limit)
            dgate, dup = torch.einsum("ntd,nth->dh", mixed, da), torch.einsum("ntd,nth->dh", mixed, db)
            dmixed = da @ gate.T + db @ up.T
            dmix = (dmixed * (before - normed)).sum(dim=(0, 1))
            dnormed = dmixed * (1 - mix) + torch.nn.functional.pad((dmixed * mix)[:, 1:], (0, 0, 0, 1))
            dnorm, dshift = (dnormed * hat).sum(dim=(0, 1)), dnormed.sum(dim=(0, 1))
            dhat = dnormed * norm
            dhat = dhat - dhat.mean(dim=-1, keepdim=True) - hat * (dhat * hat).mean(dim=-1, keepdim=True)
            return dy + dhat / spread, dnorm, dshift, dmix, dgate, dup, ddown, dscale

    x, norm, shift = rng.normal(size=(2, 4, 5)), rng.uniform(0.5, 2, size=5), rng.normal(size=5)
    weights = (rng.normal(size=shape) / 1.5 for shape in ((5, 6), (5, 6), (6, 5)))
    scale = rng.uniform(0.3, 1.5, size=5)
    return torch_call(FeedForward, FeedForward.forward, x, norm, shift, rng.uniform(size=5), *weights, scale)
