"""Blocks that move numbers about, with right backwards: convolutions, patches, pooling and embeddings."""

import numpy as np

from support.modern_right import Block, normal, sizes, weights


def causal_conv(x, w):
    """Depthwise: y_t = sum_k w_k x_{t-k}, for x (T, C) and w (K, C)."""
    y = np.zeros_like(x)
    for k in range(len(w)):
        y[k:] += w[k] * x[: len(x) - k]
    return y


def causal_conv_vjp(dy, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(len(w)):
        dx[: len(x) - k] += w[k] * dy[k:]
        dw[k] = (dy[k:] * x[: len(x) - k]).sum(axis=0)
    return dx, dw


def same_conv(x, w, mode):
    """Depthwise, as long as x: x is padded on both sides by np.pad in a mode, w (K, C) with odd K."""
    margin = len(w) // 2
    padded = np.pad(x, ((margin, margin), (0, 0)), mode)
    return sum(w[k] * padded[k : k + len(x)] for k in range(len(w)))


def padded_back(dpadded, margin, mode):
    """Return the gradient of x from that of np.pad(x, margin, mode)."""
    dx = dpadded[margin:-margin].copy()
    for j in range(margin):
        near, far = (margin - j, -1 - (margin - j)) if mode == "reflect" else (0, -1)
        dx[near] += dpadded[j]
        dx[far] += dpadded[-1 - j]
    return dx


def spread(dy, x, w, mode):
    """Return the gradient of the padded x, and dw."""
    margin = len(w) // 2
    padded = np.pad(x, ((margin, margin), (0, 0)), mode)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for k in range(len(w)):
        dpadded[k : k + len(x)] += w[k] * dy
        dw[k] = (dy * padded[k : k + len(x)]).sum(axis=0)
    return dpadded, dw


def same_conv_vjp(dy, x, w, mode):
    dpadded, dw = spread(dy, x, w, mode)
    return padded_back(dpadded, len(w) // 2, mode), dw


def patches(x, size):
    """Return pictures (N, H, W) as patches (N, P, size²)."""
    n, h, w = x.shape
    tiles = x.reshape(n, h // size, size, w // size, size).transpose(0, 1, 3, 2, 4)
    return tiles.reshape(n, -1, size * size)


def unpatched(tiles, shape, size):
    """Return patches as pictures of a shape."""
    n, h, w = shape
    return tiles.reshape(n, h // size, w // size, size, size).transpose(0, 1, 3, 2, 4).reshape(shape)


def patch_embedding(x, w, place):
    """Patches of 2 × 2 pixels times w (4, d), and a vector for each place (P, d)."""
    return patches(x, 2) @ w + place


def patch_embedding_vjp(dy, x, w, place):
    dx = unpatched(dy @ w.T, x.shape, 2)
    return dx, np.einsum("npk,npd->kd", patches(x, 2), dy), dy.sum(axis=0)


def tied(e, tokens):
    """Logits tanh(e[tokens]) eᵀ, for e (V, d)."""
    h = np.tanh(e[tokens])
    return h @ e.T


def tied_vjp(dy, e, tokens):
    h = np.tanh(e[tokens])
    de = dy.T @ h
    np.add.at(de, tokens, dy @ e * (1 - h**2))
    return de


def embedded(e, tokens):
    """e[tokens] √d, for e (V, d)."""
    return e[tokens] * np.sqrt(e.shape[1])


def embedded_vjp(dy, e, tokens):
    de = np.zeros_like(e)
    np.add.at(de, tokens, dy * np.sqrt(e.shape[1]))
    return de


def mean_pool(x):
    """Means (S, C) of windows of 3 rows of x (T, C), one for every second row."""
    starts = range(0, len(x) - 2, 2)
    return np.stack([x[s : s + 3].mean(axis=0) for s in starts])


def mean_pool_vjp(dy, x):
    dx = np.zeros_like(x)
    for k in range(len(dy)):
        dx[2 * k : 2 * k + 3] += dy[k] / 3
    return dx


def masked_mean(x, mask):
    """The mean (N, C) over the positions of x (N, T, C) that a mask of 0 and 1 (N, T) leaves."""
    count = mask.sum(axis=1)[:, None]
    return (x * mask[:, :, None]).sum(axis=1) / count


def masked_mean_vjp(dy, x, mask):
    return mask[:, :, None] * (dy / mask.sum(axis=1)[:, None])[:, None, :]


def signal(n_taps):
    def inputs(rng):
        t, c = int(rng.choice([7, 11])), int(rng.choice([2, 5]))
        return normal(rng, t, c), weights(rng, n_taps, c)

    return inputs


def padded(n_taps, mode):
    return lambda rng: (*signal(n_taps)(rng), mode)


def pictures(rng):
    h, w = sizes(rng, 4, 6)
    n, d = sizes(rng, 3, 5)
    return normal(rng, n, h, w), weights(rng, 4, d), weights(rng, 6, d)


def words(rng):
    """An embedding, and tokens of which some come more than once."""
    n_words, d = sizes(rng, 5, 7)
    return normal(rng, n_words, d), rng.permutation([0, 1, 1, 1, 2, 2, *rng.integers(2, n_words, 5)])


def lengths(rng):
    n, t, c = sizes(rng, 3, 5, 7)
    ends = rng.permutation(np.arange(n) % (t - 1)) + 1
    return normal(rng, n, t, c), (np.arange(t) < ends[:, None]).astype(int)


CAUSAL_CONV = Block(causal_conv, causal_conv_vjp, signal(3))
EDGE_CONV = Block(same_conv, same_conv_vjp, padded(3, "edge"))
REFLECT_CONV = Block(same_conv, same_conv_vjp, padded(5, "reflect"))
PATCHES = Block(patch_embedding, patch_embedding_vjp, pictures)
TIED = Block(tied, tied_vjp, words)
EMBEDDED = Block(embedded, embedded_vjp, words)
MEAN_POOL = Block(mean_pool, mean_pool_vjp, lambda rng: (normal(rng, *sizes(rng, 7, 11)),))
MASKED_MEAN = Block(masked_mean, masked_mean_vjp, lengths)
