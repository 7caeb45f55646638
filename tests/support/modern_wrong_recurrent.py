"""Recurrences with backwards through time as people get them wrong."""

import numpy as np

from support.modern_right import Row, places, sigmoid
from support.modern_right_recurrent import GRU, LSTM, RNN, SCAN, gru_vjp, lstm_vjp, rnn, scan_states


def untransposed_recurrence(dy, x, w, u, b, h0):
    hs = [h0, *rnn(x, w, u, b, h0)]
    dx, dw, du, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz = (dy[t] + dh) * (1 - hs[t + 1] ** 2)
        dx[t] = dz @ w.T
        dw += np.outer(x[t], dz)
        du += np.outer(hs[t], dz)
        db += dz
        dh = dz @ u
    return dx, dw, du, db, dh


def next_state(dy, x, w, u, b, h0):
    hs = [h0, *rnn(x, w, u, b, h0)]
    dx, dw, du, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz = (dy[t] + dh) * (1 - hs[t + 1] ** 2)
        dx[t] = dz @ w.T
        dw += np.outer(x[t], dz)
        du += np.outer(hs[t + 1], dz)
        db += dz
        dh = dz @ u.T
    return dx, dw, du, db, dh


def bias_of_one_step(dy, x, w, u, b, h0):
    hs = [h0, *rnn(x, w, u, b, h0)]
    dx, dw, du = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u)
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz = (dy[t] + dh) * (1 - hs[t + 1] ** 2)
        dx[t] = dz @ w.T
        dw += np.outer(x[t], dz)
        du += np.outer(hs[t], dz)
        db = dz
        dh = dz @ u.T
    return dx, dw, du, db, dh


def reset_path_lost(dy, x, w, u, h0):
    def step(dh, h, gates, u):
        z, r, n = gates
        dn = dh * z * (1 - n**2)
        dz = dh * (n - h) * z * (1 - z)
        drh = dn @ u[2].T
        dr = drh * h * r * (1 - r)
        return dh * (1 - z) + dz @ u[0].T + drh * r, (dz, dr, dn)

    return gru_vjp(dy, x, w, u, h0, step)


def leak_lost(dy, x, w, u, h0):
    def step(dh, h, gates, u):
        z, r, n = gates
        dn = dh * z * (1 - n**2)
        dz = dh * (n - h) * z * (1 - z)
        drh = dn @ u[2].T
        dr = drh * h * r * (1 - r)
        return dz @ u[0].T + dr @ u[1].T + drh * r, (dz, dr, dn)

    return gru_vjp(dy, x, w, u, h0, step)


def update_gate_sign(dy, x, w, u, h0):
    def step(dh, h, gates, u):
        z, r, n = gates
        dn = dh * z * (1 - n**2)
        dz = dh * (h - n) * z * (1 - z)
        drh = dn @ u[2].T
        dr = drh * h * r * (1 - r)
        return dh * (1 - z) + dz @ u[0].T + dr @ u[1].T + drh * r, (dz, dr, dn)

    return gru_vjp(dy, x, w, u, h0, step)


def cell_not_carried(dy, x, w, b, h0, c0):
    def step(dh, dc, before, gates, c):
        i, f, o, g = gates
        tanh_c = np.tanh(c)
        do = dh * tanh_c
        dc = dh * o * (1 - tanh_c**2)
        di, df, dg = dc * g, dc * before, dc * i
        da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        return dc * f, da

    return lstm_vjp(dy, x, w, b, h0, c0, step)


def forget_gate_of_this_cell(dy, x, w, b, h0, c0):
    def step(dh, dc, before, gates, c):
        i, f, o, g = gates
        tanh_c = np.tanh(c)
        do = dh * tanh_c
        dc = dc + dh * o * (1 - tanh_c**2)
        di, df, dg = dc * g, dc * c, dc * i
        da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        return dc * f, da

    return lstm_vjp(dy, x, w, b, h0, c0, step)


def output_gate_without_tanh(dy, x, w, b, h0, c0):
    def step(dh, dc, before, gates, c):
        i, f, o, g = gates
        do = dh * c
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        di, df, dg = dc * g, dc * before, dc * i
        da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        return dc * f, da

    return lstm_vjp(dy, x, w, b, h0, c0, step)


def state_not_carried(dy, x, decay, b, c):
    a, hs = sigmoid(decay), scan_states(x, decay, b)
    dx, da, db, dc = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b), np.zeros_like(c)
    for t in reversed(range(len(x))):
        dc += dy[t] * hs[t + 1]
        dh = c * dy[t]
        da += dh * hs[t]
        db += dh * x[t]
        dx[t] = dh * b
    return dx, da * a * (1 - a), db, dc


def decay_of_this_state(dy, x, decay, b, c):
    a, hs = sigmoid(decay), scan_states(x, decay, b)
    dx, da, db, dc, dh = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b), np.zeros_like(c), np.zeros_like(b)
    for t in reversed(range(len(x))):
        dc += dy[t] * hs[t + 1]
        dh = dh + c * dy[t]
        da += dh * hs[t + 1]
        db += dh * x[t]
        dx[t] = dh * b
        dh = dh * a
    return dx, da * a * (1 - a), db, dc


def decay_without_sigmoid(dy, x, decay, b, c):
    a, hs = sigmoid(decay), scan_states(x, decay, b)
    dx, da, db, dc, dh = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b), np.zeros_like(c), np.zeros_like(b)
    for t in reversed(range(len(x))):
        dc += dy[t] * hs[t + 1]
        dh = dh + c * dy[t]
        da += dh * hs[t]
        db += dh * x[t]
        dx[t] = dh * b
        dh = dh * a
    return dx, da, db, dc


ROWS = [
    Row(
        "rnn u untransposed",
        "dh = dz u for dz uᵀ",
        RNN,
        untransposed_recurrence,
        places("x w u b h0", "jacobian-not-transposed"),
    ),
    Row("rnn next state", "du from h_t, not from h_{t-1}", RNN, next_state, places("u", "wrong-argument")),
    Row("rnn bias of one step", "db = for db +=", RNN, bias_of_one_step, places("b", "overwritten", "not-summed")),
    Row("gru reset path lost", "dh without the reset gate's", GRU, reset_path_lost, places("x w u h0", "term-missing")),
    Row("gru leak lost", "dh without (1 - z) dh", GRU, leak_lost, places("x w u h0", "term-missing")),
    Row("gru update sign", "h - n for n - h", GRU, update_gate_sign, places("x w u h0", "term-factor")),
    Row(
        "lstm cell not carried",
        "dc starts anew at each step",
        LSTM,
        cell_not_carried,
        places("x w b h0 c0", "carry-lost", "term-missing"),
    ),
    Row(
        "lstm forget gate of this cell",
        "df from c_t, not from c_{t-1}",
        LSTM,
        forget_gate_of_this_cell,
        places("x w b h0 c0", "wrong-argument"),
    ),
    Row(
        "lstm output gate without tanh",
        "do from c, not from tanh c",
        LSTM,
        output_gate_without_tanh,
        places("x w b h0 c0", "wrong-argument"),
    ),
    Row(
        "scan not carried",
        "dh is only that of the step's own output",
        SCAN,
        state_not_carried,
        places("x", "carry-lost", "term-missing", "diagonal-jacobian")
        + places("decay b", "carry-lost", "term-missing"),
    ),
    Row(
        "scan decay of this state",
        "da from h_t, not from h_{t-1}",
        SCAN,
        decay_of_this_state,
        places("decay", "wrong-argument"),
    ),
    Row(
        "scan decay without sigmoid",
        "da handed on as the gradient of decay",
        SCAN,
        decay_without_sigmoid,
        places("decay", "derivative-forgotten"),
    ),
]
