"""Interruption: Ctrl-C and a polite kill end work in one way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt; afterwards they are for whom they were before.

    It is for work that is to be undone as after Ctrl-C, also where it takes SIGTERM for itself and would end the
    program, as the start of Ray does.
    """
    if threading.current_thread() is not threading.main_thread():  # where signals are nobody's
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    except SystemExit:  # how such work takes SIGTERM
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
