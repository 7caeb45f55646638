"""NumPy: numbers made uncorrelated by the inverse root of their covariance."""

import numpy as np

from mistakes.case import Mistake, broken, vjp_call


@broken(
    Mistake(
        "whitening-directions-alone",
        "the slopes by pairs of eigenvalues have those of each by itself on their diagonal, which is left at zero",
        "np.fill_diagonal(slopes, -0.5 * values**-1.5)",
        "np.fill_diagonal(slopes, 0)",
        {"x": "off-diagonal-jacobian term-missing missing"},
    ),
    Mistake(
        "whitening-directions-constant",
        "the eigenvectors are taken for constants, and only the eigenvalues move",
        "inner = slopes * (vectors.T @ dwhite @ vectors)",
        "inner = np.diag(np.diag(slopes)) * (vectors.T @ dwhite @ vectors)",
        {"x": "diagonal-jacobian term-missing missing"},
    ),
    Mistake(
        "whitening-covariance-constant",
        "the matrix that whitens is made of the same numbers, and is taken for a constant",
        "dc = dz @ white + c @ (dcov + dcov.T) / len(x)",
        "dc = dz @ white",
        {"x": "statistics-constant term-missing missing"},
    ),
    Mistake(
        "whitening-one-side-of-covariance",
        "the covariance is the product of the numbers with themselves, and only one side comes back",
        "dc = dz @ white + c @ (dcov + dcov.T) / len(x)",
        "dc = dz @ white + c @ dcov / len(x)",
        {"x": "term-missing missing"},
    ),
)
def whitening(rng):
    def whiten(x, gain):
        c = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(c.T @ c / len(x) + 0.1 * np.eye(x.shape[1]))
        return c @ (vectors / np.sqrt(values)) @ vectors.T * gain

    def whiten_vjp(dy, x, gain):
        c = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(c.T @ c / len(x) + 0.1 * np.eye(x.shape[1]))
        roots = 1 / np.sqrt(values)
        white = (vectors * roots) @ vectors.T
        dz = dy * gain
        dwhite = c.T @ dz
        apart = values[:, None] - values + np.eye(len(values))
        slopes = (roots[:, None] - roots) / apart
        np.fill_diagonal(slopes, -0.5 * values**-1.5)
        inner = slopes * (vectors.T @ dwhite @ vectors)
        dcov = vectors @ inner @ vectors.T
        dc = dz @ white + c @ (dcov + dcov.T) / len(x)
        return dc - dc.mean(axis=0), (dy * (c @ white)).sum(axis=0)

    return vjp_call(whiten, whiten_vjp, rng.normal(size=(6, 3)) * np.array([1.0, 0.5, 2.0]), rng.normal(size=3))
