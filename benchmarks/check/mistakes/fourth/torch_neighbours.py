"""torch: a cost that draws examples of one class together, and a convolution that makes a signal longer."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "same-class-one-end",
        "each example stands in the products as a row and as a column, and gets its gradient from the rows",
        "dz = heat.exp() * (dscores + dscores.T) @ z",
        "dz = heat.exp() * dscores @ z",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "same-class-not-averaged",
        "each example has the mean over those of its class, and their sum is pulled together",
        "dscores = dy * (shares - alike / alike.sum(dim=1, keepdim=True)) / len(x)",
        "dscores = dy * (shares - alike) / len(x)",
        same("x heat", "term-factor"),
    ),
    Mistake(
        "same-class-with-itself",
        "an example is no neighbour of its own, and in the softmax of backward it is",
        "shares = scores.masked_fill(torch.eye(len(x), dtype=torch.bool), -torch.inf).softmax(dim=1)",
        "shares = scores.softmax(dim=1)",
        same("x heat", "mask-forgotten wrong-mask wrong-axis wrong-argument"),
    ),
    Mistake(
        "same-class-length-constant",
        "features are divided by their length, and the length is taken for a constant",
        "dx = (dz - z * (dz * z).sum(dim=1, keepdim=True)) / length",
        "dx = dz / length",
        {"x": "statistics-constant term-missing missing diagonal-jacobian"},
    ),
)
def same_class_cost(rng):
    labels = torch.tensor([0, 1, 0, 2, 1, 2, 0, 0])
    alike = ((labels[:, None] == labels) & ~torch.eye(8, dtype=torch.bool)).double()

    class SameClass(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, heat):
            length = x.norm(dim=1, keepdim=True)
            z = x / length
            scores = heat.exp() * z @ z.T
            ctx.save_for_backward(x, heat, length, z, scores)
            logs = scores.masked_fill(torch.eye(len(x), dtype=torch.bool), -torch.inf).log_softmax(dim=1)
            logs = torch.where(alike > 0, logs, 0)
            return -(logs.sum(dim=1) / alike.sum(dim=1)).mean()

        @staticmethod
        def backward(ctx, dy):
            x, heat, length, z, scores = ctx.saved_tensors
            shares = scores.masked_fill(torch.eye(len(x), dtype=torch.bool), -torch.inf).softmax(dim=1)
            dscores = dy * (shares - alike / alike.sum(dim=1, keepdim=True)) / len(x)
            dz = heat.exp() * (dscores + dscores.T) @ z
            dx = (dz - z * (dz * z).sum(dim=1, keepdim=True)) / length
            return dx, (dscores * scores).sum().reshape(heat.shape)

    return torch_call(SameClass, SameClass.forward, rng.normal(size=(8, 3)), rng.uniform(0.2, 1, size=1))


@broken(
    Mistake(
        "longer-signal-last-tap",
        "each number goes out through all taps, and comes back through the last",
        'dx = dx + torch.einsum("nol,io->nil", piece, w[:, :, k])',
        'dx = torch.einsum("nol,io->nil", piece, w[:, :, k])',
        {"x": "overwritten missing term-missing not-summed"},
    ),
    Mistake(
        "longer-signal-cut-at-one-end",
        "one number was cut off at each end, and two zeros are put back at the left one",
        "dfull = torch.nn.functional.pad(dpassed, (1, 1))",
        "dfull = torch.nn.functional.pad(dpassed, (2, 0))",
        same("x w", "reordered"),
    ),
    Mistake(
        "longer-signal-leak-of-all",
        "one slope for what is below 0 is learned, and what is above adds to its gradient",
        "dleak = (dy * passed * (passed < 0)).sum().reshape(1)",
        "dleak = (dy * passed).sum().reshape(1)",
        {"leak": "mask-forgotten wrong-mask"},
    ),
    Mistake(
        "longer-signal-bias-of-dy",
        "the bias stands before the activation, and gets the sum of what comes to the activation",
        "dbias = dpassed.sum(dim=(0, 2))",
        "dbias = dy.sum(dim=(0, 2))",
        {"bias": "derivative-forgotten term-factor"},
    ),
)
def longer_signal(rng):
    class Longer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w, bias, leak):
            n = 2 * x.shape[2] - 1
            full = torch.zeros(len(x), w.shape[1], n + w.shape[2] - 1, dtype=x.dtype)
            for k in range(w.shape[2]):
                full[:, :, k : k + n : 2] += torch.einsum("nil,io->nol", x, w[:, :, k])
            passed = full[:, :, 1:-1] + bias[:, None]
            ctx.save_for_backward(x, w, leak, passed)
            return torch.where(passed > 0, passed, leak * passed)

        @staticmethod
        def backward(ctx, dy):
            x, w, leak, passed = ctx.saved_tensors
            dleak = (dy * passed * (passed < 0)).sum().reshape(1)
            dpassed = dy * torch.where(passed > 0, 1, leak)
            dbias = dpassed.sum(dim=(0, 2))
            dfull = torch.nn.functional.pad(dpassed, (1, 1))
            n = 2 * x.shape[2] - 1
            dx, dw = torch.zeros_like(x), torch.zeros_like(w)
            for k in range(w.shape[2]):
                piece = dfull[:, :, k : k + n : 2]
                dx = dx + torch.einsum("nol,io->nil", piece, w[:, :, k])
                dw[:, :, k] = torch.einsum("nil,nol->io", x, piece)
            return dx, dw, dbias, dleak

    x, w, bias = rng.normal(size=(3, 2, 5)), rng.normal(size=(2, 4, 3)), rng.normal(size=4)
    return torch_call(Longer, Longer.forward, x, w, bias, rng.uniform(0.1, 0.4, size=1))
