"""The experiment of the reference issue: the same mistake with two labels and with three, beside the right network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from inkgrad.check.lessons import LESSONS, Exhibit, checked, two_gradients
from inkgrad.costs import Cost
from inkgrad.data import Dataset, Examples
from inkgrad.errors import Diverged, Interrupted, SettingError
from inkgrad.layers import Chain
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run, TrainingLoop, evaluate
from inkgrad.web.breaking import with_break
from inkgrad.web.playground_settings import Hidden, PlaygroundSettings
from inkgrad.web.wire import rounded


def experiment(lesson: str, digits: Dataset, is_stopped: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Return how a network learns with two labels and with three, right and broken, and the lesson's gradients.

    The curves are means over four seeds, as one may be lucky; of a lesson about a function there are none.

    Raises Interrupted when it is stopped, before the next epoch.
    """
    runs = []
    for labels in (2, 3) if LESSONS[lesson].wrong else ():
        settings = _settings(lesson, labels)
        dataset = _three(settings.dataset(digits)) if labels == 3 else settings.dataset(digits)
        for broken in False, True:
            network, cost = settings.network_and_cost()
            what = with_break(network, cost, lesson) if broken else (network, cost)
            curves = [_learn(what, replace(settings, seed=seed), dataset.train, is_stopped) for seed in range(4)]
            n = min(map(len, curves))  # one that diverged is shorter
            cost, accuracy = np.mean([curve[:n] for curve in curves], axis=0).T
            runs.append({"labels": labels, "broken": broken, "cost": rounded(cost), "accuracy": rounded(accuracy)})
    return {"lesson": lesson, "runs": runs, "exhibits": [_exhibit(each) for each in LESSONS[lesson].make()]}


def _settings(lesson: str, labels: int) -> PlaygroundSettings:
    """Return a network of two inputs that has what the lesson breaks; the reference issue's where that will do."""
    if lesson == "softmax-diagonal":
        return PlaygroundSettings("animals", (Hidden("dense", 8, "Tanh"),), "SquaredError", labels, "SGD", 0.5, 0.0, 10)
    for activation in "Tanh", "ReLU":
        for cost in "CrossEntropy", "SoftmaxCrossEntropy":
            layers = tuple(Hidden("dense", 8, activation) for _ in range(2))
            settings = PlaygroundSettings("animals", layers, cost, labels, "SGD", 0.05, 0.5, 10, dropout=0.1)
            try:
                with_break(*replace(settings, broken=None).network_and_cost(), lesson)
            except SettingError:
                continue
            return settings
    raise AssertionError(f"{lesson} breaks nothing of {LESSONS[lesson].needs}")


def _three(dataset: Dataset) -> Dataset:
    """Return the animals with a third label, which those have that are less than 0.3 from the middle."""
    return Dataset(_with_third(dataset.train), _with_third(dataset.test), ("fish", "goat", "frog"))


def _with_third(examples: Examples) -> Examples:
    is_near = np.hypot(*(examples.x - 0.5).T) < 0.3
    return Examples(examples.x, np.where(is_near, 2, examples.t))


def _learn(
    what: tuple[Chain, Cost],
    settings: PlaygroundSettings,
    train: Examples,
    is_stopped: Callable[[], bool],
    n_epochs: int = 150,
) -> list[tuple[float, float]]:
    """Return cost and accuracy on all examples before training and after each epoch; fewer where it diverges."""
    run = Run(Objective(*what), SGD(settings.lr, settings.momentum), settings.batch_size, settings.seed)

    def measure(loop: TrainingLoop) -> dict[str, Any]:
        found = evaluate(run.objective, run.theta, train)
        return {"cost": found.cost, "accuracy": found.accuracy}

    loop, curve = TrainingLoop(run, train, measure), []
    try:
        curve.append(loop.row())
        for row in loop.steps(n_epochs):
            if row:
                curve.append(row)
                if is_stopped():
                    raise Interrupted("the experiment was stopped")
    except Diverged:
        pass  # the curve ends where there is no cost any more, and the page shows that
    return [(row["cost"], row["accuracy"]) for row in curve]


def _exhibit(exhibit: Exhibit) -> dict[str, Any]:
    report = checked(exhibit.wrong)
    rows = []
    for path, (differences, backward) in two_gradients(exhibit.wrong).items():
        for index in islice(np.ndindex(differences.shape), 6):
            n, a = float(differences[index]), float(backward[index])
            ratio = rounded(np.array([n / a]))[0] if a else None
            rows.append({"path": path, "index": str(list(index)), "differences": n, "backward": a, "ratio": ratio})
    return {"title": exhibit.title, "rows": rows[:12], "finding": "; ".join(map(str, report.findings))}
