"""Every layer and every cost, once: a new one is one line here, and is then held to every promise."""

import numpy as np

from inkgrad.costs import CTC, CrossEntropy, SoftmaxCrossEntropy, SquaredError, line_targets
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Frames,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    Noise,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)

ACTIVATIONS = [
    ReLU(),
    LeakyReLU(),
    LeakyReLU(0.3),
    ELU(),
    ELU(0.5),
    GELU(),
    SiLU(),
    Softplus(),
    Sigmoid(),
    Tanh(),
    Softmax(),
]

CONVOLUTIONS = [
    Conv2D(2, 3),
    Conv2D(2, 3, kernel=1),
    Conv2D(2, 1, kernel=5),
    Conv2D(2, 3, padding="valid"),
    Conv2D(2, 4, kernel=5, padding="valid", start="glorot"),
    Conv2D(2, 3, stride=2),
    Conv2D(2, 3, stride=2, padding="valid", start="lecun"),
    Conv2D(2, 1, kernel=1, stride=3),
    Conv2D(2, 3, kernel=5, stride=3),
    Conv2D(2, 3, kernel=3, stride=3, padding="valid"),
    Conv2D(2, 3, kernel=(1, 5)),
    Conv2D(2, 3, kernel=(5, 3), stride=(2, 1), padding="valid", start="glorot"),
    Conv2D(2, 1, kernel=(3, 1), stride=(1, 3)),
]

POOLS = [
    pool(size) for pool in (MaxPool2D, AveragePool2D) for size in (1, 2, 3, 5, (2, 1), (1, 3), (5, 2))
]  # 5 × 6 pixels: some do not fill a window

NORMS = [  # each with the shape of one input
    (LayerNorm(4), (4,)),
    (LayerNorm(3, eps=0.1), (5, 3)),
    (LayerNorm(4), (2, 3, 4)),
    (GroupNorm(1, 4), (2, 3, 4)),
    (GroupNorm(2, 4), (2, 3, 4)),
    (GroupNorm(3, 6, eps=0.1), (3, 5, 6)),
    (GroupNorm(4, 4), (2, 3, 4)),
]

LAYERS = [  # each with the shape of one input
    *[(activation, (4,)) for activation in ACTIVATIONS],
    (Dense(4, 3), (4,)),
    (Dense(4, 3, start="glorot"), (4,)),
    (Dense(4, 3, start="lecun"), (4,)),
    (Flatten(), (2, 3, 1)),
    (Frames(), (1, 4, 3)),
    (Dropout(0.4), (4,)),
    (Noise(0.3), (4,)),
    (Chain(()), (4,)),
    (Chain((Dense(4, 5), Tanh(), Dense(5, 3), Softmax())), (4,)),
    (Chain((Flatten(), Noise(), Dense(4, 5), ReLU(), Dropout(0.3), Dense(5, 3))), (2, 2, 1)),
    (Chain((Dense(4, 3), Chain((ELU(), Dense(3, 3))), Sigmoid())), (4,)),
    *[(layer, (5, 6, 2)) for layer in (*CONVOLUTIONS, *POOLS)],
    *NORMS,
    (Conv2D(1, 3), (4, 6, 1)),
    (Chain((Conv2D(2, 3), Tanh(), MaxPool2D(), Conv2D(3, 2, padding="valid", kernel=1), Flatten())), (5, 6, 2)),
    (Chain((Conv2D(2, 3), MaxPool2D((5, 1)), Frames(), Tanh(), Softmax())), (5, 6, 2)),
]

COSTS = [SquaredError(), CrossEntropy(), SoftmaxCrossEntropy()]
LINE_COSTS = [CTC(), CTC(blank=2)]
EVERY_COST = COSTS + LINE_COSTS


def batch(shape=(4,), n=7, seed=1):
    """Inputs in no special place: 7 is no width in the catalogue, so axes cannot be mixed up unseen."""
    return np.random.default_rng(seed).normal(0.4, 1, (n, *shape))


def outputs_and_targets(n=7, n_classes=3, seed=1):
    """Outputs inside (0, 1), and targets of every kind: rows that sum to 1."""
    rng = np.random.default_rng(seed)
    y, t = rng.uniform(0.05, 0.95, (n, n_classes)), rng.uniform(0, 1, (n, n_classes))
    return y, t / t.sum(axis=1, keepdims=True)


def lines_and_labellings(blank=0, seed=1):
    """Logits of 7 lines of 6 frames, and what they say: nothing, one class, repeats, and all that fits."""
    said = [(), (0,), (1, 1), (0, 1, 0), (1, 0, 0), (0, 1, 0, 1, 0), (1, 1)]
    classes = [k for k in range(3) if k != blank]
    labellings = [[classes[k] for k in each] for each in said]
    y = np.random.default_rng(seed).normal(0, 1, (7, 6, 3))
    return y, line_targets(labellings, [6, 5, 6, 4, 6, 5, 3])


def given_to(cost):
    """Return outputs and targets for a cost of the catalogue."""
    return lines_and_labellings(cost.blank) if isinstance(cost, CTC) else outputs_and_targets()
