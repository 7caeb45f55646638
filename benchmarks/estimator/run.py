"""Our estimators in the place of MLPClassifier and MLPRegressor: python benchmarks/estimator/run.py

Each workload of scikit-learn's examples is fitted by both in turn, on as many splits and seeds as --seeds says,
with one thread.  Processor time is the median, accuracies (or R²) on the examples held out are means.
"""

import argparse
import time
import warnings
from dataclasses import dataclass, field
from itertools import groupby
from statistics import mean, median, stdev

from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from workloads import Workload, workloads

from inkgrad.fast import limit_threads
from inkgrad.interop.sklearn import NetworkClassifier, NetworkRegressor


@dataclass
class Fits:
    """What came of one side's fits."""

    seconds: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def compete(workload: Workload, n_seeds: int) -> tuple[Fits, Fits]:
    """Return theirs and ours, fitted in turn."""
    X, y = workload.data()
    kinds = (MLPRegressor, NetworkRegressor) if workload.is_regression else (MLPClassifier, NetworkClassifier)
    sides = Fits(), Fits()
    for seed in range(n_seeds):
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=workload.test_part, random_state=seed)
        for side, kind in sorted(zip(sides, kinds, strict=True), key=lambda pair: pair[1].__name__, reverse=seed % 2):
            estimator = kind(random_state=seed, **workload.settings)
            start = time.process_time()
            estimator.fit(X_train, y_train)
            side.seconds.append(time.process_time() - start)
            side.epochs.append(estimator.n_iter_)
            side.scores.append(100 * estimator.score(X_test, y_test))
    return sides


def difference(theirs: Fits, ours: Fits) -> str:
    """Return by how many points ours are better, with the standard error over the seeds."""
    each = [b - a for a, b in zip(theirs.scores, ours.scores, strict=True)]
    return f"{mean(each):+.2f} ± {stdev(each) / len(each) ** 0.5:.2f}"


def row(name: str, theirs: Fits, ours: Fits) -> str:
    a, b = median(theirs.seconds), median(ours.seconds)
    scores = f"{mean(theirs.scores):.2f} | {mean(ours.scores):.2f}"
    return (
        f"| {name} | {1000 * a:.1f} ms | {1000 * b:.1f} ms | {a / b:.2f} | {median(theirs.epochs):.0f} / "
        f"{median(ours.epochs):.0f} | {scores} | {difference(theirs, ours)} |"
    )


def together(sides: list[tuple[Fits, Fits]], which: int) -> Fits:
    """Return for each seed the seconds of all workloads of an example, and the mean of their scores."""
    fits = [pair[which] for pair in sides]
    return Fits(
        [sum(each) for each in zip(*(one.seconds for one in fits), strict=True)],
        [sum(each) for each in zip(*(one.epochs for one in fits), strict=True)],
        [mean(each) for each in zip(*(one.scores for one in fits), strict=True)],
    )


HEAD = """
|  | scikit-learn | inkgrad | times as fast | epochs of both | score there | score here | difference in points |
|--|--|--|--|--|--|--|--|"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=31)
    parser.add_argument("--only", default="", help="part of 'example: fit', to run only those")
    settings = parser.parse_args()
    warnings.simplefilter("ignore")  # of trainings that their examples stop early, on both sides
    summary = []
    with limit_threads(1):
        chosen = [each for each in workloads() if settings.only in f"{each.example}: {each.name}"]
        for example, group in groupby(chosen, key=lambda workload: workload.example):
            print(f"\n## {example}\n{HEAD}", flush=True)
            sides = []
            for workload in group:
                sides.append(compete(workload, settings.seeds))
                print(row(workload.name, *sides[-1]), flush=True)
            summary.append(row(example, together(sides, 0), together(sides, 1)))
    print(f"\n## Together\n{HEAD}")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
