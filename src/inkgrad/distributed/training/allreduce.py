"""All-reduce: the vectors of all workers become one sum, and so one cost, one gradient, one theta."""

from __future__ import annotations

import secrets
import socket
from hmac import compare_digest
from select import select
from typing import NamedTuple

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import Diverged
from inkgrad.sessions.log_row import score
from inkgrad.training import Run, Shard

MEETING_SECONDS = 60.0
"""That a worker waits for its neighbours in the ring."""
WORD_SECONDS = 5.0
"""That who comes to a worker may take to say its word: a stranger must not keep the neighbour waiting."""


class Address(NamedTuple):
    """Where a worker listens, and the word that tells it who of those that come is its neighbour."""

    host: str
    port: int
    token: bytes


class Ring:
    """All workers of an attempt, in a ring of sockets: each sends to the next one, and hears from the one before.

    A sum takes two rounds (Patarasuk and Yuan 2009, https://doi.org/10.1016/j.jpdc.2008.09.002).  The vector is cut
    into as many pieces as there are workers.  In the first round each piece goes from worker to worker, and each adds
    its own to it; in the second the sums go round.  So a worker sends less than two vectors, however many workers
    there are.  A piece is added up in one order, so all have the same bits.  One worker alone is a ring, too.

    A worker that dies is missed at once by both neighbours, with a ConnectionError.
    """

    def __init__(self, host: str) -> None:
        self.listener = socket.create_server((host, 0))
        self.address = Address(host, self.listener.getsockname()[1], secrets.token_bytes(16))

    def join(self, rank: int, addresses: list[Address]) -> None:
        """Take a place among the workers, of which all do so.

        Raises OSError where a neighbour does not come.
        """
        self.rank, self.n = rank, len(addresses)
        host, port, token = addresses[(rank + 1) % self.n]
        self.next = socket.create_connection((host, port), timeout=MEETING_SECONDS)
        self.next.sendall(token)
        self.listener.settimeout(MEETING_SECONDS)
        while not self._is_neighbour():
            self.before.close()
        self.listener.close()
        for each in self.next, self.before:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setblocking(False)

    def close(self) -> None:
        """Leave the ring, as a worker that dies does."""
        self.next.close()
        self.before.close()

    def _is_neighbour(self) -> bool:
        """Whether who comes next knows the word."""
        self.before, _ = self.listener.accept()
        self.before.settimeout(WORD_SECONDS)
        try:
            said = self.before.recv(len(self.address.token), socket.MSG_WAITALL)
        except OSError:
            return False
        return compare_digest(said, self.address.token)

    def sum(self, vector: NDArray) -> None:
        """Make the vector, in place, the sum of all workers': the same bits for each of them."""
        pieces = np.array_split(vector, self.n)
        received = np.empty_like(pieces[0])
        for k in range(self.n - 1):
            mine, other = pieces[(self.rank - k) % self.n], pieces[(self.rank - k - 1) % self.n]
            self._exchange(mine, received[: len(other)])
            other += received[: len(other)]
        for k in range(self.n - 1):
            self._exchange(pieces[(self.rank + 1 - k) % self.n], pieces[(self.rank - k) % self.n])

    def _exchange(self, outgoing: NDArray, incoming: NDArray) -> None:
        """Send to the next worker what is outgoing, while what is incoming is filled by the one before."""
        to_send, to_fill = outgoing.view(np.uint8).data, incoming.view(np.uint8).data
        while to_send or to_fill:
            readable, writable, _ = select([self.before] if to_fill else [], [self.next] if to_send else [], [])
            if readable:
                n = self.before.recv_into(to_fill)
                if n == 0:
                    raise ConnectionError("a worker has gone")
                to_fill = to_fill[n:]
            if writable:
                to_send = to_send[self.next.send(to_send) :]


class Averaging:
    """The averages that the workers of a ring take together, each weighted by the part of the examples it has.

    With each of them goes whether rank 0 was `asked` to stop, so all workers `stop` after the same step.
    """

    def __init__(self, ring: Ring, theta: NDArray) -> None:
        self.ring, self.shard = ring, Shard(ring.rank, ring.n)
        self.buffer = np.empty(theta.size + 2, theta.dtype)  # the cost, whether to stop, and the vector
        self.asked = self.stop = False

    def gradient(self, cost: float, gradient: NDArray, weight: float) -> float:
        """Make the gradient, in place, the mean of all workers'; return their mean cost."""
        buffer = self.buffer[: gradient.size + 2]
        buffer[:2] = cost * weight, self.asked
        np.multiply(gradient, weight, out=buffer[2:])
        self.ring.sum(buffer)
        gradient[:] = buffer[2:]
        self.stop = bool(buffer[1])
        return float(buffer[0])

    def parameters(self, run: Run, cost: float) -> float:
        """Make theta and the optimizer's memory, in place, the mean of all workers'; return their mean cost."""
        mean = self.gradient(cost, run.theta, 1 / self.shard.count)
        for array in run.state.values():
            if array.dtype.kind == "f":
                self.gradient(cost, array.reshape(-1), 1 / self.shard.count)
        return mean

    def score(self, run: Run, examples: Examples) -> tuple[float, float]:
        """Return the cost and the accuracy of a run, each worker having looked at its part of the examples.

        Raises Diverged, in all workers, when the cost is not a number in one.
        """
        part, found = self.shard.of(len(examples)), np.zeros(2)
        if part.stop > part.start:
            try:
                found[:] = score(run, Examples(examples.x[part], examples.t[part]))
            except Diverged:
                found[:] = np.nan
            found *= part.stop - part.start
        self.ring.sum(found)
        if not np.isfinite(found).all():
            raise Diverged(f"the cost of {len(examples)} examples is no longer a number: try a smaller learning rate")
        cost, accuracy = found / len(examples)
        return float(cost), float(accuracy)
