"""Many: pictures by the thousand, in batches, on all cores."""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice

from inkgrad.images.picture import Source
from inkgrad.reader.reading import Reading

BATCH = 32  # pictures that the network looks at together
FEW = 4 * BATCH  # so few are read before another process has started
AHEAD = 4  # batches that wait for each process

ReadBatch = Callable[[Sequence[Source]], list[Reading]]


def read_in_batches(read: ReadBatch, pictures: Iterable[Source], workers: int) -> Iterator[Reading]:
    """Yield the reading of each picture in their order, from `workers` processes; 1 is this one alone.

    No more pictures are taken from the iterable than are soon to be read.
    """
    source = iter(pictures)
    first = list(islice(source, FEW + 1))
    if workers == 1 or len(first) <= FEW:
        for start in range(0, len(first), BATCH):
            yield from read(first[start : start + BATCH])
        while batch := list(islice(source, BATCH)):
            yield from read(batch)
        return
    batches = _batches(first, source)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        waiting: deque[Future[list[Reading]]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(read, batch))
                if len(waiting) >= AHEAD * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _batches(first: list[Source], rest: Iterator[Source]) -> Iterator[list[Source]]:
    for start in range(0, len(first), BATCH):
        yield first[start : start + BATCH]
    while batch := list(islice(rest, BATCH)):
        yield batch
