"""on_workers(): the steps of a session, done by several workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

from inkgrad.distributed.cluster import connect
from inkgrad.distributed.training.team import Team, train_together
from inkgrad.sessions import Session, Walk

SAVE = 5.0  # seconds between checkpoints on the disk, besides those after each epoch


@contextmanager
def on_workers(session: Session, team: Team, address: str | None, stop: Callable[[], bool]) -> Iterator[Walk]:
    """Connect to Ray at `address`, or start it here, and yield what does the steps of the session on its workers.

    Once stop() is true, the workers stop after the step they are in.

    Raises SettingError as connect() does, and when a batch has fewer examples than there are workers.
    """
    team.refuse_too_little(session.run, len(session.dataset.train))
    with connect(address, team.n_workers, session.run.engine.n_threads):

        def walk(session: Session) -> Generator[list[dict[str, Any]], None, None]:
            yield from _walk(session, team, stop)

        yield walk


def _walk(session: Session, team: Team, stop: Callable[[], bool]) -> Generator[list[dict[str, Any]], None, None]:
    run, start = session.run, time.perf_counter() - session.seconds
    saved = time.monotonic()
    epochs, costs = session.settings.epochs, session.costs
    with closing(train_together(run, session.dataset, epochs, team, stop, costs)) as all_news:
        for news in all_news:
            session.seconds = time.perf_counter() - start
            for row in news.rows:
                row["seconds"] = round(session.seconds, 3)
            if news.place is not None:
                session.costs = list(news.place.costs)
            yield news.rows
            if news.place is not None and (run.step == 0 or news.over or time.monotonic() - saved > SAVE):
                session.save_checkpoint()
                saved = time.monotonic()
