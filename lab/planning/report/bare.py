"""A bare data-parallel loop on Ray, to hold the plan against: workers, one adding actor, nothing else."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import ray

from lab.planning.report.networks import RECIPES, Stepper

STEPS = {"seed": 60, "cnn-large": 15, "100 million": 3}
ROUNDS = 3
STORE = 4_000_000_000  # bytes: a step holds up to six vectors of 400 MB


class Worker:
    """One worker, in a process of its own: it computes gradients of its shard."""

    def __init__(self, name: str, shard: int) -> None:
        self.stepper, self.shard = Stepper(name), shard

    def gradient(self, total: np.ndarray | None = None) -> np.ndarray:
        """Take a step with the workers' mean, if there is one; return the next gradient."""
        if total is not None:
            self.stepper.apply(total)
        return self.stepper.compute(self.shard)

    def alone(self, n_steps: int) -> float:
        """Return the seconds of a step without the others."""
        start = time.perf_counter()
        for _ in range(n_steps):
            self.stepper.step(self.shard)
        return (time.perf_counter() - start) / n_steps


class Adder:
    """The process that adds the workers' gradients."""

    def mean(self, *vectors: np.ndarray) -> np.ndarray:
        """Return the mean of the vectors."""
        total: np.ndarray = vectors[0] + vectors[1]
        for vector in vectors[2:]:
            np.add(total, vector, out=total)
        total /= len(vectors)
        return total


def step_seconds(name: str, n: int) -> float:
    """Return the seconds of a step of n workers that share the recipe's batch, the median of some rounds."""
    worker = ray.remote(num_cpus=0.5)(Worker)
    workers = [worker.remote(name, RECIPES[name].batch_size // n) for _ in range(n)]
    if n == 1:
        rounds = [ray.get(workers[0].alone.remote(STEPS[name])) for _ in range(ROUNDS)]
    else:
        adder, rounds = ray.remote(num_cpus=0)(Adder).remote(), []
        run(workers, adder, 2)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            run(workers, adder, STEPS[name])
            rounds.append((time.perf_counter() - start) / STEPS[name])
        ray.kill(adder)
    for worker in workers:
        ray.kill(worker)
    return float(np.median(rounds))


def run(workers: list[Any], adder: Any, n_steps: int) -> None:
    """Let all take so many steps together."""
    total = None
    for _ in range(n_steps):
        total = adder.mean.remote(*[worker.gradient.remote(total) for worker in workers])
        ray.wait([total], fetch_local=False)  # one step after the other, as a training that looks at its cost
    ray.get([worker.gradient.remote(total) for worker in workers])


def measure(counts: tuple[int, ...] = (1, 2, 4)) -> dict[str, dict[int, float]]:
    """Return network -> workers -> seconds of a step."""
    one = {
        "env_vars": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    }
    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init("local", num_cpus=2, object_store_memory=STORE, runtime_env=one, **quiet)
    try:
        return {name: {n: step_seconds(name, n) for n in counts} for name in RECIPES}
    finally:
        ray.shutdown()
