"""WorkerProcess: another process of this machine that works for this one, and the pipe to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

Serve = Callable[[Connection, bytes], None]


class WorkerProcess:
    """A process that runs serve(connection, what), started afresh: the fork of one with threads may hang.

    `what` is pickled with cloudpickle, as it may have layers that are the caller's own: serve() is to unpickle it.
    It is deaf to Ctrl-C, since this process ends it, and gone when this one is: its connection breaks then.  Where it
    dies, recv() raises EOFError, or ConnectionResetError where it had not yet taken all that it was sent.
    """

    def __init__(self, serve: Serve, what: bytes) -> None:
        from loky.backend import get_context  # it needs no `if __name__ == "__main__":` in the caller's file

        context = get_context("loky")
        self.connection: Connection
        self.connection, there = context.Pipe()
        self.process: Any = context.Process(target=_begin, args=(serve, there), daemon=True)
        with _ctrl_c_waits():
            self.process.start()
        there.close()
        # Not as an argument: loky would wait for ever for a process that dies before it has taken what fills a pipe.
        self._telling = Thread(target=self._tell, args=(what,), daemon=True)
        self._telling.start()

    def send(self, message: object) -> None:
        """Send it a message; raises OSError where it is dead."""
        self._telling.join()
        self.connection.send(message)

    def stop(self) -> None:
        """End it, whatever it does; what it was asked then has no answer."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        self._telling.join()
        self.connection.close()

    def leave(self) -> None:
        """Close the pipe, so that it hears that nobody waits for it any more, and wait for its end."""
        self._telling.join()
        self.connection.close()
        self.process.join()

    def _tell(self, what: bytes) -> None:
        with suppress(OSError):  # it is dead, which is heard when an answer is asked
            self.connection.send_bytes(what)


def _begin(serve: Serve, connection: Connection) -> None:
    with suppress(EOFError, ConnectionError):  # the process that began it is gone
        serve(connection, connection.recv_bytes())


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C wait until a process is started, which is deaf to it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
