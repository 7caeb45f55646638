"""torch: what is added to a large model: an adapter of low rank, a turn of some features, a shuffle, an exponential."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "lora-strength-of-one-factor",
        "both factors of the adapter stand behind its strength, and only the second gets it back",
        "da = strength * kept.T @ (dy @ b.T)",
        "da = kept.T @ (dy @ b.T)",
        {"a": "factor"},
    ),
    Mistake(
        "lora-input-of-the-adapter",
        "x goes through the frozen matrix and through the adapter, and comes back through the matrix alone",
        "dx = dx + strength * mask * (dy @ b.T @ a.T)",
        "pass",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "lora-dropped-features",
        "the adapter drops some of its inputs, and its first factor gets a gradient from all of them",
        "kept = mask * x",
        "kept = x",
        same("a b", "mask-forgotten wrong-mask wrong-argument input-for-output"),
    ),
)
def low_rank_adapter(rng):
    strength = 0.6
    mask = torch.from_numpy(1.0 * (rng.uniform(size=(6, 4)) < 0.5))

    class Adapter(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w, a, b):
            ctx.save_for_backward(x, w, a, b)
            return x @ w + strength * (mask * x) @ a @ b

        @staticmethod
        def backward(ctx, dy):
            x, w, a, b = ctx.saved_tensors
            kept = mask * x
            da = strength * kept.T @ (dy @ b.T)
            db = strength * (kept @ a).T @ dy
            dx = dy @ w.T
            dx = dx + strength * mask * (dy @ b.T @ a.T)
            return dx, x.T @ dy, da, db

    shapes = (6, 4), (4, 5), (4, 2), (2, 5)
    return torch_call(Adapter, Adapter.forward, *(rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "partial-rotary-turned-on",
        "the gradient is turned by the same angles in the same direction as the features, in place of back",
        "dturned = dy[..., :turned] * cos - other_half(dy[..., :turned] * sin)",
        "dturned = dy[..., :turned] * cos + other_half(dy[..., :turned] * sin)",
        {"x": "jacobian-not-transposed term-factor"},
    ),
    Mistake(
        "partial-rotary-rest-left-out",
        "the features behind the turned ones pass as they are, and get no gradient",
        "drest = dy[..., turned:] * gain",
        "drest = torch.zeros_like(dy[..., turned:])",
        {"x": "missing part-of-dy term-missing"},
    ),
)
def partial_rotary(rng):
    turned, steps = 4, 5
    angles = torch.arange(steps, dtype=torch.float64)[:, None] * torch.tensor([1.0, 0.2, 1.0, 0.2])
    cos, sin = angles.cos(), angles.sin()

    def other_half(x):
        return torch.cat([-x[..., turned // 2 :], x[..., : turned // 2]], dim=-1)

    class Rotary(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, gain):
            ctx.save_for_backward(x, gain)
            first, rest = x[..., :turned], x[..., turned:]
            return torch.cat([first * cos + other_half(first) * sin, rest * gain], dim=-1)

        @staticmethod
        def backward(ctx, dy):
            x, gain = ctx.saved_tensors
            dturned = dy[..., :turned] * cos - other_half(dy[..., :turned] * sin)
            drest = dy[..., turned:] * gain
            dgain = (dy[..., turned:] * x[..., turned:]).sum(dim=(0, 1))
            return torch.cat([dturned, drest], dim=-1), dgain

    return torch_call(Rotary, Rotary.forward, rng.normal(size=(2, steps, 7)), rng.normal(size=3))


@broken(
    Mistake(
        "pixel-shuffle-rows-for-columns",
        "a channel becomes a row and a column within a block, and on the way back the two are exchanged",
        "du = dz.reshape(n, out, high, 2, wide, 2).permute(0, 1, 3, 5, 2, 4)",
        "du = dz.reshape(n, out, high, 2, wide, 2).permute(0, 1, 5, 3, 2, 4)",
        same("x w", "reordered transposed"),
    ),
    Mistake(
        "pixel-shuffle-bias-per-picture",
        "each channel has one bias for all places, and its gradient is the mean over the pictures",
        "dbias = dz.sum(dim=(0, 2, 3))",
        "dbias = dz.sum(dim=(2, 3)).mean(dim=0)",
        {"bias": "factor"},
    ),
)
def pixel_shuffle(rng):
    n, out, high, wide = 2, 2, 3, 2

    class Shuffle(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w, bias):
            u = torch.einsum("nchw,co->nohw", x, w).reshape(n, out, 2, 2, high, wide)
            z = u.permute(0, 1, 4, 2, 5, 3).reshape(n, out, 2 * high, 2 * wide) + bias[:, None, None]
            ctx.save_for_backward(x, w, z)
            return torch.nn.functional.silu(z)

        @staticmethod
        def backward(ctx, dy):
            x, w, z = ctx.saved_tensors
            gate = torch.sigmoid(z)
            dz = dy * gate * (1 + z * (1 - gate))
            dbias = dz.sum(dim=(0, 2, 3))
            du = dz.reshape(n, out, high, 2, wide, 2).permute(0, 1, 3, 5, 2, 4)
            du = du.reshape(n, 4 * out, high, wide)
            dx = torch.einsum("nohw,co->nchw", du, w)
            return dx, torch.einsum("nchw,nohw->co", x, du), dbias

    inputs = rng.normal(size=(n, 3, high, wide)), rng.normal(size=(3, 4 * out)), rng.normal(size=out)
    return torch_call(Shuffle, Shuffle.forward, *inputs)


@broken(
    Mistake(
        "exponential-squared-once",
        "a matrix is squared, the product of two that are the same, and only the left one comes back",
        "dpower = dpower @ power.T + power.T @ dpower",
        "dpower = dpower @ power.T",
        {"a": "term-missing missing"},
    ),
    Mistake(
        "exponential-squares-untransposed",
        "what comes back through a square is multiplied by the matrix as it is",
        "dpower = dpower @ power.T + power.T @ dpower",
        "dpower = dpower @ power + power @ dpower",
        {"a": "jacobian-not-transposed"},
    ),
    Mistake(
        "exponential-scaled-back",
        "the matrix is made small before the series and the gradient is not",
        "da = dsmall / 2**squarings",
        "da = dsmall",
        {"a": "factor"},
    ),
)
def matrix_exponential(rng):
    squarings, terms = 3, 5

    class Exponential(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, v):
            small = a / 2**squarings
            series = power = torch.eye(len(a), dtype=a.dtype)
            for k in range(1, terms + 1):
                power = power @ small / k
                series = series + power
            powers = [series]
            for _ in range(squarings):
                powers.append(powers[-1] @ powers[-1])
            ctx.save_for_backward(small, v, *powers)
            return v @ powers[-1]

        @staticmethod
        def backward(ctx, dy):
            small, v, *powers = ctx.saved_tensors
            dv, dpower = dy @ powers[-1].T, v.T @ dy
            for power in reversed(powers[:-1]):
                dpower = dpower @ power.T + power.T @ dpower
            # Horner: I + S (I + S/2 (I + S/3 (...)))
            sums = [torch.eye(len(small), dtype=small.dtype)]
            for k in range(terms, 0, -1):
                sums.append(sums[0] + small @ sums[-1] / k)
            dsmall = torch.zeros_like(small)
            for k in range(1, terms + 1):
                dsmall = dsmall + dpower @ sums[terms - k].T / k
                dpower = small.T @ dpower / k
            da = dsmall / 2**squarings
            return da, dv

    return torch_call(Exponential, Exponential.forward, rng.normal(size=(3, 3)), rng.normal(size=(4, 3)))
