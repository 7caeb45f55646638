"""A sample: how long some work took, and how much other processes did meanwhile."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

STAT = Path("/proc/stat")  # only Linux has it; elsewhere every sample counts as calm
CALM = 0.10  # of all cores; where others take more, the sample is dropped


class Sample(NamedTuple):
    """Seconds, the cores that were used, and the part of all cores that other processes and machines took."""

    seconds: float
    cores: float
    others: float

    @property
    def is_calm(self) -> bool:
        return self.others <= CALM


def measured(work: Callable[[], object]) -> Sample:
    """Return the sample of one call; processes that it starts and waits for are its own."""
    all_before, own_before, start = _busy(), _own(), time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    own, all_ = _own() - own_before, _busy() - all_before
    return Sample(seconds, own / seconds, max(0.0, all_ - own) / (seconds * (os.cpu_count() or 1)))


def _own() -> float:
    """Return the processor time of this process and of those it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _busy() -> float:
    """Return the seconds that all cores together have worked for anybody, or were held by the host, since they started.

    The system counts in hundredths, so a sample should last a fifth of a second or more.
    """
    if not STAT.exists():
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = (int(n) for n in STAT.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
