"""TrainingPool: several workers that train together, on this machine or on many."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from inkgrad.data import Dataset
from inkgrad.data.data_source import silent
from inkgrad.distributed.cluster import Note, connect
from inkgrad.distributed.training.coordinator import Coordinator, News
from inkgrad.distributed.training.worker import SENT_CHECKPOINT_SECONDS, Job, Position
from inkgrad.errors import SettingError
from inkgrad.sessions import Session, Stepper
from inkgrad.training import Row, Run
from inkgrad.whole_numbers import shown_whole


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
    run, loop = session.run, session.loop
    pool.refuse_too_little(run, len(session.dataset.train))
    loop.checkpoint_seconds, session.sync_every = SENT_CHECKPOINT_SECONDS, pool.sync_every

    def steps(session: Session) -> Generator[list[Row], None, None]:
        epochs, n_workers = session.settings.epochs, pool.n_workers
        with closing(train_together(run, session.dataset, epochs, pool, stop, loop.costs, loop.seconds)) as all_news:
            for news in all_news:
                if news.death:
                    note(f"a worker was lost ({news.death}): all go back to the last checkpoint")
                if news.n_workers != n_workers:
                    note(f"{(n_workers := news.n_workers)} of {pool.n_workers} workers have cores")
                loop.costs, loop.seconds = list(news.position.costs), news.position.seconds
                yield news.rows
        session.save_checkpoint()  # it may have ended in the middle of an epoch

    with connect(address, pool.n_workers, run.engine.n_threads, note):
        yield steps


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

    Yields News, and keeps the run at the last checkpoint.  The News come twice a second or more often, until stop() is
    true: then the workers save a checkpoint after the step they are in, and that is the last of the News.  Where one
    of them dies meanwhile, the last is the checkpoint before.  `costs` are those of the run's last steps, which the
    next row of the log is to have in its mean, `seconds` those that it took so far.

    Raises Diverged as the run itself does; WorkersLost when workers die again and again;
    SettingError when a batch has fewer examples than there are workers.
    """
    pool.refuse_too_little(run, len(dataset.train))
    job = Job(replace(run, theta=run.theta[:0], state={}), dataset.train, dataset.test, epochs, pool.sync_every)
    with closing(Coordinator(job, Position.of(run, costs, seconds), pool.n_workers, stop).train()) as all_news:
        for news in all_news:
            news.position.put(run)
            yield news
