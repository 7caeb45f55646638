"""Team: several workers that train together, on this machine or on many."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import ray

from inkgrad.data import Dataset
from inkgrad.distributed.training.job import Job, Place
from inkgrad.distributed.training.ledger import Ledger, News, WorkersLost
from inkgrad.distributed.training.starting import working
from inkgrad.errors import SettingError
from inkgrad.training import Run

PATIENCE = 0.5  # seconds between looks at whether to stop


@dataclass(frozen=True)
class Team:
    """How many workers train together, and how.

    Every worker does its part of each batch, and the gradient of all is averaged before each step.  With
    `sync_every` above 1 each takes that many steps of its own, and then theta and the optimizer's memory are
    averaged: less talk, another training (local SGD: Stich 2019, https://arxiv.org/abs/1805.09767,
    algorithm 1; there the optimizer has no memory).

    `gloo` says whether the workers talk through PyTorch's Gloo, as Ray's collective library offers it, or through
    a tree of actors, which is slower and needs no PyTorch; None takes what is installed.

    Raises SettingError for less than one worker, or less than one step.
    """

    n_workers: int
    sync_every: int = 1
    gloo: bool | None = None

    def __post_init__(self) -> None:
        if self.n_workers < 1:
            raise SettingError(f"a training takes at least 1 worker, got --workers {self.n_workers}")
        if self.sync_every < 1:
            raise SettingError(f"workers meet after 1 step or more, got --sync-every {self.sync_every}")

    def refuse_too_little(self, run: Run, n_examples: int) -> None:
        """Raise SettingError unless each worker has an example of a batch."""
        batch = min(run.batch_size, n_examples)
        if batch < self.n_workers:
            raise SettingError(
                f"each of {self.n_workers} workers needs an example of every batch, and a batch has {batch} of the "
                f"{n_examples} examples: take fewer workers or a larger --batch-size"
            )


def train_together(
    run: Run,
    dataset: Dataset,
    epochs: int,
    team: Team,
    stop: Callable[[], bool] = lambda: False,
    costs: Sequence[float] = (),
    seconds: float = 0.0,
) -> Generator[News, None, None]:
    """Train a run to the end of `epochs` on the workers of a team, in the Ray that this program is connected to.

    Yields News twice a second or more often, and keeps the run at the last checkpoint.  Once stop() is true, the
    workers save a checkpoint after the step they are in, and that is the last of the News.  `costs` are those of
    the run's last steps, which the next row of the log is to have in its mean, `seconds` those that it took so far.

    Raises Diverged as the run itself does; WorkersLost when workers die again and again;
    SettingError when a batch has fewer examples than there are workers.
    """
    team.refuse_too_little(run, len(dataset.train))
    here = ray.get_runtime_context().get_node_id()
    near = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
    place = Place(run.theta, run.state, run.epoch, run.step, tuple(costs), seconds)
    ledger = ray.remote(num_cpus=0, scheduling_strategy=near, max_concurrency=1000)(Ledger).remote(place)
    with working(_job(run, dataset, epochs, team), ledger, team.n_workers) as failure:
        number, asked = 0, False
        while True:
            if stop() and not asked:
                ray.get(ledger.stop.remote())
                asked = True
            failed = failure()
            news = ray.get(ledger.news.remote(number, PATIENCE, asked))
            if news.place is not None:
                news.place.put(run)
                number = news.number
            if news.error is not None:
                raise news.error
            if failed and not news.over:
                raise WorkersLost(f"the training on {team.n_workers} workers ended early: {failed}")
            if news.over or not asked:  # until the workers have stopped, there is nothing to be said
                yield news
            if news.over:
                return


def _job(run: Run, dataset: Dataset, epochs: int, team: Team) -> Job:
    train, test = dataset.train, dataset.test
    return Job(
        f"inkgrad-{secrets.token_hex(4)}",
        run.objective,
        run.optimizer,
        run.augmentation,
        run.batch_size,
        run.seed,
        run.engine,
        epochs,
        team.sync_every,
        find_spec("torch") is not None if team.gloo is None else team.gloo,
        (ray.put(train.x), ray.put(train.t), ray.put(test.x), ray.put(test.t)),
    )
