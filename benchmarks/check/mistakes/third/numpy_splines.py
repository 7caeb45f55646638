"""NumPy: a layer of splines, each edge with a curve of its own, in a long function."""

import numpy as np

from mistakes.case import Mistake, broken, vjp_call


@broken(
    Mistake(
        "spline-slope-without-degree",
        "the slope of a spline is its degree times a difference of splines of one degree less",
        "dbasis = degree * (lower[:, :, :-1] - lower[:, :, 1:]) / (degree * step)",
        "dbasis = (lower[:, :, :-1] - lower[:, :, 1:]) / (degree * step)",
        {"x": "term-factor term-missing"},
    ),
    Mistake(
        "spline-falling-part-rises",
        "a curve rises with the one before and falls with the one behind, and here both rise",
        "- lower[:, :, 1:]",
        "+ lower[:, :, 1:]",
        {"x": "term-factor"},
    ),
    Mistake(
        "spline-base-slope",
        "the straight way around the splines has a gate, whose slope is left out",
        "dx = dx + (dmixed @ base.T) * (gate + x * gate * (1 - gate))",
        "dx = dx + (dmixed @ base.T) * gate",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "spline-base-of-bare-input",
        "the matrix of the straight way stands behind a gate, and gets its gradient from the numbers before it",
        "dbase = (x * gate).T @ dmixed",
        "dbase = x.T @ dmixed",
        {"base": "wrong-argument input-for-output"},
    ),
    Mistake(
        "spline-outside-of-the-grid",
        "what lies outside of the grid is moved to its end, where the curves are flat, and backward sees a slope there",
        "dx = spline_slope * (np.abs(x) < edge)",
        "dx = spline_slope",
        {"x": "mask-forgotten wrong-mask"},
    ),
)
def spline_layer(rng):
    degree, n_curves, edge = 2, 6, 1.5
    step = 2 * edge / (n_curves - degree)
    knots = -edge + step * (np.arange(n_curves + degree + 1) - degree)

    def run(x, coefficients, base, scale):
        # which piece each number lies in
        kept = np.minimum(x, edge)
        kept = np.maximum(kept, -edge)
        wide = kept[:, :, None]
        left = wide >= knots[:-1]
        right = wide < knots[1:]
        both = left & right
        basis = both.astype(float)
        # and the curves, each degree of two of the one before
        for d in range(1, degree + 1):
            n = len(knots) - d - 1
            low = knots[:n]
            high = knots[d + 1 :]
            rising = wide - low
            rising = rising / (d * step)
            falling = high - wide
            falling = falling / (d * step)
            first = basis[:, :, :-1]
            second = basis[:, :, 1:]
            rising = rising * first
            falling = falling * second
            basis = rising + falling
        curved = np.einsum("nik,iko->no", basis, coefficients)
        # beside the straight way, with a gate
        e = np.exp(-x)
        gate = 1 + e
        gate = 1 / gate
        straight = x * gate
        straight = straight @ base
        mixed = curved + straight
        # no row is longer than the others
        squares = mixed * mixed
        square = squares.mean(axis=1, keepdims=True)
        size = np.sqrt(square + 1e-3)
        hat = mixed / size
        return hat * scale

    def curves(inside, degree):
        wide = inside[:, :, None]
        basis = ((wide >= knots[:-1]) & (wide < knots[1:])).astype(float)
        for d in range(1, degree + 1):
            low, high = knots[: len(knots) - d - 1], knots[d + 1 :]
            basis = ((wide - low) * basis[:, :, :-1] + (high - wide) * basis[:, :, 1:]) / (d * step)
        return basis

    def run_vjp(dy, x, coefficients, base, scale):
        inside, gate = np.clip(x, -edge, edge), 1 / (1 + np.exp(-x))
        basis = curves(inside, degree)
        mixed = np.einsum("nik,iko->no", basis, coefficients) + (x * gate) @ base
        size = np.sqrt((mixed**2).mean(axis=1, keepdims=True) + 1e-3)
        hat = mixed / size
        dhat = dy * scale
        dmixed = (dhat - hat * (dhat * hat).mean(axis=1, keepdims=True)) / size
        dcoefficients = np.einsum("nik,no->iko", basis, dmixed)
        dbase = (x * gate).T @ dmixed
        lower = curves(inside, degree - 1)
        dbasis = degree * (lower[:, :, :-1] - lower[:, :, 1:]) / (degree * step)
        spline_slope = np.einsum("nik,iko,no->ni", dbasis, coefficients, dmixed)
        dx = spline_slope * (np.abs(x) < edge)
        dx = dx + (dmixed @ base.T) * (gate + x * gate * (1 - gate))
        return dx, dcoefficients, dbase, (dy * hat).sum(axis=0)

    x = rng.uniform(-1.4, 1.4, size=(5, 3))
    x[1, 2], x[3, 0] = 1.9, -1.7
    return vjp_call(run, run_vjp, x, rng.normal(size=(3, n_curves, 4)), rng.normal(size=(3, 4)), rng.normal(size=4))
