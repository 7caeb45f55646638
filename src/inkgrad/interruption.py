"""Interruption: Ctrl-C and a polite kill while work is done that has signals of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt; afterwards they are for whom they were before.

    It is for work, such as the start of Ray, that takes SIGTERM for itself and would end the program.
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
