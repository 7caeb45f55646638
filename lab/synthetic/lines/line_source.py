"""Line source: batches of made-up lines, made by other processes while a network is trained on them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import count
from multiprocessing.queues import Queue

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import line_targets
from lab.synthetic.lines.kinds import ALPHABET
from lab.synthetic.lines.maker import PX_A_FRAME, LineMaker, MadeLine

LABELS = ("", *ALPHABET)
"""What each class of a recogniser of lines says; the first is CTC's blank, which says nothing."""

BATCHES_AT_ONCE = 8  # are made together, so that lines of about the same width can stand in each
WAITING = 3  # such for each process at most, so that memory stays small

Batch = tuple[NDArray, NDArray]


class LineSource:
    """Batches of lines on the fly, `n_lines` of them an epoch, made by `n_workers` processes.

    What comes follows from the seed and the place alone, however many processes there are.  They go on from one
    epoch to the next, and end with `close`.
    """

    def __init__(self, maker: LineMaker, n_lines: int, n_workers: int = 1) -> None:
        self.maker, self.n_lines, self.n_workers = maker, n_lines, n_workers
        self._workers: list[multiprocessing.process.BaseProcess] = []
        self._queues: list[Queue[list[Batch]]] = []
        self._next = (-1, -1, -1)  # the seed, the batch size and the number of what comes next

    def __len__(self) -> int:
        return self.n_lines

    def batches(self, seed: int, epoch: int, batch_size: int, skip: int) -> Iterator[Batch]:
        """Yield the batches of an epoch but for the first `skip`."""
        n = -(-self.n_lines // (BATCHES_AT_ONCE * batch_size))
        for place in range(skip // BATCHES_AT_ONCE, n):
            made = self._made(seed, batch_size, epoch * n + place)
            yield from made[max(0, skip - place * BATCHES_AT_ONCE) :]

    def _made(self, seed: int, batch_size: int, number: int) -> list[Batch]:
        if self._next != (seed, batch_size, number):
            self.close()
            context = multiprocessing.get_context("spawn")  # as a fork would have the threads of the kernels
            self._queues = [context.Queue(WAITING) for _ in range(self.n_workers)]
            for worker, queue in enumerate(self._queues):
                task = self.maker, queue, seed, batch_size, number + worker, self.n_workers, self.n_lines
                self._workers.append(context.Process(target=_make_for_ever, args=task, daemon=True))
                self._workers[-1].start()
            self._first = number
        self._next = seed, batch_size, number + 1
        return self._queues[(number - self._first) % self.n_workers].get()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.terminate()
            worker.join()
        self._workers, self._queues, self._next = [], [], (-1, -1, -1)


def _make_for_ever(
    maker: LineMaker, queue: Queue[list[Batch]], seed: int, batch_size: int, first: int, every: int, n_lines: int
) -> None:
    at_once = BATCHES_AT_ONCE * batch_size
    n = -(-n_lines // at_once)
    for number in count(first, every):
        left = n_lines - number % n * at_once
        queue.put(made_batches(maker, min(left, at_once), batch_size, np.random.default_rng([seed, number])))


def made_batches(maker: LineMaker, n: int, batch_size: int, rng: np.random.Generator) -> list[Batch]:
    """Return n lines in batches, each of lines of about the same width, in any order."""
    lines = sorted(maker.lines(n, rng), key=lambda line: line.ink.shape[1])
    batches = [as_batch(lines[i : i + batch_size]) for i in range(0, n, batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def as_batch(lines: Sequence[MadeLine]) -> Batch:
    """Return x (N, 32, width, 1), the lines with paper at their right, and t (N, M), their frames and what they say."""
    widths = [line.ink.shape[1] for line in lines]
    width = PX_A_FRAME * -(-max(widths) // PX_A_FRAME)
    x = np.zeros((len(lines), len(lines[0].ink), width, 1), np.float32)
    for image, line in zip(x, lines, strict=True):
        image[:, : line.ink.shape[1], 0] = line.ink
    said = [[LABELS.index(character) for character in line.text] for line in lines]
    return x, line_targets(said, [-(-n // PX_A_FRAME) for n in widths])
