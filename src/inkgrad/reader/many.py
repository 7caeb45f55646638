"""Many: pictures by the thousand, in batches, on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import chain, islice

from inkgrad.pictures.source import Source
from inkgrad.reader.reading import Reading

BATCH = 32  # pictures that the network looks at together
FEW = 4 * BATCH  # so few are read before another process has started
AHEAD = 3  # batches that wait for each other process
LONGEST = 20  # batches in the queue for each process: as many as this one reads while the others start

ReadBatch = Callable[[Sequence[Source]], list[Reading]]


def read_in_batches(read: ReadBatch, pictures: Iterable[Source], workers: int) -> Iterator[Reading]:
    """Yield the reading of each picture in their order, from `workers` processes, this one among them.

    No more pictures are taken from the iterable than are soon to be read.
    """
    source = iter(pictures)
    first = list(islice(source, FEW + 1))
    batches = _batches(chain(first, source))
    if workers == 1 or len(first) <= FEW:
        for batch in batches:
            yield from read(batch)
    else:
        yield from _with_others(read, batches, workers - 1)


def _with_others(read: ReadBatch, batches: Iterator[list[Source]], others: int) -> Iterator[Reading]:
    """Yield the readings in order; this process reads too whenever the others have enough to do.

    The others are started afresh: the fork of a process with threads (JAX, a web server) may hang.
    """
    from loky import ProcessPoolExecutor  # slow to import, and seldom needed

    pool = ProcessPoolExecutor(others)
    queue: deque[Future[list[Reading]]] = deque()
    try:
        for batch in batches:
            busy = sum(not readings.done() for readings in queue)
            queue.append(pool.submit(read, batch) if busy < AHEAD * others else _done(read(batch)))
            while queue and (queue[0].done() or len(queue) > LONGEST * (others + 1)):
                yield from queue.popleft().result()
        while queue:
            yield from queue.popleft().result()
    finally:
        pool.shutdown(kill_workers=True)


def _done(readings: list[Reading]) -> Future[list[Reading]]:
    future: Future[list[Reading]] = Future()
    future.set_result(readings)
    return future


def _batches(pictures: Iterator[Source]) -> Iterator[list[Source]]:
    while batch := list(islice(pictures, BATCH)):
        yield batch
