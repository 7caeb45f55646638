"""NumPy: a recurrent cell whose gates are normalised, in a long function."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "normed-lstm-cell-carry",
        "the cell hands its gradient to the step before, and that is not added to what comes from the outputs",
        "dc = dc + dh * o * (1 - lit**2)",
        "dc = dh * o * (1 - lit**2)",
        same("x w u gain bias", "carry-lost term-missing missing"),
    ),
    Mistake(
        "normed-lstm-forgets-the-new-cell",
        "the forget gate multiplies the cell of before, and its gradient is made of the new one",
        "df = dc * c_before * f * (1 - f)",
        "df = dc * c * f * (1 - f)",
        same("x w u gain bias", "wrong-argument"),
    ),
    Mistake(
        "normed-lstm-state-after",
        "the weights of the state get their gradient from the state after the step",
        "du += before.T @ draw",
        "du += (o * lit).T @ draw",
        {"u": "wrong-argument input-for-output"},
    ),
    Mistake(
        "normed-lstm-means-over-the-batch",
        "the units of a row are normalised together, and backward takes the rows of a unit",
        "centred = dhat - dhat.mean(axis=1, keepdims=True)",
        "centred = dhat - dhat.mean(axis=0, keepdims=True)",
        same("x w u gain bias", "wrong-axis"),
    ),
    Mistake(
        "normed-lstm-gain-of-one-step",
        "the gain is used in each step, and the gradient of the first one is all that is left",
        "dgain += (dz * hat).sum(axis=0)",
        "dgain = (dz * hat).sum(axis=0)",
        {"gain": "overwritten one-example missing term-missing"},
    ),
)
def normed_lstm(rng):
    def run(x, w, u, gain, bias):
        n_steps, n_rows, _ = x.shape
        n = len(u)
        h = np.zeros((n_rows, n))
        c = np.zeros((n_rows, n))
        outputs = []
        for t in range(n_steps):
            inward = x[t] @ w
            again = h @ u
            z = inward + again
            # normalised within its row
            centre = z.mean(axis=1, keepdims=True)
            z = z - centre
            variance = (z * z).mean(axis=1, keepdims=True)
            spread = np.sqrt(variance + 1e-5)
            z = z / spread
            z = z * gain
            z = z + bias
            # the gates
            zi = z[:, :n]
            zf = z[:, n : 2 * n]
            zg = z[:, 2 * n : 3 * n]
            zo = z[:, 3 * n :]
            i = 1 / (1 + np.exp(-zi))
            f = 1 / (1 + np.exp(-zf))
            g = np.tanh(zg)
            o = 1 / (1 + np.exp(-zo))
            kept = f * c
            written = i * g
            c = kept + written
            lit = np.tanh(c)
            h = o * lit
            outputs.append(h)
        return np.stack(outputs)

    def steps(x, w, u, gain, bias):
        h = c = np.zeros((x.shape[1], len(u)))
        for x_t in x:
            z = x_t @ w + h @ u
            spread = np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)
            hat = (z - z.mean(axis=1, keepdims=True)) / spread
            i, f, g, o = np.split(hat * gain + bias, 4, axis=1)
            i, f, g, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), np.tanh(g), 1 / (1 + np.exp(-o))
            new = f * c + i * g
            yield h, c, hat, spread, i, f, g, o, new
            h, c = o * np.tanh(new), new

    def run_vjp(dy, x, w, u, gain, bias):
        kept = list(steps(x, w, u, gain, bias))
        dx, dw, du, dgain, dbias = (np.zeros_like(each) for each in (x, w, u, gain, bias))
        dh = dc = np.zeros(dy.shape[1:])
        for t in reversed(range(len(x))):
            before, c_before, hat, spread, i, f, g, o, c = kept[t]
            dh, lit = dh + dy[t], np.tanh(c)
            dc = dc + dh * o * (1 - lit**2)
            di = dc * g * i * (1 - i)
            df = dc * c_before * f * (1 - f)
            dg = dc * i * (1 - g**2)
            do = dh * lit * o * (1 - o)
            dz = np.concatenate([di, df, dg, do], axis=1)
            dgain += (dz * hat).sum(axis=0)
            dbias += dz.sum(axis=0)
            dhat = dz * gain
            centred = dhat - dhat.mean(axis=1, keepdims=True)
            draw = (centred - hat * (dhat * hat).mean(axis=1, keepdims=True)) / spread
            dx[t] = draw @ w.T
            dw += x[t].T @ draw
            du += before.T @ draw
            dh, dc = draw @ u.T, dc * f
        return dx, dw, du, dgain, dbias

    x, w, u = rng.normal(size=(5, 4, 3)), rng.normal(size=(3, 8)), rng.normal(size=(2, 8))
    return vjp_call(run, run_vjp, x, w, u, rng.uniform(0.5, 2, size=8), rng.normal(size=8))
