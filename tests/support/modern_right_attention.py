"""Attention as it is written today, with right backwards: causal, with dropout, heads, shared keys and rotations."""

import numpy as np

from support.modern_right import Block, normal, sizes, softmax, softmax_vjp, weights


def attention(q, k, v):
    """Queries (T, d), keys (S, d), values (S, e)."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    p = softmax(scores)
    return p @ v


def attention_vjp(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    dv = p.T @ dy
    ds = softmax_vjp(dy @ v.T, p) * scale
    return ds @ k, ds.T @ q, dv


def causal_attention(q, k, v):
    """The same for T = S, where no query sees a key after it."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    seen = np.tri(len(q), dtype=bool)
    scores = np.where(seen, scores, -1e9)
    p = softmax(scores)
    return p @ v


def causal_attention_vjp(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    scores = np.where(np.tri(len(q), dtype=bool), q @ k.T * scale, -1e9)
    p = softmax(scores)
    dv = p.T @ dy
    ds = softmax_vjp(dy @ v.T, p) * scale
    return ds @ k, ds.T @ q, dv


def dropout_attention(q, k, v, keep):
    """Attention whose weights are kept where keep (T, S) is 1, and made up for."""
    p = softmax(q @ k.T / np.sqrt(q.shape[1]))
    kept = p * keep / 0.7
    return kept @ v


def dropout_attention_vjp(dy, q, k, v, keep):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    dv = (p * keep / 0.7).T @ dy
    dp = (dy @ v.T) * keep / 0.7
    ds = softmax_vjp(dp, p) * scale
    return ds @ k, ds.T @ q, dv


def grouped_attention(q, k, v):
    """Heads of queries (H, T, d) of which several share the keys and values (G, T, d)."""
    repeat = len(q) // len(k)
    heads = [attention(q[h], k[h // repeat], v[h // repeat]) for h in range(len(q))]
    return np.stack(heads)


def grouped_attention_vjp(dy, q, k, v):
    repeat = len(q) // len(k)
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for h in range(len(q)):
        g = h // repeat
        dq[h], dk_h, dv_h = attention_vjp(dy[h], q[h], k[g], v[g])
        dk[g] += dk_h
        dv[g] += dv_h
    return dq, dk, dv


def self_attention(x, wq, wk, wv):
    """Heads of attention of x (T, n) to itself, beside each other; weights (H, n, d)."""
    heads = [attention(x @ q, x @ k, x @ v) for q, k, v in zip(wq, wk, wv, strict=True)]
    return np.concatenate(heads, axis=1)


def self_attention_vjp(dy, x, wq, wk, wv):
    d = wq.shape[2]
    dx, dwq, dwk, dwv = np.zeros_like(x), np.zeros_like(wq), np.zeros_like(wk), np.zeros_like(wv)
    for h in range(len(wq)):
        dq, dk, dv = attention_vjp(dy[:, h * d : (h + 1) * d], x @ wq[h], x @ wk[h], x @ wv[h])
        dwq[h], dwk[h], dwv[h] = x.T @ dq, x.T @ dk, x.T @ dv
        dx += dq @ wq[h].T + dk @ wk[h].T + dv @ wv[h].T
    return dx, dwq, dwk, dwv


def split(x, n_heads):
    """Return (T, H d) as heads (H, T, d)."""
    return x.reshape(len(x), n_heads, -1).transpose(1, 0, 2)


def merge(heads):
    """Return heads (H, T, d) as (T, H d)."""
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


def head_attention(q, k, v, n_heads):
    """Attention of q, k and v (T, H d), each head with its own columns."""
    q, k, v = (split(each, n_heads) for each in (q, k, v))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])
    return merge(softmax(scores) @ v)


def head_attention_vjp(dy, q, k, v, n_heads):
    q, k, v, dy = (split(each, n_heads) for each in (q, k, v, dy))
    scale = 1 / np.sqrt(q.shape[2])
    p = softmax(q @ k.transpose(0, 2, 1) * scale)
    dv = p.transpose(0, 2, 1) @ dy
    ds = softmax_vjp(dy @ v.transpose(0, 2, 1), p) * scale
    return merge(ds @ k), merge(ds.transpose(0, 2, 1) @ q), merge(dv)


def angles(n, d):
    """Return the cosines and sines (n, d / 2) by which positions turn pairs of numbers."""
    turns = np.outer(np.arange(n), 10.0 ** (-np.arange(d // 2)))
    return np.cos(turns), np.sin(turns)


def rotate(x):
    """RoPE: x (T, d), each pair (x_j, x_{j + d/2}) turned by its position."""
    cos, sin = angles(*x.shape)
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=1)


def rotate_vjp(dy, x):
    cos, sin = angles(*x.shape)
    da, db = np.split(dy, 2, axis=1)
    return np.concatenate([da * cos + db * sin, db * cos - da * sin], axis=1)


def rotary_attention(q, k, v):
    return attention(rotate(q), rotate(k), v)


def rotary_attention_vjp(dy, q, k, v):
    dq, dk, dv = attention_vjp(dy, rotate(q), rotate(k), v)
    return rotate_vjp(dq, q), rotate_vjp(dk, k), dv


def bilinear(x, k, a):
    """A score x_i A k_i for each row."""
    return ((x @ a) * k).sum(axis=1)


def bilinear_vjp(dy, x, k, a):
    dy = dy[:, None]
    return dy * k @ a.T, dy * (x @ a), x.T @ (dy * k)


def apart(rng):
    t, s, d, e = sizes(rng, 3, 5, 7, 11)
    return normal(rng, t, d), normal(rng, s, d), normal(rng, s, e)


def alike(rng):
    t, d, e = sizes(rng, 3, 5, 7)
    return normal(rng, t, d), normal(rng, t, d), normal(rng, t, e)


def same_shape(rng):
    t, d = sizes(rng, 5, 7)
    return normal(rng, t, d), normal(rng, t, d), normal(rng, t, d)


def dropped(rng):
    q, k, v = apart(rng)
    keep = rng.permutation(np.arange(len(q) * len(k)) % 10 < 7).reshape(len(q), len(k))
    return q, k, v, keep.astype(int)


def grouped(rng):
    g, repeat = sizes(rng, 2, 3)
    return normal(rng, g * repeat, 5, 4), normal(rng, g, 5, 4), normal(rng, g, 5, 4)


def projected(rng):
    t, n, d = sizes(rng, 3, 5, 7)
    return normal(rng, t, n), weights(rng, 2, n, d), weights(rng, 2, n, d), weights(rng, 2, n, d)


def heads_beside(rng):
    t, h, d = sizes(rng, 2, 3, 5)
    return normal(rng, t, h * d), normal(rng, t, h * d), normal(rng, t, h * d), h


def even_width(rng, n=1):
    t = int(rng.choice([5, 7]))
    return tuple(normal(rng, t, 6) for _ in range(n))


ATTENTION = Block(attention, attention_vjp, apart)
ATTENTION_OF_ONE_SHAPE = Block(attention, attention_vjp, same_shape)
CAUSAL_ATTENTION = Block(causal_attention, causal_attention_vjp, alike)
DROPOUT_ATTENTION = Block(dropout_attention, dropout_attention_vjp, dropped)
GROUPED_ATTENTION = Block(grouped_attention, grouped_attention_vjp, grouped)
SELF_ATTENTION = Block(self_attention, self_attention_vjp, projected)
HEAD_ATTENTION = Block(head_attention, head_attention_vjp, heads_beside)
ROPE = Block(rotate, rotate_vjp, even_width)
ROTARY_ATTENTION = Block(rotary_attention, rotary_attention_vjp, lambda rng: even_width(rng, 3))
BILINEAR = Block(bilinear, bilinear_vjp, lambda rng: (normal(rng, 7, 5), normal(rng, 7, 5), weights(rng, 5, 5)))
