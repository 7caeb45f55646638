"""What both sides are given: the data and the settings of scikit-learn's own examples, without a download."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import (
    load_diabetes,
    load_digits,
    load_iris,
    make_circles,
    make_classification,
    make_friedman1,
    make_moons,
)
from sklearn.preprocessing import MinMaxScaler, StandardScaler, scale

from inkgrad.data import mnist

Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Workload:
    """One fit: of which example, on which data, with which settings; a `test_part` is held out."""

    example: str
    name: str
    data: Callable[[], Data]
    settings: dict[str, Any]
    test_part: float = 0.4
    is_regression: bool = False


def moons() -> Data:
    return make_moons(noise=0.3, random_state=0)


def circles() -> Data:
    return make_circles(noise=0.2, factor=0.5, random_state=1)


def linear(seed: int) -> Data:
    X, y = make_classification(
        n_features=2, n_redundant=0, n_informative=2, random_state=seed, n_clusters_per_class=1
    )  # fmt: skip
    return X + 2 * np.random.RandomState(2).uniform(size=X.shape), y


def standard(data: Callable[[], Data]) -> Callable[[], Data]:
    return lambda: (StandardScaler().fit_transform(data()[0]), data()[1])


def from_0_to_1(data: Callable[[], Data]) -> Callable[[], Data]:
    return lambda: (MinMaxScaler().fit_transform(data()[0]), data()[1])


def pixels(dtype: type = np.float64) -> Data:
    digits = mnist()
    X = np.concatenate([part.x.reshape(len(part), -1) for part in (digits.train, digits.test)])
    return (X / 255).astype(dtype), np.concatenate([digits.train.t, digits.test.t]).astype(str)


def standard_targets(data: Callable[[], Data]) -> Callable[[], Data]:
    return lambda: (StandardScaler().fit_transform(data()[0]), scale(data()[1]))


def flat(seed: int) -> dict[str, Callable[[], Data]]:
    """Return the three data sets in the plane; the examples have other seeds for the last."""
    return {"moons": moons, "circles": circles, "linear": lambda: linear(seed)}


MOMENTA = {
    "learning-rate": dict(momentum=0),
    "with momentum": dict(momentum=0.9, nesterovs_momentum=False),
    "with Nesterov's momentum": dict(momentum=0.9, nesterovs_momentum=True),
}
SCHEDULES = {"constant": "constant", "inv-scaling": "invscaling"}
STRATEGIES = {  # in the words of the example
    f"{schedule} {name}": dict(solver="sgd", learning_rate=value, learning_rate_init=0.2, **momentum)
    for schedule, value in SCHEDULES.items()
    for name, momentum in MOMENTA.items()
} | {"adam": dict(solver="adam", learning_rate_init=0.01)}


def workloads() -> Iterator[Workload]:
    for name, data in flat(1).items():
        yield Workload("Classifier comparison", name, standard(data), dict(alpha=1, max_iter=1000))
    for name, data in flat(0).items():
        for alpha in np.logspace(-1, 1, 5):
            settings = dict(
                solver="lbfgs", alpha=alpha, max_iter=2000, early_stopping=True, hidden_layer_sizes=[10, 10]
            )
            yield Workload("Varying regularization", f"{name}, alpha {alpha:.2f}", standard(data), settings)
    curves = {
        "iris": (lambda: load_iris(return_X_y=True), 400),
        "digits": (lambda: load_digits(return_X_y=True), 15),
        "circles": (circles, 400),
        "moons": (moons, 400),
    }
    for name, (data, max_iter) in curves.items():
        for strategy, settings in STRATEGIES.items():
            yield Workload(
                "Compare stochastic learning strategies", f"{name}, {strategy}", from_0_to_1(data),
                dict(max_iter=max_iter, **settings),
            )  # fmt: skip
    weights = dict(hidden_layer_sizes=(40,), max_iter=8, alpha=1e-4, solver="sgd", learning_rate_init=0.2)
    mnist_example = "Visualization of MLP weights on MNIST"
    yield Workload(mnist_example, "float64, as there", pixels, weights, test_part=0.7)
    yield Workload(mnist_example, "float32", lambda: pixels(np.float32), weights, test_part=0.7)
    dependence = dict(hidden_layer_sizes=(30, 15), learning_rate_init=0.01, early_stopping=True)
    bfgs = dict(solver="lbfgs", hidden_layer_sizes=(10,), alpha=10, max_iter=500)
    for name, data, settings in (
        ("diabetes, defaults", lambda: load_diabetes(return_X_y=True), {}),
        ("diabetes, lbfgs", lambda: load_diabetes(return_X_y=True), bfgs),
        ("Friedman's, as in partial dependence", lambda: make_friedman1(5000, noise=1, random_state=0), dependence),
    ):
        yield Workload("Regression", name, standard_targets(data), settings, is_regression=True)
