"""torch: Functions that are linear, a depthwise convolution and a product with a matrix."""

import torch

from mistakes.case import Mistake, broken, torch_call


@broken(
    Mistake(
        "depthwise-dilation",
        "the kernel's gradient steps by one, where the taps of forward lie two apart",
        "taps = [(dy * x[:, :, 2 * k : 2 * k + n]).sum(dim=(0, 2)) for k in range(3)]",
        "taps = [(dy * x[:, :, k : k + n]).sum(dim=(0, 2)) for k in range(3)]",
        {"w": "wrong-argument"},
    ),
    Mistake(
        "depthwise-last-tap",
        "dx holds what came from the last tap alone where taps overlap: = for +=",
        "dx[:, :, 2 * k : 2 * k + n] += dy * w[:, k, None]",
        "dx[:, :, 2 * k : 2 * k + n] = dy * w[:, k, None]",
        {"x": "overwritten"},
    ),
)
def dilated_depthwise(rng):
    class Depthwise(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            n = x.shape[2] - 4
            return sum(x[:, :, 2 * k : 2 * k + n] * w[:, k, None] for k in range(3))

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            n = dy.shape[2]
            dx = torch.zeros_like(x)
            for k in range(3):
                dx[:, :, 2 * k : 2 * k + n] += dy * w[:, k, None]
            taps = [(dy * x[:, :, 2 * k : 2 * k + n]).sum(dim=(0, 2)) for k in range(3)]
            return dx, torch.stack(taps, dim=1)

    return torch_call(Depthwise, Depthwise.forward, rng.normal(size=(2, 5, 11)), rng.normal(size=(5, 3)))


@broken(
    Mistake(
        "linear-weight-not-transposed",
        "dx = dy W, where y = x W; the matrix is square, so nothing complains",
        "return dy @ w.T, x.T @ dy",
        "return dy @ w, x.T @ dy",
        {"x": "jacobian-not-transposed"},
    ),
    Mistake(
        "linear-of-the-rounded-input",
        "to save memory x is kept as 8-bit integers of its own scale, and dw is taken of these",
        "ctx.save_for_backward(x, w)",
        "scale = x.abs().max() / 127\n            ctx.save_for_backward((x / scale).round() * scale, w)",
        {"w": "imprecise"},
    ),
)
def square_linear(rng):
    class SquareLinear(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x @ w

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            return dy @ w.T, x.T @ dy

    return torch_call(SquareLinear, SquareLinear.forward, rng.normal(size=(7, 5)), rng.normal(size=(5, 5)))
