"""Line source: batches of made-up lines, made by other processes while a network is trained on them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import count
from multiprocessing.queues import Queue
from queue import Empty

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import line_targets
from lab.synthetic.lines.kinds import ALPHABET
from lab.synthetic.lines.maker import PX_A_FRAME, LineMaker, MadeLine

LABELS = ("", *ALPHABET)
"""What each class of a recogniser of lines says; the first is CTC's blank, which says nothing."""

BATCHES_AT_ONCE = 48  # are made together, so that lines of about the same width can stand in each
WAITING = 1  # such for each process at most: they take 25 MB
LOOK_S = 1.0  # between two looks at whether a process is alive that is waited for
FURTHEST_PX = 7  # that a line is moved to the right when it is used again
PALEST = 0.8  # of its ink, that it then has at least
OTHER_COMPANY_PX = 4  # the spread of what is added to a width when lines are sorted again

Batch = tuple[NDArray, NDArray]


class LineSource:
    """Batches of lines on the fly, `n_lines` of them an epoch, made by `n_workers` processes.

    Each line is used so many times, soon one after another, as making one takes longer than two steps on it: the
    next time it is moved, paler, and in other company.

    What comes follows from the seed and the place alone, however many processes there are.  They go on from one
    epoch to the next, and end with `close`.

    Raises RuntimeError where one of them ended by itself.
    """

    def __init__(self, maker: LineMaker, n_lines: int, n_workers: int = 1, uses: int = 1) -> None:
        self.maker, self.n_lines, self.n_workers, self.uses = maker, n_lines, n_workers, uses
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
                task = self.maker, queue, seed, batch_size, number + worker, self.n_workers, self.n_lines, self.uses
                self._workers.append(context.Process(target=_make_for_ever, args=task, daemon=True))
                self._workers[-1].start()
            self._first = number
        self._next = seed, batch_size, number + 1
        return self._from((number - self._first) % self.n_workers)

    def _from(self, worker: int) -> list[Batch]:
        while True:
            try:
                return self._queues[worker].get(timeout=LOOK_S)
            except Empty:
                if not self._workers[worker].is_alive():
                    raise RuntimeError(f"process {worker} of those that make lines has ended") from None

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.terminate()
            worker.join()
        self._workers, self._queues, self._next = [], [], (-1, -1, -1)


def _make_for_ever(
    maker: LineMaker, queue: Queue[list[Batch]], seed: int, batch_size: int, first: int, every: int, n_lines: int,
    uses: int,
) -> None:  # fmt: skip
    at_once = BATCHES_AT_ONCE * batch_size
    n = -(-n_lines // at_once)
    for number in count(first, every):
        left = n_lines - number % n * at_once
        queue.put(made_batches(maker, min(left, at_once), batch_size, np.random.default_rng([seed, number]), uses))


def made_batches(maker: LineMaker, n: int, batch_size: int, rng: np.random.Generator, uses: int = 1) -> list[Batch]:
    """Return n lines in batches, all but one full, each of lines of about the same width, in any order.

    Each line is used so many times, or fewer where n ends before.
    """
    n_fresh = min(n, batch_size * -(-n // (batch_size * uses)))
    lines = maker.lines(n_fresh, rng)
    batches: list[Batch] = []
    for use in range(uses):
        some = lines[: max(0, n - use * n_fresh)]
        widths = [line.ink.shape[1] for line in some] + bool(use) * rng.normal(0, OTHER_COMPANY_PX, len(some))
        order = np.argsort(widths, kind="stable")
        together = [[some[i] for i in order[first : first + batch_size]] for first in range(0, len(some), batch_size)]
        for i in rng.permutation(len(together)):
            left = int(rng.integers(FURTHEST_PX + 1)) if use else 0
            x, t = as_batch(together[i], left)
            batches.append((x * np.float32(rng.uniform(PALEST, 1)) if use else x, t))
    return batches


def as_batch(lines: Sequence[MadeLine], left: int = 0) -> Batch:
    """Return x (N, 32, width, 1), the lines with paper around them, and t (N, M), their frames and what they say.

    There is paper at their right, where others are wider, and `left` pixels of it before each.
    """
    widths = [left + line.ink.shape[1] for line in lines]
    width = PX_A_FRAME * -(-max(widths) // PX_A_FRAME)
    x = np.zeros((len(lines), len(lines[0].ink), width, 1), np.float32)
    for image, line, end in zip(x, lines, widths, strict=True):
        image[:, left:end, 0] = line.ink
    said = [[LABELS.index(character) for character in line.text] for line in lines]
    return x, line_targets(said, [-(-n // PX_A_FRAME) for n in widths])
