"""NumPy: a residual block of convolutions along time, with a batch norm between them, in a long function."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "residual-windows-assigned",
        "windows overlap, and what each gives a number writes over what the one before gave",
        "dpadded[:, :, k : k + n] += dwindows[:, :, :, k]",
        "dpadded[:, :, k : k + n] = dwindows[:, :, :, k]",
        same("x first gain shift", "overwritten missing term-missing"),
    ),
    Mistake(
        "residual-crop-shifted",
        "a number was added at each end, and two are cut off at the right one",
        "return dpadded[:, :, 1:-1], dweights",
        "return dpadded[:, :, :-2], dweights",
        same("x first gain shift", "reordered"),
    ),
    Mistake(
        "residual-norm-of-each-picture",
        "a channel is normalised over the batch and time, and backward takes the mean over time alone",
        "da = da - hat * (dhat * hat).mean(axis=(0, 2), keepdims=True)",
        "da = da - hat * (dhat * hat).mean(axis=2, keepdims=True)",
        same("x first", "wrong-axis"),
    ),
    Mistake(
        "residual-relu-before-the-gain",
        "the ReLU stands behind gain and shift, and its mask is taken before them",
        "db = db * (hat * gain + shift > 0)",
        "db = db * (hat > 0)",
        same("x first gain shift", "wrong-mask wrong-argument"),
    ),
    Mistake(
        "residual-way-around",
        "the input also goes around both convolutions, and gets nothing back from there",
        'dx = dx + np.einsum("nol,oc->ncl", dtotal, skip)',
        "dx = dx + 0",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "residual-leak-stopped",
        "below 0 the last activation leaks a tenth, and backward lets nothing through",
        "dtotal = dy * np.where(total > 0, 1, 0.1)",
        "dtotal = dy * (total > 0)",
        same("x first gain shift second skip", "missing wrong-mask term-missing"),
    ),
)
def residual_block(rng):
    def run(x, first, gain, shift, second, skip):
        n_rows, _, n = x.shape
        n_out = len(first)
        ends = ((0, 0), (0, 0), (1, 1))
        # the first convolution, as a product with windows
        padded = np.pad(x, ends)
        windows = np.stack([padded[:, :, k : k + n] for k in range(3)], axis=-1)
        windows = windows.transpose(0, 2, 1, 3)
        windows = windows.reshape(n_rows * n, -1)
        weights = first.reshape(n_out, -1)
        a = windows @ weights.T
        a = a.reshape(n_rows, n, n_out)
        a = a.transpose(0, 2, 1)
        # each channel normalised
        centre = a.mean(axis=(0, 2), keepdims=True)
        a = a - centre
        variance = (a * a).mean(axis=(0, 2), keepdims=True)
        spread = np.sqrt(variance + 1e-5)
        hat = a / spread
        b = hat * gain
        b = b + shift
        b = np.maximum(b, 0)
        # the second convolution
        padded = np.pad(b, ends)
        windows = np.stack([padded[:, :, k : k + n] for k in range(3)], axis=-1)
        windows = windows.transpose(0, 2, 1, 3)
        windows = windows.reshape(n_rows * n, -1)
        weights = second.reshape(n_out, -1)
        c = windows @ weights.T
        c = c.reshape(n_rows, n, n_out)
        c = c.transpose(0, 2, 1)
        # and the way around both
        around = np.einsum("ncl,oc->nol", x, skip)
        total = c + around
        leak = 0.1 * total
        return np.where(total > 0, total, leak)

    def windows_of(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
        return np.stack([padded[:, :, k : k + x.shape[2]] for k in range(3)], axis=-1)

    def convolved(x, weights):
        return np.einsum("nclk,ock->nol", windows_of(x), weights)

    def convolved_vjp(dy, x, weights):
        n = x.shape[2]
        dweights = np.einsum("nclk,nol->ock", windows_of(x), dy)
        dwindows = np.einsum("nol,ock->nclk", dy, weights)
        dpadded = np.zeros((len(x), x.shape[1], n + 2))
        for k in range(3):
            dpadded[:, :, k : k + n] += dwindows[:, :, :, k]
        return dpadded[:, :, 1:-1], dweights

    def run_vjp(dy, x, first, gain, shift, second, skip):
        a = convolved(x, first)
        spread = np.sqrt(a.var(axis=(0, 2), keepdims=True) + 1e-5)
        hat = (a - a.mean(axis=(0, 2), keepdims=True)) / spread
        b = np.maximum(hat * gain + shift, 0)
        total = convolved(b, second) + np.einsum("ncl,oc->nol", x, skip)
        dtotal = dy * np.where(total > 0, 1, 0.1)
        dskip = np.einsum("nol,ncl->oc", dtotal, x)
        db, dsecond = convolved_vjp(dtotal, b, second)
        db = db * (hat * gain + shift > 0)
        dgain, dshift = (db * hat).sum(axis=(0, 2))[:, None], db.sum(axis=(0, 2))[:, None]
        dhat = db * gain
        da = dhat - dhat.mean(axis=(0, 2), keepdims=True)
        da = da - hat * (dhat * hat).mean(axis=(0, 2), keepdims=True)
        dx, dfirst = convolved_vjp(da / spread, x, first)
        dx = dx + np.einsum("nol,oc->ncl", dtotal, skip)
        return dx, dfirst, dgain, dshift, dsecond, dskip

    x, first, second = rng.normal(size=(3, 2, 6)), rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 4, 3))
    gain, shift = rng.uniform(0.5, 2, size=(4, 1)), rng.normal(size=(4, 1)) / 2
    return vjp_call(run, run_vjp, x, first, gain, shift, second, rng.normal(size=(4, 2)))
