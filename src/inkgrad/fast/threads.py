"""Threads: one number for our kernels and for BLAS, so that they do not fight for the cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from inkgrad.errors import SettingError
from inkgrad.whole_numbers import shown_whole

MOST_THREADS = 256  # that the kernels take


def available_threads() -> int:
    """Return how many threads are of use here: the processor cores this process may run on, at most 16."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 16)  # a step on a small network has not more work than that


def refuse_bad_threads(n: int) -> None:
    """Raise SettingError unless n is a number of threads, 1 to 256."""
    if type(n) is not int or not 1 <= n <= MOST_THREADS:
        raise SettingError(f"the work is done by 1 to {MOST_THREADS} threads, got {shown_whole(n)}")


@contextmanager
def limit_threads(n: int) -> Iterator[None]:
    """Hold BLAS to `n` threads inside a with block."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(n, "blas"):
        yield
