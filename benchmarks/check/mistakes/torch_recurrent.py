"""torch: long Functions over time, a GRU and rotary attention of grouped heads."""

import numpy as np
import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "gru-reset-without-bias",
        "the reset gate's gradient has h W and not h W + b, what it multiplies",
        "dr = dn * hidden * r * (1 - r)",
        "dr = dn * (hidden - bn) * r * (1 - r)",
        same("x h0 wx wh b bn", "wrong-argument"),
    ),
    Mistake(
        "gru-direct-carry",
        "what z keeps of the old state is not handed back",
        "dh = dh * z + da @ wh.T",
        "dh = da @ wh.T",
        same("x h0 wx wh b bn", "carry-lost term-missing"),
    ),
    Mistake(
        "gru-input-weights-of-one-step",
        "dwx is set at each step, and holds the first step's in the end",
        "dwx += x[t].T @ dgates",
        "dwx = x[t].T @ dgates",
        {"wx": "overwritten term-missing"},
    ),
    Mistake(
        "gru-candidate-bias",
        "the bias inside the reset product gets the gradient of the candidate, without the gate",
        "dbn += (dn * r).sum(dim=0)",
        "dbn += dn.sum(dim=0)",
        {"bn": "derivative-forgotten"},
    ),
)
def gru_over_time(rng):
    class Gru(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, h0, wx, wh, b, bn):
            size = h0.shape[1]
            h = h0
            states = []
            resets = []
            updates = []
            candidates = []
            hiddens = []
            for t in range(len(x)):
                from_x = x[t] @ wx
                from_x = from_x + b
                from_h = h @ wh
                # reset
                ar = from_x[:, :size]
                ar = ar + from_h[:, :size]
                r = 1 / (1 + torch.exp(-ar))
                # update
                az = from_x[:, size : 2 * size]
                az = az + from_h[:, size : 2 * size]
                z = 1 / (1 + torch.exp(-az))
                # candidate
                hidden = from_h[:, 2 * size :]
                hidden = hidden + bn
                an = from_x[:, 2 * size :]
                an = an + r * hidden
                n = torch.tanh(an)
                old = z * h
                new = (1 - z) * n
                states.append(h)
                h = new + old
                resets.append(r)
                updates.append(z)
                candidates.append(n)
                hiddens.append(hidden)
            ctx.save_for_backward(x, wx, wh, bn)
            ctx.steps = states, resets, updates, candidates, hiddens
            return torch.stack([*states[1:], h])

        @staticmethod
        def backward(ctx, dy):
            x, wx, wh, bn = ctx.saved_tensors
            dx, dwx, dwh = torch.zeros_like(x), torch.zeros_like(wx), torch.zeros_like(wh)
            db, dbn, dh = torch.zeros_like(wx[0]), torch.zeros_like(bn), torch.zeros_like(dy[0])
            for t in reversed(range(len(x))):
                h, r, z, n, hidden = (kept[t] for kept in ctx.steps)
                dh = dh + dy[t]
                dz = dh * (h - n) * z * (1 - z)
                dn = dh * (1 - z) * (1 - n**2)
                dr = dn * hidden * r * (1 - r)
                dgates = torch.cat([dr, dz, dn], dim=1)
                da = torch.cat([dr, dz, dn * r], dim=1)
                dx[t] = dgates @ wx.T
                dwx += x[t].T @ dgates
                dwh += h.T @ da
                db += dgates.sum(dim=0)
                dbn += (dn * r).sum(dim=0)
                dh = dh * z + da @ wh.T
            return dx, dh, dwx, dwh, db, dbn

    x, h0, wx, wh = (rng.normal(size=shape) for shape in ((4, 2, 5), (2, 3), (5, 9), (3, 9)))
    return torch_call(Gru, Gru.forward, x, h0, wx, wh, rng.normal(size=9), rng.normal(size=3))


@broken(
    Mistake(
        "rope-keys-turned-on",
        "the keys' gradient is turned by the same angle once more, and not back",
        "dk = turned(dk, -sin)",
        "dk = turned(dk, sin)",
        {"k": "jacobian-not-transposed term-factor"},
    ),
    Mistake(
        "gqa-heads-regrouped",
        "query heads 0 and 1 share keys; backward adds 0 and 2 instead",
        "dk = dk.view(n_kv, n_shared, steps, size).sum(dim=1)",
        "dk = dk.view(n_shared, n_kv, steps, size).sum(dim=0)",
        {"k": "wrong-axis reordered"},
    ),
    Mistake(
        "gqa-values-of-one-head",
        "of the query heads that share values only the last one gives a gradient",
        "dv = dv.view(n_kv, n_shared, steps, -1).sum(dim=1)",
        "dv = dv.view(n_kv, n_shared, steps, -1)[:, -1]",
        {"v": "overwritten part-of-dy not-summed missing one-example"},
    ),
    Mistake(
        "attention-softcap-forgotten",
        "the scores were capped by a tanh, whose slope is not in backward",
        "ds = ds * (1 - (capped / cap) ** 2) * scale",
        "ds = ds * scale",
        same("q k", "derivative-forgotten"),
    ),
    Mistake(
        "attention-sink-column",
        "softmax has one more column, a sink; backward's sum is right, the sink's own gradient has its sign turned",
        "dsink = -(sink_p * along).sum(dim=(1, 2))",
        "dsink = (sink_p * along).sum(dim=(1, 2))",
        {"sink": "sign"},
    ),
)
def rotary_attention(rng):
    n_kv, n_shared, steps, size, cap = 2, 2, 5, 4, 3.0
    scale = 1 / size**0.5
    angles = np.arange(steps)[:, None] * 10.0 ** (-np.arange(size // 2))
    cos, sin = torch.from_numpy(np.cos(angles)), torch.from_numpy(np.sin(angles))

    def turned(x, sin):
        a, b = x[..., : size // 2], x[..., size // 2 :]
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)

    class Attention(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v, sink):
            # turn queries and keys by their places
            half = size // 2
            qa = q[..., :half]
            qb = q[..., half:]
            ka = k[..., :half]
            kb = k[..., half:]
            q_left = qa * cos - qb * sin
            q_right = qa * sin + qb * cos
            k_left = ka * cos - kb * sin
            k_right = ka * sin + kb * cos
            q = torch.cat([q_left, q_right], dim=-1)
            k = torch.cat([k_left, k_right], dim=-1)
            # heads that share keys and values
            k = k.repeat_interleave(n_shared, dim=0)
            v = v.repeat_interleave(n_shared, dim=0)
            # scores, capped
            s = q @ k.transpose(1, 2)
            s = s * scale
            s = s / cap
            s = torch.tanh(s)
            capped = s * cap
            # nobody sees what comes later
            ones = torch.ones(steps, steps)
            later = torch.triu(ones, diagonal=1)
            later = later.bool()
            masked = capped.masked_fill(later, -1e9)
            # softmax with a sink, which takes attention and gives nothing
            column = sink[:, None, None]
            column = column.expand(-1, steps, 1)
            scores = torch.cat([masked, column], dim=2)
            top = scores.max(dim=2, keepdim=True).values
            e = torch.exp(scores - top)
            total = e.sum(dim=2, keepdim=True)
            p = e / total
            sink_p = p[:, :, -1:]
            p = p[:, :, :-1]
            y = p @ v
            ctx.save_for_backward(q, k, v, capped, p, sink_p)
            return y

        @staticmethod
        def backward(ctx, dy):
            q, k, v, capped, p, sink_p = ctx.saved_tensors
            dv = p.transpose(1, 2) @ dy
            dp = dy @ v.transpose(1, 2)
            along = (dp * p).sum(dim=2, keepdim=True)
            ds = p * (dp - along)
            dsink = -(sink_p * along).sum(dim=(1, 2))
            ds = ds * (1 - (capped / cap) ** 2) * scale
            dq = turned(ds @ k, -sin)
            dk = ds.transpose(1, 2) @ q
            dk = dk.view(n_kv, n_shared, steps, size).sum(dim=1)
            dk = turned(dk, -sin)
            dv = dv.view(n_kv, n_shared, steps, -1).sum(dim=1)
            return dq, dk, dv, dsink

    heads = n_kv * n_shared
    q, k, v = (rng.normal(size=shape) for shape in ((heads, steps, size), (n_kv, steps, size), (n_kv, steps, 3)))
    return torch_call(Attention, Attention.forward, q, k, v, rng.normal(size=heads))
