"""Recurrences with right backwards through time: a plain one, GRU, LSTM and a state-space scan."""

import numpy as np

from support.modern_right import Block, normal, sigmoid, sizes, weights


def rnn(x, w, u, b, h0):
    """h_t = tanh(x_t w + h_{t-1} u + b), for x (T, n); gives all h (T, m)."""
    h, hs = h0, []
    for x_t in x:
        h = np.tanh(x_t @ w + h @ u + b)
        hs.append(h)
    return np.stack(hs)


def rnn_vjp(dy, x, w, u, b, h0):
    hs = [h0, *rnn(x, w, u, b, h0)]
    dx, dw, du, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz = (dy[t] + dh) * (1 - hs[t + 1] ** 2)
        dx[t] = dz @ w.T
        dw += np.outer(x[t], dz)
        du += np.outer(hs[t], dz)
        db += dz
        dh = dz @ u.T
    return dx, dw, du, db, dh


def gru(x, w, u, h0):
    """w (3, n, m) and u (3, m, m) of the update gate, the reset gate and the candidate; gives all h (T, m)."""
    h, hs = h0, []
    for x_t in x:
        z = sigmoid(x_t @ w[0] + h @ u[0])
        r = sigmoid(x_t @ w[1] + h @ u[1])
        n = np.tanh(x_t @ w[2] + (r * h) @ u[2])
        h = (1 - z) * h + z * n
        hs.append(h)
    return np.stack(hs)


def gru_gates(x_t, h, w, u):
    z = sigmoid(x_t @ w[0] + h @ u[0])
    r = sigmoid(x_t @ w[1] + h @ u[1])
    return z, r, np.tanh(x_t @ w[2] + (r * h) @ u[2])


def gru_step(dh, h, gates, u):
    """Return dh of the step before, and the gradients of the three pre-activations."""
    z, r, n = gates
    dn = dh * z * (1 - n**2)
    dz = dh * (n - h) * z * (1 - z)
    drh = dn @ u[2].T
    dr = drh * h * r * (1 - r)
    before = dh * (1 - z) + dz @ u[0].T + dr @ u[1].T + drh * r
    return before, (dz, dr, dn)


def gru_vjp(dy, x, w, u, h0, step=gru_step):
    hs = [h0, *gru(x, w, u, h0)]
    dx, dw, du, dh = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        gates = gru_gates(x[t], hs[t], w, u)
        dh, da = step(dy[t] + dh, hs[t], gates, u)
        heads = hs[t], hs[t], gates[1] * hs[t]
        for k in range(3):
            dx[t] += da[k] @ w[k].T
            dw[k] += np.outer(x[t], da[k])
            du[k] += np.outer(heads[k], da[k])
    return dx, dw, du, dh


def lstm(x, w, b, h0, c0):
    """w (n + m, 4 m) of the gates i, f, o and g; gives all h (T, m)."""
    h, c, hs = h0, c0, []
    for x_t in x:
        i, f, o, g = np.split(np.concatenate([x_t, h]) @ w + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs)


def lstm_states(x, w, b, h0, c0):
    """Return (x_t and h before, c before, gates, c) of each step."""
    h, c, kept = h0, c0, []
    for x_t in x:
        xh, before = np.concatenate([x_t, h]), c
        i, f, o, g = np.split(xh @ w + b, 4)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        c = f * c + i * g
        h = o * np.tanh(c)
        kept.append((xh, before, (i, f, o, g), c))
    return kept


def lstm_step(dh, dc, before, gates, c):
    """Return dc of the step before, and the gradient of the pre-activations of the gates."""
    i, f, o, g = gates
    tanh_c = np.tanh(c)
    do = dh * tanh_c
    dc = dc + dh * o * (1 - tanh_c**2)
    di, df, dg = dc * g, dc * before, dc * i
    da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
    return dc * f, da


def lstm_vjp(dy, x, w, b, h0, c0, step=lstm_step):
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    states = lstm_states(x, w, b, h0, c0)
    for t in reversed(range(len(x))):
        xh, before, gates, c = states[t]
        dc, da = step(dy[t] + dh, dc, before, gates, c)
        dw += np.outer(xh, da)
        db += da
        dxh = w @ da
        dx[t], dh = dxh[: x.shape[1]], dxh[x.shape[1] :]
    return dx, dw, db, dh, dc


def scan(x, decay, b, c):
    """A state for each channel, h_t = a h_{t-1} + b x_t with a = sigmoid(decay); y_t = c h_t."""
    a = sigmoid(decay)
    h, ys = np.zeros_like(b), []
    for x_t in x:
        h = a * h + b * x_t
        ys.append(c * h)
    return np.stack(ys)


def scan_states(x, decay, b):
    """Return h before the first step and after each."""
    a, hs = sigmoid(decay), [np.zeros_like(b)]
    for x_t in x:
        hs.append(a * hs[-1] + b * x_t)
    return hs


def scan_vjp(dy, x, decay, b, c):
    a, hs = sigmoid(decay), scan_states(x, decay, b)
    dx, da, db, dc, dh = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b), np.zeros_like(c), np.zeros_like(b)
    for t in reversed(range(len(x))):
        dc += dy[t] * hs[t + 1]
        dh = dh + c * dy[t]
        da += dh * hs[t]
        db += dh * x[t]
        dx[t] = dh * b
        dh = dh * a
    return dx, da * a * (1 - a), db, dc


def of_rnn(rng):
    t, n, m = sizes(rng, 3, 5, 7)
    return normal(rng, t, n), weights(rng, n, m), weights(rng, m, m), weights(rng, m), weights(rng, m)


def of_gru(rng):
    t, (n, m) = int(rng.choice([5, 7])), sizes(rng, 2, 3)
    return normal(rng, t, n), weights(rng, 3, n, m), weights(rng, 3, m, m), weights(rng, m)


def of_lstm(rng):
    t, (n, m) = int(rng.choice([5, 7])), sizes(rng, 2, 3)
    return normal(rng, t, n), weights(rng, n + m, 4 * m), weights(rng, 4 * m), weights(rng, m), weights(rng, m)


def of_scan(rng):
    t, n = sizes(rng, 5, 7)
    return normal(rng, t, n), normal(rng, n), normal(rng, n), normal(rng, n)


RNN = Block(rnn, rnn_vjp, of_rnn)
GRU = Block(gru, gru_vjp, of_gru)
LSTM = Block(lstm, lstm_vjp, of_lstm)
SCAN = Block(scan, scan_vjp, of_scan)
