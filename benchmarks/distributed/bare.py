"""A bare data-parallel loop on Ray, to hold the plan against: workers, one adding actor, nothing else."""

import os
import time
from typing import Any

import numpy as np
import ray
from networks import RECIPES, Stepper

STEPS = {"seed": 60, "cnn-large": 15, "100 million": 3}
ROUNDS = 3
STORE = 4_000_000_000  # bytes: a step holds up to six vectors of 400 MB


@ray.remote(num_cpus=0.5)
class Worker:
    def __init__(self, name: str, shard: int) -> None:
        self.stepper, self.shard = Stepper(name), shard

    def gradient(self, total: np.ndarray | None = None) -> np.ndarray:
        if total is not None:
            self.stepper.apply(total)
        return self.stepper.compute(self.shard)

    def alone(self, n_steps: int) -> float:
        start = time.perf_counter()
        for _ in range(n_steps):
            self.stepper.step(self.shard)
        return (time.perf_counter() - start) / n_steps


@ray.remote(num_cpus=0)
class Adder:
    def mean(self, *vectors: np.ndarray) -> np.ndarray:
        total = vectors[0] + vectors[1]
        for vector in vectors[2:]:
            np.add(total, vector, out=total)
        return np.divide(total, len(vectors), out=total)


def step_seconds(name: str, n: int) -> float:
    """Return the seconds of a step of n workers that share the recipe's batch, the median of some rounds."""
    workers = [Worker.remote(name, RECIPES[name].batch_size // n) for _ in range(n)]
    if n == 1:
        rounds = [ray.get(workers[0].alone.remote(STEPS[name])) for _ in range(ROUNDS)]
    else:
        adder, rounds = Adder.remote(), []
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
    total = None
    for _ in range(n_steps):
        total = adder.mean.remote(*[worker.gradient.remote(total) for worker in workers])
        ray.wait([total], fetch_local=False)  # one step after the other, as a training that looks at its cost
    ray.get([worker.gradient.remote(total) for worker in workers])


def measure(counts: tuple[int, ...] = (1, 2, 4)) -> dict[str, dict[int, float]]:
    one = {"env_vars": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.path.dirname(__file__)}}
    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init("local", num_cpus=2, object_store_memory=STORE, runtime_env=one, **quiet)
    try:
        return {name: {n: step_seconds(name, n) for n in counts} for name in RECIPES}
    finally:
        ray.shutdown()
