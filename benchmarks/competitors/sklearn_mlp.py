"""Epochs of scikit-learn's MLPClassifier: the same sizes and optimizer, but with ReLU, as it has no ELU."""

from collections.abc import Iterator

import numpy as np
from compete import compete
from sklearn.neural_network import MLPClassifier
from workloads import LR, MOMENTUM, floats, mlp_options

settings = mlp_options(__doc__).parse_args()
x, t = floats(settings.images)
x = x.reshape(-1, 784)
network = MLPClassifier(
    (settings.hidden,), solver="sgd", alpha=0, batch_size=settings.batch, learning_rate_init=LR,
    momentum=MOMENTUM, nesterovs_momentum=False,
)  # fmt: skip


def epochs() -> Iterator[float]:
    for _ in range(2):
        network.partial_fit(x[: settings.batch], t[: settings.batch], classes=np.arange(10))
        yield float("nan")  # it starts from another theta
    while True:
        network.partial_fit(x, t)
        yield network.loss_


compete(epochs())
