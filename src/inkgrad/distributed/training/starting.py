"""working(): Ray Train starts the workers of a job, and starts them again when one dies."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ray

from inkgrad.distributed.training.job import Job
from inkgrad.distributed.training.worker import work

GOODBYE = 30.0  # seconds for workers to stop
QUICKER = {  # Ray Train takes these from the environment alone, in seconds
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # between looks at the workers; 2 by default
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "10",  # for cores that a lost node may have had; 60 by default
}
MOST_FAILURES = 1000  # of Ray Train, which counts them all; the ledger counts those in a row


@contextmanager
def working(job: Job, ledger: Any, n_workers: int) -> Iterator[Callable[[], str]]:
    """Have Ray Train do the job in a thread; yield a function that says why it failed, "" where it did not."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    failure: list[str] = []
    logging.getLogger("ray.train").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="inkgrad-", ignore_cleanup_errors=True) as folder:
        trainer = DataParallelTrainer(
            work,
            train_loop_config={"job": ray.put(job), "ledger": ledger},
            scaling_config=ScalingConfig(
                num_workers=(1, n_workers), resources_per_worker={"CPU": job.engine.n_threads}
            ),
            run_config=RunConfig(
                name=job.name, storage_path=folder, failure_config=FailureConfig(max_failures=MOST_FAILURES)
            ),
        )

        def fit() -> None:
            try:
                trainer.fit()
            except Exception as error:
                failure.append(f"{type(error).__name__}: {error}".partition("\n")[0])

        thread = threading.Thread(target=fit, daemon=True)
        with _environment(QUICKER):
            thread.start()
            try:
                yield lambda: failure[0] if failure else ""
            finally:
                if ray.is_initialized():
                    ledger.stop.remote()
                    thread.join(GOODBYE)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment, except those that the user has set."""
    ours = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
