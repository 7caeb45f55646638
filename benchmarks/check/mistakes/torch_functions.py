"""torch: Functions of a few lines."""

import numpy as np
import torch

from mistakes.case import Mistake, broken, torch_call


@broken(
    Mistake(
        "swiglu-slope-of-sigmoid",
        "the gate's slope is that of the sigmoid, and not of SiLU",
        "return dy * up * (s + gate * s * (1 - s)), dy * gate * s",
        "return dy * up * s * (1 - s), dy * gate * s",
        {"gate": "wrong-formula"},
    ),
    Mistake(
        "swiglu-slope-without-gate",
        "the slope of the sigmoid inside SiLU is forgotten",
        "return dy * up * (s + gate * s * (1 - s)), dy * gate * s",
        "return dy * up * s, dy * gate * s",
        {"gate": "term-missing"},
    ),
)
def swiglu(rng):
    class SwiGLU(torch.autograd.Function):
        @staticmethod
        def forward(ctx, gate, up):
            ctx.save_for_backward(gate, up)
            return gate * torch.sigmoid(gate) * up

        @staticmethod
        def backward(ctx, dy):
            gate, up = ctx.saved_tensors
            s = torch.sigmoid(gate)
            return dy * up * (s + gate * s * (1 - s)), dy * gate * s

    return torch_call(SwiGLU, SwiGLU.forward, rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "softmax-back-over-last",
        "forward's softmax runs over the second axis, the sum of backward over the last",
        "return y * (dy - (dy * y).sum(dim=1, keepdim=True))",
        "return y * (dy - (dy * y).sum(dim=-1, keepdim=True))",
        {"x": "wrong-axis"},
    ),
)
def softmax_over_channels(rng):
    class ChannelSoftmax(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.softmax(x, dim=1)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return y * (dy - (dy * y).sum(dim=1, keepdim=True))

    return torch_call(ChannelSoftmax, ChannelSoftmax.forward, rng.normal(size=(3, 5, 7)))


@broken(
    Mistake(
        "groupnorm-means-over-channels",
        "the means of backward go over the channels of a group, and not over its places too",
        "dims = (2, 3)",
        "dims = (2,)",
        {"x": "wrong-axis"},
    ),
    Mistake(
        "groupnorm-gain-of-all",
        "the gain's gradient is summed over the channels too, and spread over them",
        "dgain = (dy * xhat.view_as(x)).sum(dim=(0, 2))",
        "dgain = (dy * xhat.view_as(x)).sum().expand(len(gain))",
        {"gain": "summed-too-far"},
    ),
)
def group_norm(rng):
    class GroupNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, gain, groups):
            n, c, places = x.shape
            g = x.view(n, groups, c // groups, places)
            s = torch.sqrt(g.var(dim=(2, 3), keepdim=True, unbiased=False) + 1e-5)
            xhat = (g - g.mean(dim=(2, 3), keepdim=True)) / s
            ctx.save_for_backward(x, gain, xhat, s)
            return gain[:, None] * xhat.view_as(x)

        @staticmethod
        def backward(ctx, dy):
            x, gain, xhat, s = ctx.saved_tensors
            dgain = (dy * xhat.view_as(x)).sum(dim=(0, 2))
            d = (dy * gain[:, None]).view_as(xhat)
            dims = (2, 3)
            mean = d.mean(dim=dims, keepdim=True)
            along = (d * xhat).mean(dim=dims, keepdim=True)
            return ((d - mean - xhat * along) / s).view_as(x), dgain, None

    return torch_call(GroupNorm, GroupNorm.forward, rng.normal(size=(3, 4, 5)), rng.uniform(0.5, 2, 4), 2)


@broken(
    Mistake(
        "lse-second-output",
        "the log-sum-exp is returned as well, and its dy is ignored",
        "return p * (dprobabilities - along) + p * dlse[:, None]",
        "return p * (dprobabilities - along)",
        {"x": "part-of-dy term-missing"},
    ),
)
def softmax_with_lse(rng):
    class SoftmaxWithLse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            lse = torch.logsumexp(x, dim=1)
            p = torch.exp(x - lse[:, None])
            ctx.save_for_backward(p)
            return p, lse

        @staticmethod
        def backward(ctx, dprobabilities, dlse):
            (p,) = ctx.saved_tensors
            along = (dprobabilities * p).sum(dim=1, keepdim=True)
            return p * (dprobabilities - along) + p * dlse[:, None]

    return torch_call(SoftmaxWithLse, SoftmaxWithLse.forward, rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "segment-mean-without-count",
        "each row gets the dy of its segment whole, where forward divides by the segment's size",
        "return dy[segment] / count[segment][:, None], None",
        "return dy[segment], None",
        {"x": "factor-per-row derivative-forgotten"},
    ),
)
def segment_mean(rng):
    class SegmentMean(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, segment):
            count = torch.bincount(segment).to(x.dtype)
            ctx.save_for_backward(segment, count)
            total = torch.zeros(len(count), x.shape[1], dtype=x.dtype).index_add(0, segment, x)
            return total / count[:, None]

        @staticmethod
        def backward(ctx, dy):
            segment, count = ctx.saved_tensors
            return dy[segment] / count[segment][:, None], None

    segment = np.array([0, 0, 1, 2, 2, 2, 2, 1, 3, 3, 3])
    return torch_call(SegmentMean, SegmentMean.forward, rng.normal(size=(11, 3)), segment)


@broken(
    Mistake(
        "dropout-drawn-again",
        "backward draws a mask of its own, where that of forward should have been kept",
        "return dy * ctx.mask / (1 - ctx.p), None",
        "return dy * (torch.rand_like(dy) > ctx.p) / (1 - ctx.p), None",
        {"x": "wrong-mask random"},
    ),
)
def dropout_function(rng):
    class Dropout(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, p):
            ctx.p = p
            ctx.mask = torch.rand_like(x) > p
            return x * ctx.mask / (1 - p)

        @staticmethod
        def backward(ctx, dy):
            return dy * ctx.mask / (1 - ctx.p), None

    return torch_call(Dropout, Dropout.forward, rng.normal(size=(5, 7)), 0.4)


@broken(
    Mistake(
        "sigmoid-saved-input",
        "x was saved, and backward takes it for y",
        "y = torch.sigmoid(kept)",
        "y = kept",
        {"x": "wrong-argument wrong-formula"},
    ),
)
def sigmoid_function(rng):
    class Sigmoid(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return 1 / (1 + torch.exp(-x))

        @staticmethod
        def backward(ctx, dy):
            (kept,) = ctx.saved_tensors
            y = torch.sigmoid(kept)
            return dy * y * (1 - y)

    return torch_call(Sigmoid, Sigmoid.forward, rng.normal(size=(3, 7)))
