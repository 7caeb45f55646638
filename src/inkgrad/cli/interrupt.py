"""Stopping politely: Ctrl-C asks, and the training stops after the step it is in."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C, or a polite kill, has come.

    The second Ctrl-C raises KeyboardInterrupt at once, for those who cannot wait.
    """
    requests = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal requests
        requests += 1
        if requests > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: requests > 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
