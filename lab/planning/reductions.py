"""Reductions: how long it takes until each of n workers has the sum of all their vectors.

m is the bytes of a vector, alpha and beta are the link's, gamma is the seconds a byte of adding two vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil, inf

from inkgrad.errors import SettingError
from lab.planning.expect import refuse_bad_count
from lab.planning.links import Link


class Reduction(ABC):
    """A way to add the vectors of n workers and to give all of them the sum."""

    @abstractmethod
    def seconds(self, n: int, n_bytes: float, link: Link, gamma: float = 0.0, cores: float = inf) -> float:
        """Return how long it takes.

        `cores` is how many processes run truly at once: where there are more, they take turns.  Machines of their
        own have no such limit, inf; workers on one machine share its cores.

        Raises SettingError where there is no worker.
        """


@dataclass(frozen=True)
class Tree(Reduction):
    """Up a tree in which a node adds what up to `fan_in` others send, and down again.

    Level by level the n vectors become n / k, n / k², ... 1.  A node of a level with c vectors below it receives
    r = min(k, c) messages one after the other and adds r - 1 times.  On the way down it sends as many.  So a level
    takes

        2 r (alpha + m beta) + (r - 1) m gamma

    and there are ceil(log_k n) levels.  For large n that is 2 (k / ln k) ln n (alpha + m beta), least at k = e: a
    fan-in of 2 to 4 is about as good as any other, and k = n, one node for all, the worst.

    Raises SettingError for a fan-in that is no whole number of at least 2.
    """

    fan_in: int = 4

    def __post_init__(self) -> None:
        if isinstance(self.fan_in, bool) or not isinstance(self.fan_in, int) or self.fan_in < 2:
            raise SettingError(f"a tree's fan-in is a whole number, at least 2, got {self.fan_in!r}")

    def seconds(self, n: int, n_bytes: float, link: Link, gamma: float = 0.0, cores: float = inf) -> float:
        refuse_bad_count("the number of workers", n)
        total = 0.0
        while n > 1:
            r = min(self.fan_in, n)
            n = ceil(n / self.fan_in)
            total += turns(n, cores) * (2 * r * link.seconds(n_bytes) + (r - 1) * n_bytes * gamma)
        return total


@dataclass(frozen=True)
class Ring(Reduction):
    """Each worker sends to the next one in a ring, a part of m / n bytes at a time.

    n - 1 rounds add: in each, every worker passes on one part and adds what it receives to its own.  Then each has
    one finished part, and n - 1 rounds more carry those around (Patarasuk & Yuan 2009,
    https://doi.org/10.1016/j.jpdc.2008.09.002):

        2 (n - 1) (alpha + m / n beta) + (n - 1) m / n gamma

    For large vectors that is 2 m beta however many workers: nothing can send less.  But the latency grows with n.
    """

    def seconds(self, n: int, n_bytes: float, link: Link, gamma: float = 0.0, cores: float = inf) -> float:
        refuse_bad_count("the number of workers", n)
        part = n_bytes / n
        return turns(n, cores) * (n - 1) * (2 * link.seconds(part) + part * gamma)


@dataclass(frozen=True)
class Halving(Reduction):
    """Halve the vector and double the distance, log2 n times; then the same backwards (Rabenseifner).

    In round i a worker exchanges m / 2^i bytes with one partner and adds them; after log2 n rounds each has m / n
    finished bytes, as 1/2 + 1/4 + ... + 1/n = (n - 1) / n of m has gone through.  Backwards nothing is added
    (Thakur, Rabenseifner & Gropp 2005,
    https://doi.org/10.1177/1094342005051521):

        2 log2(n) alpha + 2 (n - 1) / n m beta + (n - 1) / n m gamma

    The fewest bytes and few messages.  Where n is no power of two, some workers first give theirs to a neighbour
    and get the sum at the end: 2 (alpha + m beta) + m gamma more.
    """

    def seconds(self, n: int, n_bytes: float, link: Link, gamma: float = 0.0, cores: float = inf) -> float:
        refuse_bad_count("the number of workers", n)
        rounds = n.bit_length() - 1
        power = 1 << rounds
        moved = (power - 1) / power * n_bytes
        total = 2 * (rounds * link.alpha + moved * link.beta) + moved * gamma
        if n > power:
            total += 2 * link.seconds(n_bytes) + n_bytes * gamma
        return turns(n, cores) * total


def turns(n: int, cores: float) -> float:
    """Return how much longer n processes take on so many cores than on a core each.

    >>> turns(4, 2), turns(1, 2)
    (2.0, 1.0)
    """
    return max(1.0, n / cores)
