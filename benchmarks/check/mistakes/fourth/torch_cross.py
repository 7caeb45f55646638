"""torch: attention to another sequence, of which some is padding, in a long function."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "cross-padding-in-backward",
        "the weights are made anew in backward, and without the mask of what is padding",
        "weights = scores.masked_fill(padding[:, None, None, :], -torch.inf).softmax(dim=-1)",
        "weights = scores.softmax(dim=-1)",
        same("x memory wq wk wv gain", "mask-forgotten wrong-mask wrong-axis"),
    ),
    Mistake(
        "cross-heads-only-reshaped",
        "the heads of the queries are put side by side by a reshape without the transpose",
        "dq = dq.transpose(1, 2).reshape(n_rows, n_steps, -1)",
        "dq = dq.reshape(n_rows, n_steps, -1)",
        same("x wq gain", "reordered"),
    ),
    Mistake(
        "cross-keys-of-one-head",
        "all heads share the keys, and one of them gives their gradient",
        "dk = (dscores.transpose(-1, -2) @ q).sum(dim=1)",
        "dk = (dscores.transpose(-1, -2) @ q)[:, 0]",
        same("memory wk", "not-summed missing term-missing"),
    ),
    Mistake(
        "cross-memory-of-values-alone",
        "keys and values are both made of the memory, and the keys give it nothing",
        "dmemory = dk @ wk.T + dv @ wv.T",
        "dmemory = dv @ wv.T",
        {"memory": "term-missing missing"},
    ),
    Mistake(
        "cross-scores-not-scaled",
        "scores are divided by the root of the size of a head, and their gradients are not",
        "dscores = dscores / size**0.5",
        "dscores = dscores * 1.0",
        {**same("wq wk gain", "factor"), **same("x memory", "term-factor")},
    ),
    Mistake(
        "cross-way-around",
        "the input is added to what was attended to, and gets no gradient from there",
        "return dy + dhat / spread,",
        "return dhat / spread,",
        {"x": "term-missing missing"},
    ),
)
def cross_attention(rng):
    class Cross(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, memory, wq, wk, wv, wo, gain, padding):
            n_rows = x.shape[0]
            n_steps = x.shape[1]
            size = wk.shape[1]
            n_heads = wq.shape[1] // size
            # the queries are normalised first
            mean_square = (x * x).mean(dim=-1, keepdim=True)
            spread = (mean_square + 1e-6).sqrt()
            hat = x / spread
            normed = hat * gain
            q = normed @ wq
            q = q.reshape(n_rows, n_steps, n_heads, size)
            q = q.transpose(1, 2)
            # one head of keys and values for all
            k = memory @ wk
            v = memory @ wv
            turned = k.transpose(-1, -2)
            scores = q @ turned[:, None]
            scores = scores / size**0.5
            shut = padding[:, None, None, :]
            shown = scores.masked_fill(shut, -torch.inf)
            top = shown.amax(dim=-1, keepdim=True)
            e = shown - top
            e = e.exp()
            total = e.sum(dim=-1, keepdim=True)
            weights = e / total
            heads = weights @ v[:, None]
            heads = heads.transpose(1, 2)
            merged = heads.reshape(n_rows, n_steps, -1)
            out = merged @ wo
            # and the way around
            y = x + out
            kept = q, k, v, scores, merged
            ctx.save_for_backward(x, memory, wq, wk, wv, wo, gain, padding, *kept)
            return y

        @staticmethod
        def backward(ctx, dy):
            x, memory, wq, wk, wv, wo, gain, padding, q, k, v, scores, merged = ctx.saved_tensors
            n_rows, n_heads, n_steps, size = q.shape
            weights = scores.masked_fill(padding[:, None, None, :], -torch.inf).softmax(dim=-1)
            dwo = torch.einsum("ntm,ntd->md", merged, dy)
            dheads = (dy @ wo.T).reshape(n_rows, n_steps, n_heads, size).transpose(1, 2)
            dv = (weights.transpose(-1, -2) @ dheads).sum(dim=1)
            dweights = dheads @ v.transpose(-1, -2)[:, None]
            dscores = weights * (dweights - (dweights * weights).sum(dim=-1, keepdim=True))
            dscores = dscores / size**0.5
            dk = (dscores.transpose(-1, -2) @ q).sum(dim=1)
            dq = dscores @ k[:, None]
            dq = dq.transpose(1, 2).reshape(n_rows, n_steps, -1)
            dmemory = dk @ wk.T + dv @ wv.T
            dwk, dwv = torch.einsum("nse,nsk->ek", memory, dk), torch.einsum("nse,nsk->ek", memory, dv)
            spread = ((x * x).mean(dim=-1, keepdim=True) + 1e-6).sqrt()
            hat = x / spread
            dwq = torch.einsum("ntd,ntm->dm", hat * gain, dq)
            dnormed = dq @ wq.T
            dgain = (dnormed * hat).sum(dim=(0, 1))
            dhat = dnormed * gain
            dhat = dhat - hat * (dhat * hat).mean(dim=-1, keepdim=True)
            return dy + dhat / spread, dmemory, dwq, dwk, dwv, dwo, dgain, None

    shapes = (2, 4, 5), (2, 6, 4), (5, 6), (4, 2), (4, 2), (6, 5)
    padding = torch.arange(6) >= torch.tensor([[6], [4]])
    gain = rng.uniform(0.5, 2, size=5)
    return torch_call(Cross, Cross.forward, *(rng.normal(size=each) for each in shapes), gain, padding)
