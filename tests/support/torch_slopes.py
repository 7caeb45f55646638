"""How far a subject's backward is from differences of its forward, along one random direction through all arrays."""

import numpy as np


def disagreement(subject, seed=0, of=None, pull=None):
    """Return the relative distance of dy J u from the slope along u; `of` is the one array that moves."""
    rng, truth = np.random.default_rng(seed), subject.precise or subject
    dy = rng.normal(size=np.shape(truth.forward(truth.copies())))
    found = (pull or (lambda arrays, dy: subject.backward(arrays, dy, 0.0)))(subject.copies(), dy)
    u = {name: rng.normal(size=a.shape) * (of in (None, name)) for name, a in subject.arrays.items()}
    slope = sum(float(np.sum(found[name].astype(float) * u[name])) for name in u)
    true = richardson(truth, dy, u)
    return abs(slope - true) / max(abs(true), abs(slope), 1e-9)


def richardson(subject, dy, u, h=1e-4):
    def phi(t):
        return float(np.sum(dy * subject.forward({name: a + t * u[name] for name, a in subject.arrays.items()})))

    one, two = ((phi(k * h) - phi(-k * h)) / (2 * k * h) for k in (1, 2))
    return (4 * one - two) / 3
