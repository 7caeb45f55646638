"""TrainingPool: several workers that train together, on this machine or on many."""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ray

from inkgrad.data import Dataset
from inkgrad.distributed.cluster import Note, connect, environment, silent
from inkgrad.distributed.training.coordinator import Coordinator, Messenger, News, Position, WorkersLost
from inkgrad.distributed.training.worker import Job, PoolTiming, work
from inkgrad.errors import SettingError
from inkgrad.sessions import Session, Stepper
from inkgrad.training import Row, Run
from inkgrad.whole_numbers import shown_whole

QUICKER_RAY_TRAIN = {  # it takes these from the environment alone, in seconds
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # between looks at the workers; 2 by default
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "30",  # for cores that a lost node may have had; 60 by default
}


@dataclass(frozen=True)
class TrainingPool:
    """How many workers train together, and how.

    Every worker does its part of each batch, and the gradient of all is averaged before each step.  With
    `sync_every` above 1 each takes that many steps of its own, and then theta and the optimizer's memory are
    averaged: less talk, another training (local SGD: Stich 2019, https://arxiv.org/abs/1805.09767,
    algorithm 1; there the optimizer has no memory).

    Raises SettingError for less than one worker, or less than one step.
    """

    n_workers: int
    sync_every: int = 1

    def __post_init__(self) -> None:
        if self.n_workers < 1:
            raise SettingError(
                f"a training takes at least 1 worker, got n_workers={shown_whole(self.n_workers)}", setting="n_workers"
            )
        if self.sync_every < 1:
            raise SettingError(
                f"workers meet after 1 step or more, got sync_every={shown_whole(self.sync_every)}",
                setting="sync_every",
            )

    def refuse_too_little(self, run: Run, n_examples: int) -> None:
        """Raise SettingError unless each worker has an example of a batch."""
        batch = min(run.batch_size, n_examples)
        if batch < self.n_workers:
            raise SettingError(
                f"each of {self.n_workers} workers needs an example of every batch, and a batch has {batch} of the "
                f"{n_examples} examples: take fewer workers or a larger `batch_size`",
                setting="batch_size",
            )


@contextmanager
def on_workers(
    session: Session, pool: TrainingPool, address: str | None, stop: Callable[[], bool], note: Note = silent
) -> Iterator[Stepper]:
    """Connect to Ray at `address`, or start it here, and yield what does the steps of the session on its workers.

    Once stop() is true, the workers stop after the step they are in.  What keeps them from going on is told `note`.

    Raises SettingError as connect() does, and when a batch has fewer examples than there are workers.
    """
    pool.refuse_too_little(session.run, len(session.dataset.train))
    session.loop.checkpoint_seconds, session.sync_every = PoolTiming().checkpoint_s, pool.sync_every
    with connect(address, pool.n_workers, session.run.engine.n_threads, note):
        yield partial(_session_steps, pool=pool, stop=stop, note=note)


def _session_steps(
    session: Session, pool: TrainingPool, stop: Callable[[], bool], note: Note
) -> Generator[list[Row], None, None]:
    run, loop = session.run, session.loop
    epochs = session.settings.epochs
    with closing(train_together(run, session.dataset, epochs, pool, stop, loop.costs, loop.seconds)) as all_news:
        for news in all_news:
            for reason in news.losses:
                note(f"a worker was lost ({reason}): all begin anew from the last checkpoint")
            if news.position is not None:
                loop.costs, loop.seconds = list(news.position.costs), news.position.seconds
            yield news.rows
    session.save_checkpoint()  # it may have ended in the middle of an epoch


def train_together(
    run: Run,
    dataset: Dataset,
    epochs: int,
    pool: TrainingPool,
    stop: Callable[[], bool] = lambda: False,
    costs: Sequence[float] = (),
    seconds: float = 0.0,
) -> Generator[News, None, None]:
    """Train a run to the end of `epochs` on the workers of a pool, in the Ray that this program is connected to.

    Yields News twice a second or more often, and keeps the run at the last checkpoint.  Once stop() is true, the
    workers save a checkpoint after the step they are in, and that is the last of the News.  `costs` are those of
    the run's last steps, which the next row of the log is to have in its mean, `seconds` those that it took so far.

    Raises Diverged as the run itself does; WorkersLost when workers die again and again;
    SettingError when a batch has fewer examples than there are workers.
    """
    pool.refuse_too_little(run, len(dataset.train))
    here = ray.get_runtime_context().get_node_id()
    near = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
    position = Position(run.theta, run.state, run.epoch, run.step, tuple(costs), seconds)
    coordinator = ray.remote(num_cpus=0, scheduling_strategy=near, max_concurrency=1000)(Coordinator).remote(position)
    job = _job(run, dataset, epochs, pool)
    with working(job, coordinator, pool.n_workers) as failure:
        number, asked = 0, False
        while True:
            if stop() and not asked:
                ray.get(coordinator.stop.remote())
                asked = True
            failed = failure()
            news = ray.get(coordinator.news.remote(number, job.timing.look_s, asked))
            if news.position is not None:
                news.position.put(run)
                number = news.number
            if news.error is not None:
                raise news.error
            if failed and not news.over:
                raise WorkersLost(f"the training on {pool.n_workers} workers ended early: {failed}")
            if news.over or not asked:  # until the workers have stopped, there is nothing to be said
                yield news
            if news.over:
                return


def _job(run: Run, dataset: Dataset, epochs: int, pool: TrainingPool) -> Job:
    train, test = dataset.train, dataset.test
    return Job(
        f"inkgrad-{secrets.token_hex(4)}",
        replace(run, theta=run.theta[:0], state={}),
        epochs,
        pool.sync_every,
        (ray.put(train.x), ray.put(train.t), ray.put(test.x), ray.put(test.t)),
    )


@contextmanager
def working(job: Job, coordinator: Any, n_workers: int) -> Iterator[Callable[[], str]]:
    """Have Ray Train do the job in a thread; yield a function that says why it failed, "" where it did not."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    failure: list[str] = []
    logging.getLogger("ray.train").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="inkgrad-", ignore_cleanup_errors=True) as folder:
        trainer = DataParallelTrainer(
            work,
            train_loop_config={"job": ray.put(job), "coordinator": coordinator},
            scaling_config=ScalingConfig(
                num_workers=(1, n_workers), resources_per_worker={"CPU": job.run.engine.n_threads}
            ),
            run_config=RunConfig(
                name=job.name,
                storage_path=folder,
                failure_config=FailureConfig(max_failures=-1),  # the coordinator counts those in a row
                callbacks=[Messenger(coordinator)],
            ),
        )

        def fit() -> None:
            try:
                trainer.fit()
            except Exception as error:
                failure.append(f"{type(error).__name__}: {error}".partition("\n")[0])

        thread = threading.Thread(target=fit, daemon=True)
        with environment(QUICKER_RAY_TRAIN):
            thread.start()
            try:
                yield lambda: failure[0] if failure else ""
            finally:
                if ray.is_initialized():
                    coordinator.stop.remote()
                    thread.join(job.timing.goodbye_s)
