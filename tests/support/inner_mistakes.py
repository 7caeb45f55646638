"""Functions with backward passes by hand, in which one line may be wrong: `mistake` says which."""

import numpy as np

RNG = np.random.default_rng(0)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn(x, w, u, b):
    """x (4, 3), w (3, 2), u (2, 2), b (2,) -> (4, 2)."""
    h = np.zeros(2)
    out = np.zeros((4, 2))
    for t in range(4):
        a = x[t] @ w + h @ u + b
        h = np.tanh(a)
        out[t] = h
    return out


def rnn_back(dy, x, w, u, b, mistake=""):
    out = rnn(x, w, u, b)
    dx, dw, du, db, dh = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros(2)
    for t in reversed(range(4)):
        before = out[t - 1] if t else np.zeros(2)
        dh = dh + dy[t]
        da = dh * (1 - out[t] if mistake == "slope" else 1 - out[t] ** 2)
        dx[t] = w @ da
        dw = np.outer(x[t], da) + (0 if mistake == "last turn" else dw)
        before = {"next state": out[t], "last state": out[-1]}.get(mistake, before)
        du += np.outer(before, da)
        db += dh if mistake == "bias early" else da
        dh = 0 * da if mistake == "carry" else da if mistake == "recurrent weight" else u @ da
    return dx, dw, du, db


def gru(x, u, v):
    """x (4, 3), u (3,), v (3,) -> (3,)."""
    h = np.ones(3)
    for t in range(4):
        z = sigmoid(x[t] + h * u)
        c = np.tanh(x[t] * v + h)
        h = (1 - z) * h + z * c
    return h


def gru_back(dy, x, u, v, mistake=""):
    states, h = [], np.ones(3)
    for t in range(4):
        z, c = sigmoid(x[t] + h * u), np.tanh(x[t] * v + h)
        states.append((h, z, c))
        h = (1 - z) * h + z * c
        if mistake == "after the step":
            z, c = sigmoid(x[t] + h * u), np.tanh(x[t] * v + h)
            states[-1] = h, z, c
    dx, du, dv, dh = np.zeros_like(x), np.zeros(3), np.zeros(3), dy
    for t in reversed(range(4)):
        h, z, c = states[t]
        dz = dh * (c - h) * z * (1 - z)
        dc = dh * z * (1 - c**2)
        dx[t] = dz + dc * v
        du, dv = du + dz * h, dv + dc * x[t]
        dh = dh * (1 - z) + (0 if mistake == "gate to state" else dz * u) + dc
    return dx, du, dv


def windows(x, g, w):
    """x (6,), g (6,), w (3, 2) -> (4, 2)."""
    z = np.cumsum(x) * g
    y = np.zeros((4, 2))
    for t in range(4):
        y[t] = np.tanh(z[t : t + 3]) @ w
    return y


def windows_back(dy, x, g, w, mistake=""):
    z = np.cumsum(x) * g
    dz, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(4):
        s = np.tanh(z[t : t + 3])
        ds = (w @ dy[t]) * (1 - s**2)
        dw += np.outer(s, dy[t])
        if mistake == "set":
            dz[t : t + 3] = ds
        else:
            dz[t : t + 3] += ds
    return np.cumsum((dz * g)[::-1])[::-1], dz * np.cumsum(x), dw


def glu(x, w, v):
    """x (3, 4), w (4, 5), v (4, 5) -> (3, 5)."""
    gate = sigmoid(x @ w)
    value = np.tanh(x @ v)
    return gate * value


def glu_back(dy, x, w, v, mistake=""):
    gate, value = sigmoid(x @ w), np.tanh(x @ v)
    dgate, dvalue = dy * value, dy * gate
    slope = (1 - value) * value if mistake == "sigmoid for tanh" else 1 - value**2
    slope = 1 - gate**2 if mistake == "gate for value" else slope
    slope = 1 - np.tanh(value) ** 2 if mistake == "tanh at output" else slope
    if mistake == "gate once more":
        dvalue = dvalue * gate
    if mistake == "sigmoid at output":
        gate = sigmoid(gate)
    da = dgate * (1 if mistake == "no sigmoid" else gate * (1 - gate))
    dc = dvalue * slope
    count = {"gate constant": 0.0, "gate twice": 2.0, "gate minus": -1.0, "gate 0.3": 0.3}.get(mistake, 1.0)
    dw = x.T @ da
    if mistake == "no gate and no tanh":
        return dvalue @ v.T, dw, x.T @ dc
    return count * da @ w.T + dc @ v.T, dw, x.T @ dc


def attention(q, k, v):
    """q, k, v (4, 3) -> (4, 3)."""
    scores = q @ k.T / np.sqrt(3)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ v


def attention_back(dy, q, k, v, mistake=""):
    scores = q @ k.T / np.sqrt(3)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    dp = dy @ v.T
    along = 0 if mistake == "softmax axis" else 1
    ds = p * (dp - (dp * p).sum(axis=along, keepdims=True))
    if mistake == "softmax diagonal":
        ds = dp * p * (1 - p)
    if mistake == "softmax skipped":
        ds = dp
    ds = ds if mistake == "no scale" else ds / np.sqrt(3)
    dk = ds @ q if mistake == "scores not transposed" else ds.T @ q
    dv = p @ dy if mistake == "p not transposed" else p.T @ dy
    return ds @ k, dk, dv


def normed(x, gain):
    """x (3, 4), gain (4,) -> (3, 4)."""
    mean = x.mean(axis=1, keepdims=True)
    std = np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True))
    z = (x - mean) / std
    return np.tanh(z * gain)


def normed_back(dy, x, gain, mistake=""):
    std = x.std(axis=1, keepdims=True)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    ds = dy * (1 - np.tanh(z * gain) ** 2)
    dz = ds * gain
    axis = 0 if mistake == "norm axis" else 1
    first = dz.mean(axis=axis, keepdims=True) * (mistake not in ("mean constant", "both constant"))
    second = z * (dz * z).mean(axis=axis, keepdims=True) * (mistake not in ("std constant", "both constant"))
    dgain = (ds * z)[0] if mistake == "first row" else (ds * z).sum(axis=0)
    return (dz - first - second) / std, dgain


def clipped(x, w):
    """x (3, 4), w (4, 5) -> (3, 5)."""
    a = x @ w
    h = np.maximum(a, 0)
    return h * np.sin(h + 1)


def clipped_back(dy, x, w, mistake=""):
    a = x @ w
    h = np.maximum(a, 0)
    dh = dy * (np.sin(h + 1) + h * np.cos(h + 1))
    mask = {"no mask": 1, "mask inverted": a <= 0, "mask of another": np.sin(h + 1) > 0}.get(mistake, a > 0)
    da = dh * mask
    return da @ w.T, x.T @ da


def pooled(x, w):
    """x (2, 3, 4), w (4, 5) -> (2, 5)."""
    h = np.tanh(x @ w)
    pooled = h.mean(axis=1)
    return pooled**2


def pooled_back(dy, x, w, mistake=""):
    h = np.tanh(x @ w)
    d = 2 * dy * h.mean(axis=1)
    d = d[:, ::-1] if mistake == "reversed" else d
    d = np.broadcast_to(d.sum(axis=0), d.shape) if mistake == "summed over examples" else d
    dh = np.repeat(d[:, None], 3, axis=1)
    da = dh / (1 if mistake == "no 1/n" else 3) * (1 - h**2)
    return da @ w.T, np.einsum("nti,ntj->ij", x, da)


def padded(x, w):
    """x (3, 3), w (3, 3) -> (2, 5)."""
    y = np.tanh(x * w)
    y = np.pad(y, 1)
    return np.sin(y[1:3] + y[2:4])


def padded_back(dy, x, w, mistake=""):
    t = np.tanh(x * w)
    y = np.pad(t, 1)
    ds = dy * np.cos(y[1:3] + y[2:4])
    dpad = np.zeros((5, 5))
    dpad[1:3] += ds
    dpad[2:4] += ds
    dt = dpad[:3, :3] if mistake == "from the corner" else dpad[1:4, 1:4]
    da = dt * (1 - t**2)
    return da * w, da * x


def repeated(x, w):
    """x (2, 3), w (3,) -> (4, 6)."""
    y = np.tanh(x * w)
    y = np.repeat(y, 2, axis=0)
    y = np.repeat(y, 2, axis=1)
    return y * np.arange(24.0).reshape(4, 6)


def repeated_back(dy, x, w, mistake=""):
    t = np.tanh(x * w)
    d = dy * np.arange(24.0).reshape(4, 6)
    d = d[::2, ::2] if mistake == "first of four" else d.reshape(2, 2, 3, 2).sum(axis=(1, 3))
    da = d * (1 - t**2)
    return da * w, (da * x).sum(axis=0)


def dropped(x, w):
    """x (3, 4), w (4, 4) -> (3, 4)."""
    mask = np.array([1.0, 0, 1, 1]) / 0.75
    h = np.tanh(x @ w)
    h = h * mask
    return np.exp(h) * h


def dropped_back(dy, x, w, mistake=""):
    mask = 1.0 if mistake == "drawn no mask" else np.array([1.0, 0, 1, 1]) / 0.75
    t = np.tanh(x @ w)
    h = t * mask
    da = dy * np.exp(h) * (1 + h) * mask * (1 - t**2)
    return da @ w.T, x.T @ da


def turned(x, w):
    """x (4, 4), w (4, 4) -> (4, 4)."""
    h = np.tanh(x @ w)
    return np.sin(h.reshape(2, 8).T.reshape(4, 4) * x)


def turned_back(dy, x, w, mistake=""):
    h = np.tanh(x @ w)
    m = h.reshape(2, 8).T.reshape(4, 4)
    d = dy * np.cos(m * x)
    dm = d * x
    dh = dm.reshape(4, 4) if mistake == "not turned back" else dm.reshape(8, 2).T.reshape(4, 4)
    da = dh * (1 - h**2)
    return da @ (w if mistake == "weight not transposed" else w.T) + d * m, x.T @ da


def mixed_in_steps(x, w, gain):
    """x (3, 2, 4), w (4, 4), gain (4,) -> (2, 4): a state that is normalised in each step; then columns of a length."""
    h = np.ones((2, 4))
    for t in range(3):
        z = x[t] + h @ w
        centred = z - z.mean(axis=1, keepdims=True)
        hat = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-3)
        h = np.sin(hat) + 0.5 * h
    unit = gain * h / np.sqrt((h * h).sum(axis=0))
    return unit - np.sin(unit)


def mixed_in_steps_back(dy, x, w, gain, mistake=""):
    h, kept = np.ones((2, 4)), []
    for t in range(3):
        z = x[t] + h @ w
        centred = z - z.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-3)
        kept.append((h, centred / spread, spread))
        h = np.sin(centred / spread) + 0.5 * h
    length = np.sqrt((h * h).sum(axis=0))
    unit = h / length
    dunit = dy * (1 - np.cos(gain * unit))
    along = (dunit * unit).sum(axis=1, keepdims=True) if mistake == "length" else (dunit * unit).sum(axis=0)
    dh, dgain = gain * (dunit - unit * along) / length, (dunit * unit).sum(axis=0)
    dx, dw, axis = np.zeros_like(x), np.zeros_like(w), 0 if mistake == "norm axis" else 1
    for t in reversed(range(3)):
        h, hat, spread = kept[t]
        dhat = dh * np.cos(hat)
        means = dhat.mean(axis=axis, keepdims=True), (dhat * hat).mean(axis=axis, keepdims=True)
        dz = (dhat - means[0] - hat * means[1]) / spread
        dx[t], dw, dh = dz, dw + h.T @ dz, dz @ w.T + 0.5 * dh
    return dx, dw, dgain


OFF_DIAGONAL = 1 - np.eye(4)


def decorrelated(x, w):
    """x (3, 4), w (4, 4) -> (4, 4): squares of what different columns have in common."""
    a = x @ w
    common = (a.T @ a) * OFF_DIAGONAL
    return common * common


def decorrelated_back(dy, x, w, mistake=""):
    a = x @ w
    dcommon = 2 * dy * (a.T @ a) * (1 if mistake == "no mask" else OFF_DIAGONAL)
    da = a @ (dcommon + dcommon.T)
    return da @ w.T, x.T @ da


def covered(x, w):
    """x (3, 4), w (4,) -> (4,): in each turn a part of what is left, at most nine tenths, as in the first turn."""
    left, y = np.ones(4), np.zeros(4)
    for t in range(3):
        full = np.exp(0.4 - 0.8 * t + 0.1 * np.sin(x[t]) + 0.1 * np.sin(w))
        part = np.minimum(full, 0.9)
        y = y + left * part
        left = left * (1 - part)
    return y


def covered_back(dy, x, w, mistake=""):
    left, states = np.ones(4), []
    for t in range(3):
        full = np.exp(0.4 - 0.8 * t + 0.1 * np.sin(x[t]) + 0.1 * np.sin(w))
        part = np.minimum(full, 0.9)
        states.append((left, full, part))
        left = left * (1 - part)
    dx, dw, dleft = np.zeros_like(x), np.zeros_like(w), np.zeros(4)
    for t in reversed(range(3)):
        left, full, part = states[t]
        dfull = (left * (dy - dleft)) * (1.0 if mistake == "no mask" else full < 0.9) * full
        dleft = dy * part + dleft * (1 - part)
        dx[t], dw = dfull * 0.1 * np.cos(x[t]), dw + dfull * 0.1 * np.cos(w)
    return dx, dw


def array(*shape):
    return RNG.normal(size=shape)


PAIRS = {
    "rnn": (rnn, rnn_back, array(4, 3), array(3, 2), array(2, 2), array(2)),
    "gru": (gru, gru_back, array(4, 3), array(3), array(3)),
    "windows": (windows, windows_back, array(6), array(6), array(3, 2)),
    "glu": (glu, glu_back, array(3, 4), array(4, 5), array(4, 5)),
    "attention": (attention, attention_back, array(4, 3), array(4, 3), array(4, 3)),
    "normed": (normed, normed_back, array(3, 4), array(4)),
    "clipped": (clipped, clipped_back, array(3, 4), array(4, 5)),
    "pooled": (pooled, pooled_back, array(2, 3, 4), array(4, 5)),
    "padded": (padded, padded_back, array(3, 3), array(3, 3)),
    "repeated": (repeated, repeated_back, array(2, 3), array(3)),
    "dropped": (dropped, dropped_back, array(3, 4), array(4, 4)),
    "turned": (turned, turned_back, array(4, 4), array(4, 4)),
    "mixed in steps": (mixed_in_steps, mixed_in_steps_back, array(3, 2, 4), array(4, 4), array(4)),
    "decorrelated": (decorrelated, decorrelated_back, array(3, 4), array(4, 4)),
    "covered": (covered, covered_back, array(3, 4), array(4)),
}
