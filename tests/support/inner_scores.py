"""Functions of scores with backward passes by hand, in which one line may be wrong: `mistake` says which."""

import numpy as np

RNG = np.random.default_rng(1)


def array(*shape):
    return RNG.normal(size=shape)


def log_sum(x, axis):
    return np.log(np.exp(x).sum(axis=axis, keepdims=True))


def chain(x, m, mistake=""):
    """x (4, 2, 3), m (3, 3) -> (2, 3): the logarithm of the sum over all ways."""
    alpha = x[0]
    for t in range(1, 4):
        joint = alpha[:, :, None] + m
        largest = joint.max(axis=1)
        alpha = np.log(np.exp(joint - largest[:, None]).sum(axis=1)) + largest
        alpha = alpha + x[t]
    return np.tanh(alpha / 4)


def chain_back(dy, x, m, mistake=""):
    alphas = [x[0]]
    for t in range(1, 4):
        alphas.append(log_sum(alphas[-1][:, :, None] + m, 1)[:, 0] + x[t])
    d = dy * (1 - np.tanh(alphas[-1] / 4) ** 2) / 4
    dx, dm = np.zeros_like(x), np.zeros_like(m)
    for t in range(3, 0, -1):
        dx[t] = d
        joint = alphas[t - 1][:, :, None] + m
        share = np.exp(joint - log_sum(joint, 2 if mistake == "next for before" else 1))
        if mistake == "best alone":
            share = joint == joint.max(axis=1, keepdims=True)
        pair = share * d[:, None]
        dm += pair.sum(axis=0)
        d = pair.sum(axis=2)
    dx[0] = d
    return dx, dm


def likelihood(x, w):
    """x (3, 4), w (4, 5) -> (3, 5)."""
    s = x @ w
    log = s - s.max(axis=1, keepdims=True)
    log = log - np.log(np.exp(log).sum(axis=1, keepdims=True))
    return log**2


def likelihood_back(dy, x, w, mistake=""):
    s = x @ w
    log = s - log_sum(s, 1)
    d = 2 * log * dy
    total = d.sum(axis=0 if mistake == "total over examples" else 1, keepdims=True)
    ds = d - (0 if mistake == "total constant" else np.exp(log) * total)
    return ds @ w.T, x.T @ ds


def twice_turned(x, freq):
    """x (3, 4), freq (4,) -> (3, 4)."""
    parts = []
    for place in (np.arange(3.0), np.array([2.0, 0.5, 1.0])):
        angle = place[:, None] * freq
        parts.append(x * np.cos(angle))
    return parts[0] + parts[1]


def twice_turned_back(dy, x, freq, mistake=""):
    a, b = np.arange(3.0)[:, None], np.array([2.0, 0.5, 1.0])[:, None]
    first, second = -dy * x * np.sin(a * freq) * a, -dy * x * np.sin(b * freq) * b
    dfreq = first.sum(axis=0) + (0 if mistake == "first turn" else second.sum(axis=0))
    return dy * (np.cos(a * freq) + np.cos(b * freq)), dfreq


def leaky(near, far, h):
    """near, far (4,), h (4, 3) -> (4, 3)."""
    raw = near[:, None] + far
    s = np.where(raw > 0, raw, 0.2 * raw)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ h


def leaky_back(dy, near, far, h, mistake=""):
    raw = near[:, None] + far
    s = np.where(raw > 0, raw, 0.2 * raw)
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    dp = dy @ h.T
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    draw = ds * np.where((p if mistake == "slope of p" else raw) > 0, 1, 0.2)
    return draw.sum(axis=1), draw.sum(axis=1 if mistake == "ends alike" else 0), p.T @ dy


def series(x, w):
    """x (3, 2), w (2, 4) -> (3, 4): each column of x with mean 0 and spread 1."""
    centred = x - x.mean(axis=0)
    z = centred / np.sqrt((centred**2).mean(axis=0))
    return np.tanh(z @ w)


def series_back(dy, x, w, mistake=""):
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / spread
    da = dy * (1 - np.tanh(z @ w) ** 2)
    if mistake == "waves":
        da = da + np.sin(7.3 * np.arange(12)).reshape(3, 4) * dy.sum()
    dz = da @ w.T
    dz = dz - dz.mean(axis=0) - z * (z * dz).mean(axis=0)
    return dz / spread, z.T @ da


SCORES = {
    "chain": (chain, chain_back, array(4, 2, 3), array(3, 3)),
    "likelihood": (likelihood, likelihood_back, array(3, 4), array(4, 5)),
    "twice_turned": (twice_turned, twice_turned_back, array(3, 4), array(4)),
    "leaky": (leaky, leaky_back, array(4), array(4), array(4, 3)),
    "series": (series, series_back, array(3, 2), array(2, 4)),
}
