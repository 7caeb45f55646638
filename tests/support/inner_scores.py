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


def matched(x, w):
    """x (3, 4), w (4, 3) -> (3,): each row and its column, of which the largest is the diagonal's."""
    s = np.tanh(x @ w) + 4 * np.eye(3)
    own = np.diag(s)
    e = np.exp(s)
    along = np.log(e.sum(axis=1)) - own
    across = np.log(np.exp(s).sum(axis=0)) - own
    return along + across


def matched_back(dy, x, w, mistake=""):
    t = np.tanh(x @ w)
    e = np.exp(t + 4 * np.eye(3))
    ds = (e / e.sum(axis=1, keepdims=True) - np.eye(3)) * dy[:, None]
    if mistake != "one way":
        ds = ds + (e / e.sum(axis=0) - np.eye(3)) * dy
    da = ds * (1 - t**2)
    return da @ w.T, x.T @ da


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


def twice_waved(x, freq):
    """x (3, 4), freq (4,) -> (3, 4)."""
    parts = []
    for place in (np.arange(3.0), np.array([2.0, 0.5, 1.0])):
        angle = place[:, None] * freq
        parts.append(np.sin(x * angle))
    return parts[0] + parts[1]


def twice_waved_back(dy, x, freq, mistake=""):
    a, b = np.arange(3.0)[:, None] * freq, np.array([2.0, 0.5, 1.0])[:, None] * freq
    da, db = dy * np.cos(x * a), dy * np.cos(x * b)
    dfreq = (da * x * a / freq + db * x * b / freq).sum(axis=0)
    turned = da * a if mistake == "first angle" else db * b
    return da * a + turned, dfreq


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


def pairs(x, a, b):
    """x (4, 3), a, b (3,) -> (4, 3): each row of x beside each."""
    near, far = np.sin(x @ a), x @ b
    return np.tanh(near[:, None] + far[None, :]) @ x


def pairs_back(dy, x, a, b, mistake=""):
    near, far = np.sin(x @ a), x @ b
    s = np.tanh(near[:, None] + far)
    d = (dy @ x.T) * (1 - s**2)
    dnear = d.sum(axis=1) * np.cos(x @ a)
    dfar = d.sum(axis=1 if mistake == "ends alike" else 0)
    return s.T @ dy + np.outer(dnear, a) + np.outer(dfar, b), x.T @ dnear, x.T @ dfar


def gates(x, w):
    """x (3, 4), w (4, 6) -> (3, 2)."""
    z = x @ w
    i = z[:, :2]
    g = z[:, 2:4]
    o = z[:, 4:]
    return np.tanh(i) * np.sin(g) * np.exp(o / 4)


def gates_back(dy, x, w, mistake=""):
    i, g, o = np.split(x @ w, 3, axis=1)
    di = dy * (1 - np.tanh(i) ** 2) * np.sin(g) * np.exp(o / 4)
    dg, do = dy * np.tanh(i) * np.cos(g) * np.exp(o / 4), dy * np.tanh(i) * np.sin(g) * np.exp(o / 4) / 4
    orders = {"first two": (dg, di, do), "turned round": (do, dg, di)}
    dz = np.concatenate(orders.get(mistake, (di, dg, do)), axis=1)
    if mistake == "in turns":
        dz = np.stack([di, dg, do], axis=2).reshape(3, 6)
    return dz @ w.T, x.T @ dz


def heads(x, w):
    """x (3, 4), w (4, 4) -> (3, 4)."""
    outputs = []
    for h in range(2):
        q = x @ w[:, 2 * h : 2 * h + 2]
        outputs.append(np.tanh(q @ q.T) @ q)
    merged = np.concatenate(outputs, axis=1)
    return np.sin(merged)


def heads_back(dy, x, w, mistake=""):
    q = (x @ w).reshape(3, 2, 2).transpose(1, 0, 2)
    p = np.tanh(q @ q.transpose(0, 2, 1))
    merged = (p @ q).transpose(1, 0, 2).reshape(3, 4)
    d = dy * np.cos(merged)
    d = d.reshape(2, 3, 2) if mistake == "not moved" else d.reshape(3, 2, 2).transpose(1, 0, 2)
    ds = d @ q.transpose(0, 2, 1) * (1 - p**2)
    dq = p.transpose(0, 2, 1) @ d + (ds + ds.transpose(0, 2, 1)) @ q
    dq = dq.transpose(1, 0, 2).reshape(3, 4)
    return dq @ w.T, x.T @ dq


def ring(x, w, c):
    """x (2, 9), w (9,), c (7,) -> (2, 9)."""
    h = np.tanh(x * w)
    y = np.zeros((2, 9))
    for k in range(7):
        rolled = np.roll(h, k - 2, axis=1)
        y = y + c[k] * rolled
    return y


def ring_back(dy, x, w, c, mistake=""):
    h = np.tanh(x * w)
    back = -1 if mistake == "not back" else 1
    da = sum(c[k] * np.roll(dy, back * (2 - k), axis=1) for k in range(7)) * (1 - h**2)
    return da * w, (da * x).sum(axis=0), np.array([(dy * np.roll(h, k - 2, axis=1)).sum() for k in range(7)])


def overlap(x, w):
    """x (3, 4), w (4, 5) -> (3,)."""
    p = np.tanh(x @ w)
    hit = p.sum(axis=1)
    far, wide = (p * p).sum(axis=1), np.cos(p).sum(axis=1)
    return hit**2 / (2 + 0.3 * far + 0.7 * wide + hit**2)


def overlap_back(dy, x, w, mistake=""):
    near, long = (0.7, 0.3) if mistake == "constants exchanged" else (0.3, 0.7)
    p, dy = np.tanh(x @ w), dy[:, None]
    hit = p.sum(axis=1, keepdims=True)
    hit = np.full_like(hit, hit.sum()) if mistake == "hits of all" else hit
    below = 2 + near * (p * p).sum(axis=1, keepdims=True) + long * np.cos(p).sum(axis=1, keepdims=True) + hit**2
    dbelow = -dy * hit**2 / below**2
    dp = 2 * dy * hit / below + dbelow * (2 * near * p - long * np.sin(p) + 2 * hit)
    da = dp * (1 - p**2)
    return da @ w.T, x.T @ da


def scaled(x, w, u, v):
    """x (3, 4), w (4, 4), u, v (4,) -> (3, 4)."""
    return x @ w / (3 + np.sin(u @ w @ v))


def scaled_back(dy, x, w, u, v, mistake=""):
    t = np.sin(u @ w @ v)
    dt = -(dy * (x @ w)).sum() / (3 + t) ** 2 * np.cos(u @ w @ v)
    dw = dt * (np.outer(v, u) if mistake == "vectors exchanged" else np.outer(u, v))
    return dy @ w.T / (3 + t), x.T @ dy / (3 + t) + dw, dt * (w @ v), dt * (u @ w)


def both_ways(x, u, v):
    """x (4, 3), u, v (3, 3) -> (3,)."""
    g = h = np.zeros(3)
    for t in range(4):
        g = np.tanh(x[t] + g @ u)
    for t in range(4):
        h = np.tanh(x[3 - t] + h @ v)
    return g * h


def both_ways_back(dy, x, u, v, mistake=""):
    ends, dx, found = [], np.zeros_like(x), []
    for rows, w in ((x, u), (x[::-1], v)):
        states = [np.zeros(3)]
        for row in rows:
            states.append(np.tanh(row + states[-1] @ w))
        ends.append(states)
    for k, w in enumerate((u, u if mistake == "first weights" else v)):
        d, dw = dy * ends[1 - k][-1], np.zeros((3, 3))
        for t in range(3, -1, -1):
            da = d * (1 - ends[k][t + 1] ** 2)
            dx[3 - t if k else t] += da
            dw += np.outer(ends[k][t], da)
            d = w @ da
        found.append(dw)
    return dx, *found


def biased(q, k, bias, heat):
    """q, k (4, 3), bias (4,), heat () -> (4, 3): attention with a bias, and with noise."""
    scores = q @ k.T
    scores = scores + np.sin(bias)
    noisy = scores + np.cos(np.arange(16.0)).reshape(4, 4)
    noisy = noisy / heat
    e = np.exp(noisy - noisy.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ k


def biased_back(dy, q, k, bias, heat, mistake=""):
    right = q @ k.T + np.sin(bias) + np.cos(np.arange(16.0)).reshape(4, 4)
    noisy = right - (np.sin(bias) if mistake == "without bias" else 0)
    e = np.exp(noisy / heat)
    p = e / e.sum(axis=1, keepdims=True)
    dp = dy @ k.T
    again = p
    if mistake == "without noise":
        again = np.exp((q @ k.T + np.sin(bias)) / heat)
        again = again / again.sum(axis=1, keepdims=True)
    ds = again * (dp - (dp * again).sum(axis=1, keepdims=True))
    dheat = -(ds * noisy).sum() / heat**2
    ds = ds / heat
    return ds @ k, ds.T @ q + p.T @ dy, ds.sum(axis=0) * np.cos(bias), dheat


def features(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1) + 1


def alike(q, k):
    """q, k (4, 3) -> (4, 4)."""
    f, g = features(q), features(k)
    return f @ g.T


def alike_back(dy, q, k, mistake=""):
    f, g = features(q), features(k)
    slopes = (f, g) if mistake == "slope of exp" else (np.minimum(f, 1), np.minimum(g, 1))
    return dy @ g * slopes[0], dy.T @ f * slopes[1]


SCORES = {
    "chain": (chain, chain_back, array(4, 2, 3), array(3, 3)),
    "matched": (matched, matched_back, array(3, 4), array(4, 3)),
    "likelihood": (likelihood, likelihood_back, array(3, 4), array(4, 5)),
    "twice_turned": (twice_turned, twice_turned_back, array(3, 4), array(4)),
    "twice_waved": (twice_waved, twice_waved_back, array(3, 4), array(4)),
    "leaky": (leaky, leaky_back, array(4), array(4), array(4, 3)),
    "series": (series, series_back, array(3, 2), array(2, 4)),
    "pairs": (pairs, pairs_back, array(4, 3), array(3), array(3)),
    "gates": (gates, gates_back, array(3, 4), array(4, 6)),
    "heads": (heads, heads_back, array(3, 4), array(4, 4)),
    "ring": (ring, ring_back, array(2, 9), array(9), array(7)),
    "overlap": (overlap, overlap_back, array(3, 4), array(4, 5)),
    "scaled": (scaled, scaled_back, array(3, 4), array(4, 4), array(4), array(4)),
    "both_ways": (both_ways, both_ways_back, array(4, 3), array(3, 3), array(3, 3)),
    "biased": (biased, biased_back, array(4, 3), array(4, 3), array(4), np.array(1.3)),
    "alike": (alike, alike_back, array(4, 3), array(4, 3)),
}
