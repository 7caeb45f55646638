"""WorkerProcesses: some processes that do one thing together; a killed one is replaced, and all can be stopped."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from inkgrad.errors import InkgradError, Interrupted
from inkgrad.worker_process import WorkerProcess

Work = Callable[..., None]
"""Takes what it is given and, last, a function that tells whether to stop; then it raises Interrupted."""


class WorkerProcesses:
    """`n` processes, each of which calls `work(*given, stop)`; within a with block, at whose end none is left.

    A process that is killed is replaced, `most_deaths` times; `note` is told in words.
    """

    def __init__(self, n: int, work: Work, *given: Any, note: Callable[[str], None], most_deaths: int = 3) -> None:
        import cloudpickle  # type: ignore[import-untyped]

        self.what = cloudpickle.dumps((work, given))
        self.n, self.note, self.deaths_left = n, note, most_deaths
        self.workers = dict[Connection, WorkerProcess]()

    def __enter__(self) -> WorkerProcesses:
        for _ in range(self.n):
            self._start()
        return self

    def _start(self) -> None:
        worker = WorkerProcess(_serve, self.what)
        self.workers[worker.connection] = worker

    def are_at_work(self, seconds: float) -> bool:
        """Wait so long, at most, for one to end; return whether any is left.

        Raises what one raised; Interrupted where they are killed again and again.
        """
        ended = wait(list(self.workers), seconds)
        for connection in [each for each in self.workers if each in ended]:
            worker = self.workers.pop(connection)
            process = worker.process
            try:
                error: Exception | None = connection.recv()
            except (EOFError, ConnectionError):
                worker.leave()
                if not self.deaths_left:
                    why = f"worker {process.pid}, the last of many, ended with {process.exitcode}"
                    raise Interrupted(f"workers are killed again and again: {why}") from None
                self.deaths_left -= 1
                self.note(f"worker {process.pid} was killed (exit status {process.exitcode}): another takes its place")
                self._start()
            else:
                worker.leave()
                if error:
                    raise error
        return bool(self.workers)

    def __exit__(self, *error: object) -> None:
        for connection in self.workers:  # all hear it before the first is waited for
            connection.close()
        for worker in self.workers.values():
            worker.leave()
        self.workers.clear()


def _serve(connection: Connection, what: bytes) -> None:
    """Do the work until it is done, or the other end of the pipe is closed, also because its process died."""
    work, given = pickle.loads(what)
    found: Exception | None = None
    try:
        work(*given, connection.poll)
    except Interrupted:
        pass
    except (InkgradError, OSError) as error:
        found = error
    with suppress(OSError):
        connection.send(found)
