"""NumPy: long functions of networks, a transformer block and an LSTM."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "transformer-second-residual",
        "the path around the feed-forward part gives nothing back",
        "dx1 = dy + dx1",
        "dx1 = dx1",
        same("x wqkv wo g1", "term-missing"),
    ),
    Mistake(
        "transformer-softmax-diagonal",
        "the softmax of attention has its diagonal alone, p (1 - p)",
        "ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))",
        "ds = dp * p * (1 - p)",
        same("x wqkv g1", "diagonal-jacobian"),
    ),
    Mistake(
        "transformer-scale-of-keys",
        "1 / √d is applied to dq and forgotten in dk",
        "dk = ds.transpose(0, 2, 1) @ q * scale",
        "dk = ds.transpose(0, 2, 1) @ q",
        {"x": "term-factor", "wqkv": "term-factor factor-per-column", "g1": "term-factor"},
    ),
)
def transformer_block(rng):
    t, d, heads, eps = 5, 6, 2, 1e-5
    scale = 1 / np.sqrt(d // heads)

    def block(x, wqkv, wo, w1, b1, w2, g1, g2):
        # attention, with the norm before it
        mean = x.mean(axis=-1, keepdims=True)
        centred = x - mean
        variance = (centred**2).mean(axis=-1, keepdims=True)
        h = g1 * centred / np.sqrt(variance + eps)
        qkv = h @ wqkv
        qkv = qkv.reshape(t, 3, heads, d // heads)
        qkv = qkv.transpose(1, 2, 0, 3)
        q = qkv[0]
        k = qkv[1]
        v = qkv[2]
        s = q @ k.transpose(0, 2, 1)
        s = s * scale
        mask = np.tril(np.ones((t, t)))
        s = np.where(mask > 0, s, -1e9)
        s = s - s.max(axis=-1, keepdims=True)
        e = np.exp(s)
        p = e / e.sum(axis=-1, keepdims=True)
        o = p @ v
        o = o.transpose(1, 0, 2)
        o = o.reshape(t, d)
        x1 = x + o @ wo
        # feed forward
        mean = x1.mean(axis=-1, keepdims=True)
        centred = x1 - mean
        variance = (centred**2).mean(axis=-1, keepdims=True)
        h = g2 * centred / np.sqrt(variance + eps)
        a = h @ w1
        a = a + b1
        sigmoid = 1 / (1 + np.exp(-a))
        z = a * sigmoid
        y = z @ w2
        return x1 + y

    def norm(x, g):
        centred = x - x.mean(axis=-1, keepdims=True)
        s = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
        return g * centred / s, centred / s, s

    def norm_back(dh, xhat, s, g):
        dxhat = dh * g
        projected = xhat * (dxhat * xhat).mean(axis=-1, keepdims=True)
        return (dxhat - dxhat.mean(axis=-1, keepdims=True) - projected) / s, (dh * xhat).sum(axis=0)

    def block_vjp(dy, x, wqkv, wo, w1, b1, w2, g1, g2):
        h1, xhat1, s1 = norm(x, g1)
        q, k, v = (h1 @ wqkv).reshape(t, 3, heads, d // heads).transpose(1, 2, 0, 3)
        s = np.where(np.tril(np.ones((t, t))) > 0, q @ k.transpose(0, 2, 1) * scale, -1e9)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        o = (p @ v).transpose(1, 0, 2).reshape(t, d)
        x1 = x + o @ wo
        h2, xhat2, s2 = norm(x1, g2)
        a = h2 @ w1 + b1
        sigmoid = 1 / (1 + np.exp(-a))

        dw2 = (a * sigmoid).T @ dy
        da = dy @ w2.T * sigmoid * (1 + a * (1 - sigmoid))
        dw1, db1 = h2.T @ da, da.sum(axis=0)
        dx1, dg2 = norm_back(da @ w1.T, xhat2, s2, g2)
        dx1 = dy + dx1

        dwo = o.T @ dx1
        do = (dx1 @ wo.T).reshape(t, heads, d // heads).transpose(1, 0, 2)
        dp = do @ v.transpose(0, 2, 1)
        dv = p.transpose(0, 2, 1) @ do
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
        dq = ds @ k * scale
        dk = ds.transpose(0, 2, 1) @ q * scale
        dqkv = np.stack([dq, dk, dv]).transpose(2, 0, 1, 3).reshape(t, 3 * d)
        dwqkv = h1.T @ dqkv
        dx, dg1 = norm_back(dqkv @ wqkv.T, xhat1, s1, g1)
        return dx + dx1, dwqkv, dwo, dw1, db1, dw2, dg1, dg2

    x, wqkv, wo = rng.normal(size=(t, d)), rng.normal(size=(d, 3 * d)) / 2, rng.normal(size=(d, d)) / 2
    w1, b1, w2 = rng.normal(size=(d, 7)) / 2, rng.normal(size=7), rng.normal(size=(7, d)) / 2
    return vjp_call(block, block_vjp, x, wqkv, wo, w1, b1, w2, rng.uniform(0.5, 2, d), rng.uniform(0.5, 2, d))


@broken(
    Mistake(
        "lstm-ended-sentences",
        "the mask stops dh where a sentence has ended, and nothing carries it back to where it ended",
        "dh_next = da @ wh.T + (1 - m) * dh_all",
        "dh_next = da @ wh.T",
        same("x wx wh b pi pf po", "term-missing carry-lost"),
    ),
    Mistake(
        "lstm-peephole-of-old-cell",
        "the output gate looks at the new cell, and its weight's gradient at the old one",
        "dpo += (do * c).sum(axis=0)",
        "dpo += (do * c_prev).sum(axis=0)",
        {"po": "wrong-argument"},
    ),
    Mistake(
        "lstm-cell-carry-by-gate-alone",
        "the cell goes back through the forget gate, but not through the two peepholes that looked at it",
        "dc_next = dc * f + di * pi + df * pf",
        "dc_next = dc * f",
        same("x wx wh b pi pf po", "term-missing carry-lost"),
    ),
    Mistake(
        "lstm-hidden-carry",
        "dh of a step comes from its output alone: what the next step handed back is never added",
        "dh_all = dy[t] @ wy.T + dh_next",
        "dh_all = dy[t] @ wy.T",
        same("x wx wh b pi pf po", "carry-lost term-missing"),
    ),
)
def lstm_with_peepholes(rng):
    n, n_in, n_hidden = 2, 5, 3
    alive = np.array([[1, 1], [1, 1], [1, 0], [1, 0.0]])

    def lstm(x, wx, wh, b, pi, pf, po, wy):
        h = np.zeros((n, n_hidden))
        c = np.zeros((n, n_hidden))
        outputs = []
        for t in range(len(x)):
            a = x[t] @ wx
            a = a + h @ wh
            a = a + b
            ai = a[:, :n_hidden]
            af = a[:, n_hidden : 2 * n_hidden]
            ag = a[:, 2 * n_hidden : 3 * n_hidden]
            ao = a[:, 3 * n_hidden :]
            ai = ai + c * pi
            af = af + c * pf
            i = 1 / (1 + np.exp(-ai))
            f = 1 / (1 + np.exp(-af))
            g = np.tanh(ag)
            kept = f * c
            written = i * g
            c_new = kept + written
            ao = ao + c_new * po
            o = 1 / (1 + np.exp(-ao))
            squashed = np.tanh(c_new)
            h_new = o * squashed
            # a sentence that has ended keeps its state
            m = alive[t]
            m = m[:, None]
            ended = 1 - m
            h = m * h_new + ended * h
            c = m * c_new + ended * c
            outputs.append(h)
        states = np.stack(outputs)
        return states @ wy

    def steps(x, wx, wh, b, pi, pf, po):
        h, c = np.zeros((n, n_hidden)), np.zeros((n, n_hidden))
        kept = []
        for xt, m in zip(x, alive[:, :, None], strict=True):
            ai, af, ag, ao = np.split(xt @ wx + h @ wh + b, 4, axis=1)
            i, f, g = 1 / (1 + np.exp(-ai - c * pi)), 1 / (1 + np.exp(-af - c * pf)), np.tanh(ag)
            new = f * c + i * g
            o = 1 / (1 + np.exp(-ao - new * po))
            h_prev, h = h, m * o * np.tanh(new) + (1 - m) * h
            kept.append((h_prev, c, i, f, g, new, o, h))
            c = m * new + (1 - m) * c
        return kept

    def lstm_vjp(dy, x, wx, wh, b, pi, pf, po, wy):
        kept = steps(x, wx, wh, b, pi, pf, po)
        dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b)
        dpi, dpf, dpo = np.zeros_like(pi), np.zeros_like(pf), np.zeros_like(po)
        dwy = np.einsum("tnh,tno->ho", np.stack([each[-1] for each in kept]), dy)
        dh_next, dc_next = np.zeros((n, n_hidden)), np.zeros((n, n_hidden))
        for t in reversed(range(len(x))):
            h_prev, c_prev, i, f, g, c, o, _ = kept[t]
            m = alive[t][:, None]
            dh_all = dy[t] @ wy.T + dh_next
            dh = m * dh_all
            do = dh * np.tanh(c) * o * (1 - o)
            dc = m * dc_next + dh * o * (1 - np.tanh(c) ** 2) + do * po
            di = dc * g * i * (1 - i)
            df = dc * c_prev * f * (1 - f)
            dg = dc * i * (1 - g**2)
            dpi += (di * c_prev).sum(axis=0)
            dpf += (df * c_prev).sum(axis=0)
            dpo += (do * c).sum(axis=0)
            da = np.concatenate([di, df, dg, do], axis=1)
            dx[t] = da @ wx.T
            dwx += x[t].T @ da
            dwh += h_prev.T @ da
            db += da.sum(axis=0)
            dh_next = da @ wh.T + (1 - m) * dh_all
            dc_next = dc * f + di * pi + df * pf + (1 - m) * dc_next
        return dx, dwx, dwh, db, dpi, dpf, dpo, dwy

    x, wx, wh = rng.normal(size=(4, n, n_in)), rng.normal(size=(n_in, 12)) / 2, rng.normal(size=(n_hidden, 12)) / 2
    b, peepholes, wy = rng.normal(size=12), rng.normal(size=(3, n_hidden)), rng.normal(size=(n_hidden, 2))
    return vjp_call(lstm, lstm_vjp, x, wx, wh, b, *peepholes, wy)
