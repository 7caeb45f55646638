"""Batches: many pictures read a batch at a time, by this process and others, in their order."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

from inkgrad.pictures import Source
from inkgrad.worker_process import WorkerProcess

Answer = TypeVar("Answer")
Read = Callable[[list[Source]], Sequence[Answer]]
"""What reads the pictures of a batch; it is pickled for other processes."""


@dataclass(frozen=True)
class BatchSettings:
    """How many pictures are read together, and by whom.

    pictures  that are read together
    few       up to so many are read before another process has started
    ahead     batches that wait for each other process
    longest   batches in the queue for each process: as many as this one reads while the others start
    """

    pictures: int = 32
    few: int = 128
    ahead: int = 3
    longest: int = 20


def read_in_batches(
    read: Read[Answer], pictures: Iterable[Source], workers: int, sizes: BatchSettings
) -> Iterator[Answer]:
    """Yield the answer for each picture in their order, from `workers` processes, this one among them.

    No more pictures are taken from the iterable than are soon to be read.

    Raises what `read` raises, and ChildProcessError where another process has died.
    """
    source = iter(pictures)
    first = list(islice(source, sizes.few + 1))
    pictures = chain(first, source)
    batches = iter(lambda: list(islice(pictures, sizes.pictures)), [])
    if workers == 1 or len(first) <= sizes.few:
        for batch in batches:
            yield from read(batch)
    else:
        yield from _with_others(read, batches, workers - 1, sizes)


def _with_others(
    read: Read[Answer], batches: Iterator[list[Source]], others: int, sizes: BatchSettings
) -> Iterator[Answer]:
    """Yield the answers in order; this process reads too whenever the others have enough to do."""
    import cloudpickle  # type: ignore[import-untyped]

    queue: deque[Future[Sequence[Answer]]] = deque()
    threads = ThreadPoolExecutor(others)  # each waits for the answer of a process
    what = cloudpickle.dumps(read)
    processes: list[WorkerProcess] = []
    idle: SimpleQueue[WorkerProcess] = SimpleQueue()
    try:
        for _ in range(others):
            processes.append(WorkerProcess(_serve, what))
            idle.put(processes[-1])
        for batch in batches:
            busy = sum(not answers.done() for answers in queue)
            queue.append(threads.submit(_asked, batch, idle) if busy < sizes.ahead * others else _done(read(batch)))
            while queue and (queue[0].done() or len(queue) > sizes.longest * (others + 1)):
                yield from queue.popleft().result()
        while queue:
            yield from queue.popleft().result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.stop()
        threads.shutdown()


def _asked(batch: list[Source], idle: SimpleQueue[WorkerProcess]) -> Sequence[Answer]:
    """Return the answers of a process that is idle."""
    worker = idle.get()
    try:
        worker.send(batch)
        answers = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join(1)  # seconds
        why = f"a process that reads has died, its exit status is {worker.process.exitcode}: is the memory full?"
        raise ChildProcessError(why) from None
    finally:
        idle.put(worker)
    if isinstance(answers, BaseException):
        raise answers
    return answers


def _serve(connection: Connection, what: bytes) -> None:
    """Answer for each batch that comes, until there is nobody any more who sends one."""
    read: Read[object] = pickle.loads(what)
    with suppress(EOFError, ConnectionError):
        while True:
            batch = connection.recv()
            try:
                answers: object = read(batch)
            except Exception as error:  # it is raised where it was asked
                answers = error
            connection.send(answers)


def _done(answers: Sequence[Answer]) -> Future[Sequence[Answer]]:
    future: Future[Sequence[Answer]] = Future()
    future.set_result(answers)
    return future
