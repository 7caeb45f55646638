"""torch: Functions with chance in them, a path dropped and a choice drawn, and a turn of channels with its volume."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "droppath-all-examples",
        "the branch of some examples is dropped, and backward lets all through",
        "dbranch = dy * kept[:, None] / keep",
        "dbranch = dy / keep",
        same("x w", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "droppath-not-scaled",
        "what is kept is divided by the chance to be kept, in forward alone",
        "dbranch = dy * kept[:, None] / keep",
        "dbranch = dy * kept[:, None]",
        {"x": "term-factor", "w": "factor"},
    ),
)
def drop_path(rng):
    kept, keep = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0], dtype=torch.float64), 0.6

    class DropPath(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            branch = torch.tanh(x @ w)
            ctx.save_for_backward(x, w, branch)
            return x + kept[:, None] * branch / keep

        @staticmethod
        def backward(ctx, dy):
            x, w, branch = ctx.saved_tensors
            dbranch = dy * kept[:, None] / keep
            dz = dbranch * (1 - branch**2)
            return dy + dz @ w.T, x.T @ dz

    return torch_call(DropPath, DropPath.forward, rng.normal(size=(5, 3)), rng.normal(size=(3, 3)))


@broken(
    Mistake(
        "gumbel-noise-drawn-again",
        "backward makes its softmax with noise of its own",
        "y = torch.softmax((logits + noise) / heat, dim=1)  # again",
        "y = torch.softmax((logits - torch.log(-torch.log(torch.rand_like(logits)))) / heat, dim=1)",
        same("logits heat", "random"),
    ),
    Mistake(
        "gumbel-without-noise",
        "backward makes its softmax of the logits alone",
        "y = torch.softmax((logits + noise) / heat, dim=1)  # again",
        "y = torch.softmax(logits / heat, dim=1)",
        same("logits heat", "wrong-argument"),
    ),
    Mistake(
        "gumbel-heat-of-the-logits",
        "the temperature divides logits and noise, and its gradient knows of the logits",
        "dheat = -(dz * (logits + noise)).sum() / heat**2",
        "dheat = -(dz * logits).sum() / heat**2",
        {"heat": "term-missing wrong-argument"},
    ),
)
def gumbel_softmax(rng):
    noise = torch.from_numpy(rng.gumbel(size=(4, 5)))

    class Gumbel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, logits, heat):
            ctx.save_for_backward(logits, heat)
            return torch.softmax((logits + noise) / heat, dim=1)

        @staticmethod
        def backward(ctx, dy):
            logits, heat = ctx.saved_tensors
            y = torch.softmax((logits + noise) / heat, dim=1)  # again
            dz = y * (dy - (dy * y).sum(dim=1, keepdim=True))
            dheat = -(dz * (logits + noise)).sum() / heat**2
            return dz / heat, dheat

    return torch_call(Gumbel, Gumbel.forward, rng.normal(size=(4, 5)), torch.tensor(0.7, dtype=torch.float64))


@broken(
    Mistake(
        "invertible-volume-of-one-pixel",
        "the volume counts once for each pixel, and its gradient once",
        "dw = dw + dvolume * x.shape[1] * torch.linalg.inv(w).T",
        "dw = dw + dvolume * torch.linalg.inv(w).T",
        {"w": "term-factor"},
    ),
    Mistake(
        "invertible-volume-forgotten",
        "the second output is given no way back",
        "dw = dw + dvolume * x.shape[1] * torch.linalg.inv(w).T",
        "pass",
        {"w": "part-of-dy term-missing missing"},
    ),
)
def invertible_turn(rng):
    class Turn(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return torch.einsum("npc,cd->npd", x, w), x.shape[1] * torch.linalg.slogdet(w)[1]

        @staticmethod
        def backward(ctx, dy, dvolume):
            x, w = ctx.saved_tensors
            dw = torch.einsum("npc,npd->cd", x, dy)
            dw = dw + dvolume * x.shape[1] * torch.linalg.inv(w).T
            return torch.einsum("npd,cd->npc", dy, w), dw

    return torch_call(Turn, Turn.forward, rng.normal(size=(2, 5, 3)), rng.normal(size=(3, 3)))
