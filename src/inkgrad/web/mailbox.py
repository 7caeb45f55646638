"""Mailbox: orders for a thread of its own, which does them one after the other, and works on between them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from inkgrad.errors import Interrupted

Order = Callable[[], None]


class Mailbox:
    """Orders for a thread, which begins with the first of them, as many never come.

    The thread calls `turn` with the orders that have come, the first one first: again and again while `is_at_work`,
    else only when there are some.  It returns for how many seconds to rest, or raises Interrupted to end the thread.
    """

    def __init__(self, turn: Callable[[Sequence[Order]], float], is_at_work: Callable[[], bool]) -> None:
        self._turn, self._is_at_work = turn, is_at_work
        self._orders: deque[Order] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.is_closed = False

    def put(self, order: Order) -> None:
        """Have something done after all that was asked before."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="training", daemon=True)
                self._thread.start()
            self._orders.append(order)
            self._changed.notify()

    @property
    def is_empty(self) -> bool:
        """Whether all that was asked is done."""
        return not self._orders

    def close(self) -> None:
        """End the thread once its turn is over."""
        with self._changed:
            self.is_closed = True
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, but no longer than this."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not (self._orders or self._is_at_work() or self.is_closed):
                    self._changed.wait()
                if self.is_closed:
                    return
                orders = list(self._orders)
            try:
                rest = self._turn(orders)
            except Interrupted:
                return
            for _ in orders:  # only now, so that it is never empty too early
                self._orders.popleft()
            time.sleep(rest)
