"""on_workers(): the steps of a session, done by several workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial

from inkgrad.distributed.cluster import connect
from inkgrad.distributed.training.job import PoolTiming
from inkgrad.distributed.training.training_pool import TrainingPool, train_together
from inkgrad.sessions import Session, Stepper
from inkgrad.training import Row


@contextmanager
def on_workers(
    session: Session, pool: TrainingPool, address: str | None, stop: Callable[[], bool]
) -> Iterator[Stepper]:
    """Connect to Ray at `address`, or start it here, and yield what does the steps of the session on its workers.

    Once stop() is true, the workers stop after the step they are in.

    Raises SettingError as connect() does, and when a batch has fewer examples than there are workers.
    """
    pool.refuse_too_little(session.run, len(session.dataset.train))
    session.loop.checkpoint_seconds = PoolTiming().checkpoint_s
    with connect(address, pool.n_workers, session.run.engine.n_threads):
        yield partial(_steps, pool=pool, stop=stop)


def _steps(session: Session, pool: TrainingPool, stop: Callable[[], bool]) -> Generator[list[Row], None, None]:
    run, loop = session.run, session.loop
    epochs = session.settings.epochs
    with closing(train_together(run, session.dataset, epochs, pool, stop, loop.costs, loop.seconds)) as all_news:
        for news in all_news:
            if news.position is not None:
                loop.costs, loop.seconds = list(news.position.costs), news.position.seconds
            yield news.rows
    session.save_checkpoint()  # it may have ended in the middle of an epoch
