"""Link: what a message costs, alpha + bytes * beta."""

from __future__ import annotations

from dataclasses import dataclass

from lab.planning.expect import refuse_negative, refuse_not_positive

BITS = 8


@dataclass(frozen=True)
class Link:
    """The way between two processes: a message of m bytes takes alpha + m beta seconds.

    `alpha` is the latency, seconds a message; `beta` is the inverse of the bandwidth, seconds a byte.  A process
    sends or receives one message at a time, and those of different pairs do not disturb each other: the model of
    Thakur, Rabenseifner and Gropp 2005, https://doi.org/10.1177/1094342005051521.

    Raises SettingError where one of them is negative or no number.
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        refuse_negative("a link's alpha, seconds a message,", self.alpha)
        refuse_negative("a link's beta, seconds a byte,", self.beta)

    def seconds(self, n_bytes: float) -> float:
        """Return alpha + bytes * beta."""
        return self.alpha + n_bytes * self.beta

    def over(self, gigabits: float, latency: float) -> Link:
        """Return this link with a wire in it, of so many Gbit/s and of so many seconds latency.

        Both are added: a message is taken not to travel while it is still being copied, which is the worst case.

        >>> Link(alpha=0.001, beta=0.0).over(gigabits=8, latency=0.001)
        Link(alpha=0.002, beta=1e-09)
        """
        refuse_not_positive("a wire's bandwidth, Gbit/s,", gigabits)
        refuse_negative("a wire's latency, seconds,", latency)
        return Link(self.alpha + latency, self.beta + BITS / (gigabits * 1e9))
