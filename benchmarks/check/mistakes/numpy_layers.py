"""NumPy: layers as they stand in courses and small frameworks, with what goes wrong in them."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "mlp-dy-before-the-mask",
        "the first layer's gradients are taken before the mask of the ReLU was applied to dh",
        "dw1, db1 = x.T @ dh, dh.sum(axis=0)",
        "dw1, db1 = x.T @ (dy @ w2.T), (dy @ w2.T).sum(axis=0)",
        same("w1 b1", "derivative-forgotten mask-forgotten"),
    ),
    Mistake(
        "mlp-guided-relu",
        "the mask lets pass where dh is positive, as in pictures of what a net sees",
        "dh = dy @ w2.T * (a > 0)",
        "dh = np.maximum(dy @ w2.T, 0) * (a > 0)",
        same("x w1 b1", "nonlinear"),
    ),
    Mistake(
        "mlp-bias-over-features",
        "the second bias is summed over the wrong axis; the batch is as large as the layer is wide",
        "dw2, db2 = h.T @ dy, dy.sum(axis=0)",
        "dw2, db2 = h.T @ dy, dy.sum(axis=1)",
        {"b2": "wrong-axis wrong-formula"},
    ),
    Mistake(
        "mlp-batch-twice",
        "one layer divides by the batch, as the cost did already",
        "dw2, db2 = h.T @ dy, dy.sum(axis=0)",
        "dw2, db2 = h.T @ dy / len(x), dy.sum(axis=0)",
        {"w2": "factor"},
    ),
    Mistake(
        "mlp-activation-for-input",
        "the second weights get the pre-activation, where the ReLU's output belongs",
        "dw2, db2 = h.T @ dy, dy.sum(axis=0)",
        "dw2, db2 = a.T @ dy, dy.sum(axis=0)",
        {"w2": "wrong-argument input-for-output"},
    ),
)
def two_layers(rng):
    def mlp(x, w1, b1, w2, b2):
        h = np.maximum(x @ w1 + b1, 0)
        return h @ w2 + b2

    def mlp_vjp(dy, x, w1, b1, w2, b2):
        a = x @ w1 + b1
        h = np.maximum(a, 0)
        dw2, db2 = h.T @ dy, dy.sum(axis=0)
        dh = dy @ w2.T * (a > 0)
        dw1, db1 = x.T @ dh, dh.sum(axis=0)
        return dh @ w1.T, dw1, db1, dw2, db2

    x, w1, w2 = rng.normal(size=(5, 3)), rng.normal(size=(3, 7)), rng.normal(size=(7, 5))
    return vjp_call(mlp, mlp_vjp, x, w1, rng.normal(size=7), w2, rng.normal(size=5))


@broken(
    Mistake(
        "batchnorm-running-variance",
        "training normalises by the batch, and backward divides by what was kept for evaluation",
        "s = np.sqrt(x.var(axis=0) + 1e-5)",
        "s = np.sqrt(0.9 * 1.0 + 0.1 * x.var(axis=0) + 1e-5)",
        {"x": "factor-per-column"},
    ),
    Mistake(
        "batchnorm-mean-constant",
        "the mean's part is forgotten, the variance's is not",
        "dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / s",
        "dx = (d - xhat * (d * xhat).mean(axis=0)) / s",
        {"x": "statistics-constant term-missing"},
    ),
    Mistake(
        "batchnorm-sums-for-means",
        "the two means of backward are sums",
        "dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / s",
        "dx = (d - d.sum(axis=0) - xhat * (d * xhat).sum(axis=0)) / s",
        {"x": "term-factor wrong-formula"},
    ),
)
def batch_norm(rng):
    def norm(x, gain, shift):
        xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        return gain * xhat + shift

    def norm_vjp(dy, x, gain, shift):
        xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        s = np.sqrt(x.var(axis=0) + 1e-5)
        d = dy * gain
        dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / s
        return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)

    return vjp_call(norm, norm_vjp, rng.normal(size=(7, 3)), rng.uniform(0.5, 2, 3), rng.normal(size=3))


@broken(
    Mistake(
        "rnn-truncated",
        "dh starts from nothing again every second step, though forward never cuts",
        "dh = da @ wh.T",
        "dh = da @ wh.T if t % 2 else np.zeros_like(da)",
        same("x wx wh", "carry-lost term-missing"),
    ),
    Mistake(
        "rnn-dy-of-the-step-before",
        "each step takes the dy of the one before it, and the first that of the last: an index too small",
        "da = (dh + dy[t]) * (1 - h**2)",
        "da = (dh + dy[t - 1]) * (1 - h**2)",
        same("x wx wh", "reordered"),
    ),
    Mistake(
        "rnn-state-after",
        "the recurrent weights are multiplied by the state that the step made, not the one that it read",
        "dwh += h_prev.T @ da",
        "dwh += h.T @ da",
        {"wh": "wrong-argument"},
    ),
)
def plain_rnn(rng):
    def rnn(x, wx, wh):
        h, outputs = np.zeros((2, 3)), []
        for t in range(len(x)):
            h = np.tanh(x[t] @ wx + h @ wh)
            outputs.append(h)
        return np.stack(outputs)

    def rnn_vjp(dy, x, wx, wh):
        hs = [np.zeros((2, 3)), *rnn(x, wx, wh)]
        dx, dwx, dwh, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros((2, 3))
        for t in reversed(range(len(x))):
            h_prev, h = hs[t], hs[t + 1]
            da = (dh + dy[t]) * (1 - h**2)
            dx[t] = da @ wx.T
            dwx += x[t].T @ da
            dwh += h_prev.T @ da
            dh = da @ wh.T
        return dx, dwx, dwh

    return vjp_call(rnn, rnn_vjp, rng.normal(size=(5, 2, 7)), rng.normal(size=(7, 3)) / 2, rng.normal(size=(3, 3)) / 2)


@broken(
    Mistake(
        "average-pool-full-windows",
        "at the ends a window holds two numbers, and backward divides by three everywhere",
        "share = dy[i] / (high - low)",
        "share = dy[i] / 3",
        {"x": "border"},
    ),
)
def moving_average(rng):
    def average(x):
        return np.stack([x[max(i - 1, 0) : i + 2].mean(axis=0) for i in range(len(x))])

    def average_vjp(dy, x):
        dx = np.zeros_like(x)
        for i in range(len(x)):
            low, high = max(i - 1, 0), min(i + 2, len(x))
            share = dy[i] / (high - low)
            dx[low:high] += share
        return dx

    return vjp_call(average, average_vjp, rng.normal(size=(11, 3)))


@broken(
    Mistake(
        "attention-dropout-not-in-backward",
        "attention is dropped out in forward; dp goes back as if nothing had been dropped",
        "dp = dy @ v.T * mask",
        "dp = dy @ v.T",
        same("q k", "mask-forgotten derivative-forgotten"),
    ),
    Mistake(
        "attention-mask-for-values",
        "dv is taken of the attention before the dropout",
        "dv = (p * mask).T @ dy",
        "dv = p.T @ dy",
        {"v": "wrong-argument mask-forgotten"},
    ),
)
def attention_with_dropout(rng):
    mask = (rng.random(size=(5, 7)) < 0.7) / 0.7

    def attention(q, k, v):
        s = q @ k.T / np.sqrt(3)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True) * mask @ v

    def attention_vjp(dy, q, k, v):
        s = q @ k.T / np.sqrt(3)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        dv = (p * mask).T @ dy
        dp = dy @ v.T * mask
        ds = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / np.sqrt(3)
        return ds @ k, ds.T @ q, dv

    return vjp_call(attention, attention_vjp, rng.normal(size=(5, 3)), rng.normal(size=(7, 3)), rng.normal(size=(7, 2)))


@broken(
    Mistake(
        "correlation-flipped-along-one-axis",
        "the kernel is turned over for dx along its rows, and its columns are forgotten",
        "turned = k[::-1, ::-1]",
        "turned = k[::-1]",
        {"x": "reordered"},
    ),
)
def correlation(rng):
    def windows_of(x):
        return np.lib.stride_tricks.sliding_window_view(x, (3, 3))

    def correlate(x, k):
        return np.einsum("ijuv,uv->ij", windows_of(x), k)

    def correlate_vjp(dy, x, k):
        turned = k[::-1, ::-1]
        dx = np.einsum("ijuv,uv->ij", windows_of(np.pad(dy, 2)), turned)
        return dx, np.einsum("ijuv,ij->uv", windows_of(x), dy)

    return vjp_call(correlate, correlate_vjp, rng.normal(size=(7, 5)), rng.normal(size=(3, 3)))
