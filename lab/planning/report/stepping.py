"""What a step costs on one thread: fixed + per example * batch; how much it varies; what a checkpoint costs."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lab.planning.report.networks import RECIPES, Stepper

BATCHES = {"seed": (16, 50, 100, 400, 1000), "cnn-large": (8, 32, 64, 128, 256), "100 million": (8, 16, 32, 64)}
LONGEST = 3.0  # seconds for one batch size
FEWEST, MOST = 5, 300


def times(work: Callable[[], object]) -> list[float]:
    """Return the seconds of each of many calls."""
    work()
    found: list[float] = []
    while len(found) < FEWEST or (sum(found) < LONGEST and len(found) < MOST):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def line(x: np.ndarray, t: np.ndarray) -> tuple[float, float]:
    """Return a, b >= 0 of a + b x, with the least relative squared errors."""
    a, b = np.linalg.lstsq(np.stack([1 / t, x / t], axis=1), np.ones_like(t), rcond=None)[0]
    return max(0.0, float(a)), float(b)


def measure_network(name: str) -> dict[str, object]:
    """Return what the plan needs to know of a network, and how well it fits."""
    stepper = Stepper(name)
    found = {batch: times(stepper.step_of(batch)) for batch in BATCHES[name]}
    medians = {batch: float(np.median(each)) for batch, each in found.items()}
    fixed, per_example = line(np.array(list(medians), float), np.array(list(medians.values())))
    recipe = RECIPES[name]
    deviations = np.log(np.array(found[recipe.batch_size]) / medians[recipe.batch_size])
    worst = max(abs((fixed + per_example * batch) / median - 1) for batch, median in medians.items())
    return {
        "n_parameters": int(stepper.theta.size),
        "batch": recipe.batch_size,
        "fixed": fixed,
        "per_example": per_example,
        "medians": medians,
        "worst": worst,
        "n_steps": len(deviations),
        "sigma": float(np.std(deviations)),
        "sorted": [round(float(each), 4) for each in np.exp(np.sort(deviations))],
        "checkpoint": checkpoint_seconds(stepper),
    }


def checkpoint_seconds(stepper: Stepper) -> float:
    """Return the median time to write theta and the optimizer's vectors to disk, and to know that they are there."""
    arrays = {"theta": stepper.theta, **stepper.state}

    def write() -> None:
        with (Path(folder) / "checkpoint.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())

    with tempfile.TemporaryDirectory() as folder:
        return float(np.median([_seconds(write) for _ in range(FEWEST)]))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def adding_seconds() -> float:
    """Return the seconds a byte of adding one vector of 40 MB to another."""
    total, other = np.zeros(10_000_000, np.float32), np.ones(10_000_000, np.float32)

    def add() -> None:
        np.add(total, other, out=total)

    return float(np.median(times(add))) / other.nbytes
