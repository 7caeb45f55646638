"""Steps: how long one takes when n workers share its batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf

from inkgrad.errors import SettingError
from lab.planning.expect import refuse_bad_count, refuse_negative
from lab.planning.links import Link
from lab.planning.reductions import Reduction, turns

BYTES = 4  # of a number in float32


@dataclass(frozen=True)
class Workload:
    """A network's step on one worker: `fixed` seconds whatever the batch, and `per_example` seconds for each of it.

    The fixed part is what every worker does in full: the optimizer's step over all of theta, and calling things.
    """

    n_parameters: int
    fixed: float
    per_example: float

    def __post_init__(self) -> None:
        refuse_bad_count("the number of parameters", self.n_parameters)
        refuse_negative("the fixed seconds of a step", self.fixed)
        refuse_negative("the seconds of an example", self.per_example)

    @property
    def n_bytes(self) -> int:
        """The bytes of a gradient, 4 a parameter."""
        return BYTES * self.n_parameters

    def seconds(self, examples: int) -> float:
        """Return the seconds of a step on so many examples, alone on a core."""
        return self.fixed + self.per_example * examples


@dataclass(frozen=True)
class Machines:
    """Where the work is done: the link between two workers, the way gradients are added, seconds a byte of adding.

    `cores` is how many workers can run truly at once: inf where each has a core of its own.

    Raises SettingError unless gamma is at least 0 and cores at least 1.
    """

    link: Link
    reduction: Reduction
    gamma: float = 0.0
    cores: float = inf

    def __post_init__(self) -> None:
        refuse_negative("the seconds a byte of adding", self.gamma)
        if not self.cores >= 1:
            raise SettingError(f"the number of cores is at least 1, got {self.cores!r}")


def step_seconds(work: Workload, batch: int, n: int, machines: Machines, sync_every: int = 1) -> float:
    """Return the seconds of a step of n workers that share a batch, T(n) = compute + reduction / k.

    The slowest worker has ceil(batch / n) examples.  With k = `sync_every` above 1, workers make k steps by
    themselves and average then, so a k-th of a reduction falls on each.  Where workers outnumber the cores, they
    take turns.  Computing and communicating are taken not to overlap.

    Raises SettingError where a count is below 1.
    """
    for name, count in ("the batch", batch), ("the number of workers", n), ("the steps between averages", sync_every):
        refuse_bad_count(name, count)
    compute = turns(n, machines.cores) * work.seconds(ceil(batch / n))
    reduction = machines.reduction.seconds(n, work.n_bytes, machines.link, machines.gamma, machines.cores)
    return compute + reduction / sync_every


def speed_up(work: Workload, batch: int, n: int, machines: Machines, sync_every: int = 1) -> float:
    """Return T(1) / T(n) of the same batch, strong scaling: below 1, the workers are slower than one alone."""
    return work.seconds(batch) / step_seconds(work, batch, n, machines, sync_every)


def efficiency(work: Workload, batch_each: int, n: int, machines: Machines, sync_every: int = 1) -> float:
    """Return T(1) / T(n) where every worker keeps its batch, weak scaling: 1 means n times the examples a second."""
    return work.seconds(batch_each) / step_seconds(work, n * batch_each, n, machines, sync_every)


def best_number(work: Workload, batch: int, machines: Machines, among: Iterable[int]) -> int:
    """Return which of these numbers of workers makes the fastest step of a batch; of equals, the smallest."""
    return min(sorted(among), key=lambda n: step_seconds(work, batch, n, machines))
