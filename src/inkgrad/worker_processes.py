"""WorkerProcesses: some processes that do one thing together; a killed one is replaced, and all can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from typing import Any

from inkgrad.errors import InkgradError, Interrupted

Work = Callable[..., None]
"""Takes what it is given and, last, a function that tells whether to stop; then it raises Interrupted."""


class WorkerProcesses:
    """`n` processes, each of which calls `work(*given, stop)`; within a with block, at whose end none is left.

    A process that is killed is replaced, `most_deaths` times; `note` is told in words.
    """

    def __init__(self, n: int, work: Work, *given: Any, note: Callable[[str], None], most_deaths: int = 3) -> None:
        self.work, self.given, self.note, self.deaths_left = work, given, note, most_deaths
        self.n, self.processes = n, dict[Connection, Any]()

    def __enter__(self) -> WorkerProcesses:
        for _ in range(self.n):
            self._start()
        return self

    def _start(self) -> None:
        from loky.backend import get_context  # it needs no `if __name__ == "__main__":` in the caller's file

        context = get_context("loky")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, self.work, *self.given), daemon=True)
        before = pthread_sigmask(SIG_BLOCK, {SIGINT})  # it is deaf to Ctrl-C: this process stops it
        try:
            process.start()
        finally:
            pthread_sigmask(SIG_SETMASK, before)
        there.close()
        self.processes[here] = process

    def are_at_work(self, seconds: float) -> bool:
        """Wait so long, at most, for one to end; return whether any is left.

        Raises what one raised; Interrupted where they are killed again and again.
        """
        ended = wait(list(self.processes), seconds)
        for connection in [each for each in self.processes if each in ended]:
            process = self.processes.pop(connection)
            try:
                error: Exception | None = connection.recv()
            except EOFError:
                process.join()
                if not self.deaths_left:
                    why = f"worker {process.pid}, the last of many, ended with {process.exitcode}"
                    raise Interrupted(f"workers are killed again and again: {why}") from None
                self.deaths_left -= 1
                self.note(f"worker {process.pid} was killed (exit status {process.exitcode}): another takes its place")
                self._start()
            else:
                process.join()
                if error:
                    raise error
        return bool(self.processes)

    def __exit__(self, *error: object) -> None:
        for connection in self.processes:
            connection.close()
        for process in self.processes.values():
            process.join()
        self.processes.clear()


def _serve(connection: Connection, work: Work, *given: Any) -> None:
    """Do the work until it is done, or the other end of the pipe is closed, also because its process died."""
    found: Exception | None = None
    try:
        work(*given, connection.poll)
    except Interrupted:
        pass
    except (InkgradError, OSError) as error:
        found = error
    with suppress(OSError):
        connection.send(found)
