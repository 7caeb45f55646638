"""NumPy: norms, sums, gathers, windows and matrices."""

import numpy as np

from mistakes.case import Mistake, broken, vjp_call


@broken(
    Mistake(
        "layernorm-means-over-all",
        "the two means of backward have no axis, and go over the batch too",
        "dx = (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True)) / s",
        "dx = (g - g.mean() - xhat * (g * xhat).mean()) / s",
        {"x": "wrong-axis summed-too-far"},
    ),
    Mistake(
        "layernorm-gamma-after",
        "gamma multiplies dx at the end, and not dy at the start, where the means are still to come",
        "g = dy * gamma",
        "g, s = dy, s / gamma",
        {"x": "jacobian-not-transposed"},
    ),
)
def layer_norm_affine(rng):
    def layer_norm(x, gamma, beta):
        mean = x.mean(axis=-1, keepdims=True)
        s = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return gamma * (x - mean) / s + beta

    def layer_norm_vjp(dy, x, gamma, beta):
        s = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        xhat = (x - x.mean(axis=-1, keepdims=True)) / s
        g = dy * gamma
        dx = (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True)) / s
        return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)

    x, gamma, beta = rng.normal(size=(5, 7)), rng.uniform(0.5, 2, size=7), rng.normal(size=7)
    return vjp_call(layer_norm, layer_norm_vjp, x, gamma, beta)


@broken(
    Mistake(
        "normalise-eps-dropped",
        "backward divides by the norm where forward divides by the norm plus eps",
        "n = r + eps",
        "n = r",
        {"x": "wrong-argument"},
    ),
    Mistake(
        "normalise-without-projection",
        "the norm is taken for a constant: what is along x is not taken out",
        "return dy / n - x * (dy * x).sum(axis=-1, keepdims=True) / (n**2 * r)",
        "return dy / n",
        {"x": "term-missing statistics-constant"},
    ),
)
def normalise_rows(rng):
    eps = 0.1

    def normalise(x):
        return x / (np.linalg.norm(x, axis=-1, keepdims=True) + eps)

    def normalise_vjp(dy, x):
        r = np.linalg.norm(x, axis=-1, keepdims=True)
        n = r + eps
        return dy / n - x * (dy * x).sum(axis=-1, keepdims=True) / (n**2 * r)

    return vjp_call(normalise, normalise_vjp, rng.normal(size=(5, 3)))


@broken(
    Mistake(
        "embedding-assigned",
        "rows of tokens that come twice are set, and not added to",
        "np.add.at(dtable, ids, dy * scale)",
        "dtable[ids] = dy * scale",
        {"table": "overwritten one-example"},
    ),
    Mistake(
        "positions-of-the-first-row",
        "the positions are shared by all sentences, and get the dy of the first alone",
        "dpositions = dy.sum(axis=0)",
        "dpositions = dy[0]",
        {"positions": "not-summed one-example part-of-dy"},
    ),
)
def embedding_with_positions(rng):
    ids = np.array([[1, 4, 4, 0, 2], [3, 1, 6, 4, 1], [5, 2, 2, 2, 0]])
    scale = np.sqrt(3)

    def embed(table, positions):
        return table[ids] * scale + positions

    def embed_vjp(dy, table, positions):
        dtable = np.zeros_like(table)
        np.add.at(dtable, ids, dy * scale)
        dpositions = dy.sum(axis=0)
        return dtable, dpositions

    return vjp_call(embed, embed_vjp, rng.normal(size=(7, 3)), rng.normal(size=(5, 3)))


@broken(
    Mistake(
        "upsample-one-of-four",
        "of the four copies of a pixel only the top left one gives its dy back",
        "return dy.reshape(n, c, h, 2, w, 2).sum(axis=(3, 5))",
        "return dy[:, :, ::2, ::2]",
        {"x": "part-of-dy not-summed missing"},
    )
)
def upsample_nearest(rng):
    def upsample(x):
        return x.repeat(2, axis=2).repeat(2, axis=3)

    def upsample_vjp(dy, x):
        n, c, h, w = x.shape
        return dy.reshape(n, c, h, 2, w, 2).sum(axis=(3, 5))

    return vjp_call(upsample, upsample_vjp, rng.normal(size=(2, 3, 3, 5)))


@broken(
    Mistake(
        "wrap-cropped",
        "the padding wraps around, and backward crops it as if it were zeros",
        "dx[:2], dx[-2:] = dx[:2] + dpadded[-2:], dx[-2:] + dpadded[:2]",
        "pass",
        {"x": "border term-missing missing"},
    ),
    Mistake(
        "kernel-flipped",
        "the kernel's gradient is that of a convolution, where forward correlates",
        "dk = np.array([(dy * padded[j : j + len(x)]).sum() for j in range(len(k))])",
        "dk = np.array([(dy * padded[j : j + len(x)]).sum() for j in range(len(k))][::-1])",
        {"k": "reordered"},
    ),
)
def circular_correlation(rng):
    def correlate(x, k):
        padded = np.concatenate([x[-2:], x, x[:2]])
        return np.stack([padded[i : i + len(k)] @ k for i in range(len(x))])

    def correlate_vjp(dy, x, k):
        padded = np.concatenate([x[-2:], x, x[:2]])
        dpadded = np.zeros_like(padded)
        for i in range(len(x)):
            dpadded[i : i + len(k)] += dy[i] * k
        dx = dpadded[2:-2].copy()
        dx[:2], dx[-2:] = dx[:2] + dpadded[-2:], dx[-2:] + dpadded[:2]
        dk = np.array([(dy * padded[j : j + len(x)]).sum() for j in range(len(k))])
        return dx, dk

    return vjp_call(correlate, correlate_vjp, rng.normal(size=13), rng.normal(size=5))


@broken(
    Mistake(
        "logdet-symmetrised",
        "the inverse is made symmetric, as for a covariance; here the matrix is any",
        "return dy * np.linalg.inv(a).T",
        "inverse = np.linalg.inv(a)\n        return dy * (inverse + inverse.T) / 2",
        {"a": "symmetrised"},
    )
)
def log_determinant(rng):
    def logdet(a):
        return np.linalg.slogdet(a)[1]

    def logdet_vjp(dy, a):
        return dy * np.linalg.inv(a).T

    return vjp_call(logdet, logdet_vjp, rng.normal(size=(5, 5)) + 3 * np.eye(5))


@broken(
    Mistake(
        "cumsum-not-reversed",
        "the sums run from the start again, and not from the end",
        "return np.flip(np.cumsum(np.flip(dy * w, axis=1), axis=1), axis=1)",
        "return np.cumsum(dy * w, axis=1)",
        {"x": "jacobian-not-transposed"},
    )
)
def weighted_cumsum(rng):
    w = rng.uniform(0.5, 2, size=7)

    def running(x):
        return np.cumsum(x, axis=1) * w

    def running_vjp(dy, x):
        return np.flip(np.cumsum(np.flip(dy * w, axis=1), axis=1), axis=1)

    return vjp_call(running, running_vjp, rng.normal(size=(5, 7)))
