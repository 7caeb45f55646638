"""NumPy: signals, orders and products of many axes."""

import numpy as np

from mistakes.case import Mistake, broken, vjp_call


@broken(
    Mistake(
        "fft-not-conjugated",
        "dx is a convolution with the kernel again, and not with its conjugate, a correlation",
        "dx = np.fft.irfft(np.fft.rfft(dy) * np.conj(np.fft.rfft(k)), n)",
        "dx = np.fft.irfft(np.fft.rfft(dy) * np.fft.rfft(k), n)",
        {"x": "jacobian-not-transposed"},
    ),
    Mistake(
        "fft-length-forgotten",
        "dk is divided by the length, as if the inverse transform did not",
        "dk = np.fft.irfft(np.fft.rfft(dy) * np.conj(np.fft.rfft(x)), n)",
        "dk = np.fft.irfft(np.fft.rfft(dy) * np.conj(np.fft.rfft(x)), n) / n",
        {"k": "factor"},
    ),
)
def circular_convolution(rng):
    n = 11

    def convolve(x, k):
        i = (np.arange(n)[:, None] - np.arange(n)) % n
        return x[i] @ k

    def convolve_vjp(dy, x, k):
        dx = np.fft.irfft(np.fft.rfft(dy) * np.conj(np.fft.rfft(k)), n)
        dk = np.fft.irfft(np.fft.rfft(dy) * np.conj(np.fft.rfft(x)), n)
        return dx, dk

    return vjp_call(convolve, convolve_vjp, rng.normal(size=n), rng.normal(size=n))


@broken(
    Mistake(
        "sort-order-again",
        "dy is put into the order of x, and not back out of it",
        "dx[order] = dy * w",
        "dx = (dy * w)[order]",
        {"x": "jacobian-not-transposed reordered"},
    ),
)
def weighted_order(rng):
    w = rng.uniform(0.5, 2, size=11)

    def ordered(x):
        return np.sort(x) * w

    def ordered_vjp(dy, x):
        order = np.argsort(x)
        dx = np.zeros_like(x)
        dx[order] = dy * w
        return dx

    return vjp_call(ordered, ordered_vjp, rng.normal(size=11))


@broken(
    Mistake(
        "bilinear-subscripts",
        "two subscripts of the product are exchanged; the sizes agree, so nothing complains",
        'da = np.einsum("nk,ijk,nj->ni", dy, w, b)',
        'da = np.einsum("nk,jik,nj->ni", dy, w, b)',
        {"a": "reordered"},
    ),
    Mistake(
        "bilinear-weights-exchanged",
        "in the weights' gradient a and b have changed places",
        'dw = np.einsum("nk,ni,nj->ijk", dy, a, b)',
        'dw = np.einsum("nk,ni,nj->jik", dy, a, b)',
        {"w": "transposed"},
    ),
    Mistake(
        "bilinear-a-for-b",
        "db has b where a belongs",
        'db = np.einsum("nk,ijk,ni->nj", dy, w, a)',
        'db = np.einsum("nk,ijk,ni->nj", dy, w, b)',
        {"b": "wrong-argument"},
    ),
)
def bilinear_form(rng):
    def bilinear(a, b, w):
        return np.einsum("ni,nj,ijk->nk", a, b, w)

    def bilinear_vjp(dy, a, b, w):
        da = np.einsum("nk,ijk,nj->ni", dy, w, b)
        db = np.einsum("nk,ijk,ni->nj", dy, w, a)
        dw = np.einsum("nk,ni,nj->ijk", dy, a, b)
        return da, db, dw

    return vjp_call(bilinear, bilinear_vjp, *rng.normal(size=(2, 5, 3)), rng.normal(size=(3, 3, 2)))


@broken(
    Mistake(
        "sampling-corners-exchanged",
        "of the four corners two have each other's weights",
        "np.add.at(dimage, (i, j + 1), dy * (1 - u) * v)",
        "np.add.at(dimage, (i, j + 1), dy * u * (1 - v))",
        {"image": ""},
    ),
    Mistake(
        "sampling-places-scaled",
        "places run from -1 to 1; the half width that makes pixels of them is not in backward",
        "dplaces = np.stack([du * (h - 1) / 2, dv * (w - 1) / 2], axis=1)",
        "dplaces = np.stack([du, dv], axis=1)",
        {"places": "factor-per-column derivative-forgotten"},
    ),
)
def bilinear_sampling(rng):
    h, w = 5, 7

    def sample(image, places):
        y, x = (places[:, 0] + 1) * (h - 1) / 2, (places[:, 1] + 1) * (w - 1) / 2
        i, j = np.floor(y).astype(int), np.floor(x).astype(int)
        u, v = y - i, x - j
        top = (1 - v) * image[i, j] + v * image[i, j + 1]
        bottom = (1 - v) * image[i + 1, j] + v * image[i + 1, j + 1]
        return (1 - u) * top + u * bottom

    def sample_vjp(dy, image, places):
        y, x = (places[:, 0] + 1) * (h - 1) / 2, (places[:, 1] + 1) * (w - 1) / 2
        i, j = np.floor(y).astype(int), np.floor(x).astype(int)
        u, v = y - i, x - j
        dimage = np.zeros_like(image)
        np.add.at(dimage, (i, j), dy * (1 - u) * (1 - v))
        np.add.at(dimage, (i, j + 1), dy * (1 - u) * v)
        np.add.at(dimage, (i + 1, j), dy * u * (1 - v))
        np.add.at(dimage, (i + 1, j + 1), dy * u * v)
        a, b, c, d = image[i, j], image[i, j + 1], image[i + 1, j], image[i + 1, j + 1]
        du = dy * ((1 - v) * (c - a) + v * (d - b))
        dv = dy * ((1 - u) * (b - a) + u * (d - c))
        dplaces = np.stack([du * (h - 1) / 2, dv * (w - 1) / 2], axis=1)
        return dimage, dplaces

    return vjp_call(sample, sample_vjp, rng.normal(size=(h, w)), rng.uniform(-0.9, 0.9, size=(11, 2)))
