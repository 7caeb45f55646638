"""torch: a long Function of attention with a bias of distance, and attention without a softmax."""

import numpy as np
import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "alibi-not-in-backward",
        "backward makes the attention again, without the bias of distance",
        "scores = scores + slopes[:, None, None] * distance  # again",
        "pass",
        same("x gain wq wk wv wo slopes", "wrong-argument"),
    ),
    Mistake(
        "alibi-distance-turned",
        "distances are counted forwards and are below 0; the slope's gradient counts backwards",
        "dslopes = (dscores * distance).sum(dim=(0, 2, 3))",
        "dslopes = (dscores * -distance).sum(dim=(0, 2, 3))",
        {"slopes": "sign"},
    ),
    Mistake(
        "alibi-heads-not-moved",
        "heads are cut from the features and moved before the words; backward only cuts",
        "dmixed = dmerged.reshape(n, length, heads, size).transpose(1, 2)",
        "dmixed = dmerged.reshape(n, heads, length, size)",
        same("x gain wq wk wv slopes", "reordered"),
    ),
    Mistake(
        "alibi-keys-not-scaled",
        "queries times keys are divided by a root, and the keys' gradient is not",
        "dk = dscores.transpose(2, 3) @ q / root",
        "dk = dscores.transpose(2, 3) @ q",
        {"wk": "factor", **same("x gain", "term-factor")},
    ),
    Mistake(
        "alibi-scores-clipped",
        "backward clips the gradient of the scores, for the training was unsteady",
        "dscores = p * (dp - (dp * p).sum(dim=3, keepdim=True))",
        "dscores = (p * (dp - (dp * p).sum(dim=3, keepdim=True))).clamp(-0.1, 0.1)",
        same("x gain wq wk slopes", "nonlinear"),
    ),
)
def alibi_attention(rng):
    n, length, heads, size = 2, 4, 2, 2
    place = torch.arange(length)
    distance = (place[None, :] - place[:, None]).to(torch.float64)
    later = distance > 0
    root = np.sqrt(size)

    def cut(z):
        return z.reshape(n, length, heads, size).transpose(1, 2)

    def merge(z):
        return z.transpose(1, 2).reshape(n, length, heads * size)

    class Alibi(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, gain, wq, wk, wv, wo, slopes):
            ctx.save_for_backward(x, gain, wq, wk, wv, wo, slopes)
            square = x * x
            mean = square.mean(dim=2, keepdim=True)
            mean = mean + 1e-4
            rms = torch.sqrt(mean)
            normal = x / rms
            normal = normal * gain
            q = normal @ wq
            k = normal @ wk
            v = normal @ wv
            outputs = []
            for h in range(heads):
                begin = h * size
                end = begin + size
                q_h = q[:, :, begin:end]
                k_h = k[:, :, begin:end]
                v_h = v[:, :, begin:end]
                scores = q_h @ k_h.transpose(1, 2)
                scores = scores / root
                bias = slopes[h] * distance
                scores = scores + bias
                scores = scores.masked_fill(later, -torch.inf)
                largest = scores.max(dim=2, keepdim=True).values
                shifted = scores - largest
                e = torch.exp(shifted)
                total = e.sum(dim=2, keepdim=True)
                p = e / total
                mixed = p @ v_h
                outputs.append(mixed)
            merged = torch.cat(outputs, dim=2)
            out = merged @ wo
            return x + out

        @staticmethod
        def backward(ctx, dy):
            x, gain, wq, wk, wv, wo, slopes = ctx.saved_tensors
            rms = torch.sqrt((x * x).mean(dim=2, keepdim=True) + 1e-4)
            xhat = x / rms
            normal = xhat * gain
            q, k, v = cut(normal @ wq), cut(normal @ wk), cut(normal @ wv)
            scores = q @ k.transpose(2, 3) / root
            scores = scores + slopes[:, None, None] * distance  # again
            p = torch.softmax(scores.masked_fill(later, -torch.inf), dim=3)
            merged = merge(p @ v)
            dwo = torch.einsum("nti,nto->io", merged, dy)
            dmerged = dy @ wo.T
            dmixed = dmerged.reshape(n, length, heads, size).transpose(1, 2)
            dp = dmixed @ v.transpose(2, 3)
            dv = p.transpose(2, 3) @ dmixed
            dscores = p * (dp - (dp * p).sum(dim=3, keepdim=True))
            dslopes = (dscores * distance).sum(dim=(0, 2, 3))
            dq = dscores @ k / root
            dk = dscores.transpose(2, 3) @ q / root
            dq, dk, dv = merge(dq), merge(dk), merge(dv)
            dwq, dwk, dwv = (torch.einsum("nti,nto->io", normal, each) for each in (dq, dk, dv))
            dnormal = dq @ wq.T + dk @ wk.T + dv @ wv.T
            dgain = (dnormal * xhat).sum(dim=(0, 1))
            dxhat = dnormal * gain
            dx = dy + (dxhat - xhat * (dxhat * xhat).mean(dim=2, keepdim=True)) / rms
            return dx, dgain, dwq, dwk, dwv, dwo, dslopes

    weights = [rng.normal(size=(4, 4)) / 1.5 for _ in range(4)]
    gain, slopes = rng.uniform(0.5, 1.5, 4), np.array([0.5, 0.25])
    return torch_call(Alibi, Alibi.forward, rng.normal(size=(n, length, 4)), gain, *weights, slopes)


@broken(
    Mistake(
        "linear-attention-denominator",
        "each output is divided by the sum of its weights, which is taken for a constant",
        "dbelow = -(dy[t] * y[t]).sum() / below[t]",
        "dbelow = 0.0 * below[t]",
        same("q k", "term-missing"),
    ),
    Mistake(
        "linear-attention-own-step",
        "what a word adds to the memory comes back from its own output, and not from later ones",
        "dmemory = dmemory + torch.outer(f[t], dabove)",
        "dmemory = torch.outer(f[t], dabove)",
        same("k v", "carry-lost term-missing missing overwritten"),
    ),
    Mistake(
        "linear-attention-elu-as-exp",
        "the features are elu + 1, and their slope is taken to be what they are themselves",
        "return torch.where(z > 0, 1, torch.exp(z))",
        "return torch.where(z > 0, z + 1, torch.exp(z))",
        same("q k", "wrong-formula"),
    ),
    Mistake(
        "linear-attention-fading",
        "backward forgets a tenth at each step, as another model does; forward forgets nothing",
        "dmemory = dmemory + torch.outer(f[t], dabove)",
        "dmemory = 0.9 * dmemory + torch.outer(f[t], dabove)",
        same("k v", "term-factor"),
    ),
)
def linear_attention(rng):
    def features(z):
        return torch.nn.functional.elu(z) + 1

    def slope(z):
        return torch.where(z > 0, 1, torch.exp(z))

    class LinearAttention(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v):
            f, g = features(q), features(k)
            memory = torch.cumsum(g[:, :, None] * v[:, None, :], dim=0)
            total = torch.cumsum(g, dim=0)
            below = (f * total).sum(dim=1)
            y = torch.einsum("ti,tio->to", f, memory) / below[:, None]
            ctx.save_for_backward(q, k, v, memory, total, below, y)
            return y

        @staticmethod
        def backward(ctx, dy):
            q, k, v, memory, total, below, y = ctx.saved_tensors
            f, g = features(q), features(k)
            df, dg, dv = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
            dmemory, dtotal = torch.zeros_like(memory[0]), torch.zeros_like(total[0])
            for t in reversed(range(len(q))):
                dabove = dy[t] / below[t]
                dbelow = -(dy[t] * y[t]).sum() / below[t]
                df[t] = memory[t] @ dabove + dbelow * total[t]
                dmemory = dmemory + torch.outer(f[t], dabove)
                dtotal = dtotal + dbelow * f[t]
                dg[t] = dmemory @ v[t] + dtotal
                dv[t] = g[t] @ dmemory
            return df * slope(q), dg * slope(k), dv

    shapes = (6, 3), (6, 3), (6, 2)
    return torch_call(LinearAttention, LinearAttention.forward, *(rng.normal(size=shape) for shape in shapes))
