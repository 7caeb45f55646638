"""ProcessPool: a pool of readers that are processes on this machine."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Thread

from inkgrad.bulk.parts import Load
from inkgrad.bulk.picture_reader import PictureReader
from inkgrad.bulk.reader_pool import Death, PoolLimits, PoolWorker, ReaderPool
from inkgrad.bulk.rows import Answer, RowKind
from inkgrad.reader import Reader
from inkgrad.worker_process import WorkerProcess


class ProcessPool(ReaderPool):
    """`n_workers` processes."""

    def __init__(self, reader: Reader, kind: RowKind, n_workers: int, limits: PoolLimits = PoolLimits()) -> None:
        import cloudpickle  # type: ignore[import-untyped]

        self.what_reads = cloudpickle.dumps((reader, kind))  # with layers that are the caller's own
        super().__init__(n_workers, limits)

    def start(self) -> PoolWorker:
        return PoolWorker(WorkerProcess(serve, self.what_reads))

    def give(self, worker: PoolWorker, load: Load) -> None:
        with suppress(OSError):  # it is dead, which is heard soon
            worker.handle.send(load)

    def heard(self, seconds: float) -> Iterator[tuple[PoolWorker, list[Answer] | Death]]:
        its = {worker.handle.connection: worker for worker in self.workers}
        for connection in wait(list(its), seconds):
            worker = its[connection]
            try:
                answers = worker.handle.connection.recv()
            except (EOFError, OSError):
                worker.handle.process.join(1)  # seconds
                yield worker, Death(f"its exit status is {worker.handle.process.exitcode}")
            else:
                yield worker, answers

    def stop(self, worker: PoolWorker) -> None:
        worker.handle.stop()


def serve(connection: Connection, what_reads: bytes) -> None:
    """Read each load that comes, until there is nobody any more who sends one."""
    reader, kind = pickle.loads(what_reads)
    picture_reader = PictureReader(reader, kind)
    loads: SimpleQueue[Load] = SimpleQueue()
    Thread(target=_receive, args=(connection, loads), daemon=True).start()
    connection.send([])  # ready
    _be_silent()
    while True:
        load = loads.get()
        connection.send(picture_reader.read(load.first, load.names, load.pictures))


def _receive(connection: Connection, loads: SimpleQueue[Load]) -> None:
    """Take loads as they come, so that the sender never waits; end the process when the sender has ended."""
    with suppress(EOFError, OSError):
        while True:
            loads.put(connection.recv())
    os._exit(0)


def _be_silent() -> None:
    """Let what decoders print about damaged pictures go nowhere: the reasons are among the answers."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
