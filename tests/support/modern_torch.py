"""Modern blocks as autograd.Functions, right ones and the same with a mistake in backward."""

import torch
from torch.autograd import Function


class RMSNorm(Function):
    """x (N, n), divided by the root mean square of each row, times gain."""

    @staticmethod
    def forward(ctx, x, gain):
        inv = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        z = x * inv
        ctx.save_for_backward(z, inv, gain)
        return z * gain

    @staticmethod
    def backward(ctx, dy):
        z, inv, gain = ctx.saved_tensors
        dz = dy * gain
        dx = inv * (dz - z * (dz * z).mean(-1, keepdim=True))
        return dx, (dy * z).sum(0)


class ConstantRMSNorm(RMSNorm):
    @staticmethod
    def backward(ctx, dy):
        z, inv, gain = ctx.saved_tensors
        return dy * gain * inv, (dy * z).sum(0)


class SiluGate(Function):
    """silu(a) * b."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * torch.sigmoid(a) * b

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        s = torch.sigmoid(a)
        return dy * b * (s + a * s * (1 - s)), dy * a * s


class UnactivatedGate(SiluGate):
    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        s = torch.sigmoid(a)
        return dy * b * (s + a * s * (1 - s)), dy * a


class LSTMCell(Function):
    """The new h and c of gates (N, 4 m), before their activations, and c (N, m)."""

    @staticmethod
    def forward(ctx, gates, c):
        i, f, o, g = gates.chunk(4, dim=1)
        i, f, o, g = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)
        new_c = f * c + i * g
        tanh_c = torch.tanh(new_c)
        ctx.save_for_backward(i, f, o, g, c, tanh_c)
        return o * tanh_c, new_c

    @staticmethod
    def backward(ctx, dh, dc):
        i, f, o, g, c, tanh_c = ctx.saved_tensors
        dc = dc + dh * o * (1 - tanh_c**2)
        di, df, do, dg = dc * g, dc * c, dh * tanh_c, dc * i
        dgates = [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)]
        return torch.cat(dgates, dim=1), dc * f


class DeafLSTMCell(LSTMCell):
    @staticmethod
    def backward(ctx, dh, dc):
        i, f, o, g, c, tanh_c = ctx.saved_tensors
        dc = dh * o * (1 - tanh_c**2)
        di, df, do, dg = dc * g, dc * c, dh * tanh_c, dc * i
        dgates = [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)]
        return torch.cat(dgates, dim=1), dc * f


class FusedCrossEntropy(Function):
    """The mean cross-entropy over rows whose label is not -100; its gradient is made in forward."""

    @staticmethod
    def forward(ctx, logits, labels):
        seen = labels != -100
        log_p = torch.log_softmax(logits, dim=1)
        rows = torch.arange(len(labels))[seen]
        d = torch.exp(log_p) * seen[:, None]
        d[rows, labels[seen]] -= 1
        ctx.save_for_backward(d / seen.sum())
        return -log_p[rows, labels[seen]].mean()

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.saved_tensors[0], None


class CrossEntropyWithoutDy(FusedCrossEntropy):
    @staticmethod
    def backward(ctx, dy):
        return ctx.saved_tensors[0], None


class MaskedSoftmax(Function):
    """The softmax of scale x where a mask is true."""

    @staticmethod
    def forward(ctx, x, mask, scale):
        p = torch.softmax((x * scale).masked_fill(~mask, -1e9), dim=-1)
        ctx.save_for_backward(p)
        ctx.scale = scale
        return p

    @staticmethod
    def backward(ctx, dy):
        (p,) = ctx.saved_tensors
        dx = ctx.scale * p * (dy - (dy * p).sum(-1, keepdim=True))
        return dx, None, None


class SoftmaxScaledTwice(MaskedSoftmax):
    @staticmethod
    def backward(ctx, dy):
        (p,) = ctx.saved_tensors
        dx = ctx.scale * p * (dy - (dy * p).sum(-1, keepdim=True))
        return ctx.scale * dx, None, None


class Lookup(Function):
    """Rows of a table (V, d) by their numbers."""

    @staticmethod
    def forward(ctx, table, tokens):
        ctx.save_for_backward(tokens)
        ctx.shape = table.shape
        return table[tokens]

    @staticmethod
    def backward(ctx, dy):
        (tokens,) = ctx.saved_tensors
        return dy.new_zeros(ctx.shape).index_put((tokens,), dy, accumulate=True), None


class LookupOverwritten(Lookup):
    @staticmethod
    def backward(ctx, dy):
        (tokens,) = ctx.saved_tensors
        dtable = dy.new_zeros(ctx.shape)
        for k, token in enumerate(tokens):
            dtable[token] = dy[k]
        return dtable, None


class Swish(Function):
    """x sigmoid(x), with a backward that can be differentiated."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return dy * (s + x * s * (1 - s))


class DetachedSwish(Swish):
    @staticmethod
    def backward(ctx, dy):
        x = ctx.saved_tensors[0].detach()
        s = torch.sigmoid(x)
        return dy * (s + x * s * (1 - s))


class Clamped(Function):
    """x w, clamped to -1 … 1."""

    @staticmethod
    def forward(ctx, x, w):
        xw = x @ w
        ctx.save_for_backward(x, w, xw)
        return xw.clamp(-1, 1)

    @staticmethod
    def backward(ctx, dy):
        x, w, xw = ctx.saved_tensors
        d = dy * (xw.abs() < 1)
        return d @ w.T, x.T @ d


class Unclamped(Clamped):
    @staticmethod
    def backward(ctx, dy):
        x, w, _ = ctx.saved_tensors
        return dy @ w.T, x.T @ dy


class RepeatHeads(Function):
    """Heads (G, T, d), each n times in a row."""

    @staticmethod
    def forward(ctx, k, n):
        ctx.n = n
        return k.repeat_interleave(n, dim=0)

    @staticmethod
    def backward(ctx, dy):
        return dy.unflatten(0, (-1, ctx.n)).sum(1), None


class RepeatHeadsOnce(RepeatHeads):
    @staticmethod
    def backward(ctx, dy):
        return dy[:: ctx.n], None
