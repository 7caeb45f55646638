"""Mailbox: orders are done in their order, each once, and the thread ends when it should."""

import threading

import pytest

from inkgrad.errors import Interrupted
from inkgrad.web.mailbox import Mailbox

SOON = 20  # seconds, on a machine that is busy with other things


class Worker:
    """Does orders, and works on for some turns more."""

    def __init__(self, n_more=0):
        self.done, self.n_more, self.n_turns, self.idle = [], n_more, 0, threading.Event()
        self.mailbox = Mailbox(self.turn, lambda: self.n_more > 0)

    def turn(self, orders):
        for do in orders:
            do()
        self.n_turns += 1
        self.n_more -= not orders
        if self.n_more <= 0:
            self.idle.set()
        return 0.0


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.mailbox.close()
    worker.mailbox.join(SOON)


def test_orders_are_done_in_their_order_and_once(worker):
    last = threading.Event()
    for k in range(50):
        worker.mailbox.put(lambda k=k: worker.done.append(k))
    worker.mailbox.put(last.set)
    assert last.wait(SOON)
    assert worker.done == list(range(50))


def test_it_is_not_empty_before_all_is_done(worker):
    begun, go_on = threading.Event(), threading.Event()
    worker.mailbox.put(lambda: (begun.set(), go_on.wait(SOON)))
    assert begun.wait(SOON)
    assert not worker.mailbox.is_empty
    go_on.set()
    worker.mailbox.close()
    worker.mailbox.join(SOON)
    assert worker.mailbox.is_empty


def test_it_works_on_without_orders_as_long_as_there_is_work():
    worker = Worker(n_more=3)
    worker.mailbox.put(lambda: None)
    assert worker.idle.wait(SOON)
    worker.mailbox.close()
    worker.mailbox.join(SOON)
    assert worker.n_turns == 1 + 3


def test_no_thread_begins_before_the_first_order():
    before = threading.active_count()
    worker = Worker(n_more=1)
    worker.mailbox.close()
    worker.mailbox.join(SOON)
    assert (threading.active_count(), worker.n_turns) == (before, 0)


def test_an_interruption_ends_the_thread(worker):
    def interrupt():
        raise Interrupted("as it was asked to")

    worker.mailbox.put(interrupt)
    worker.mailbox.join(SOON)
    worker.mailbox.put(lambda: worker.done.append("more"))
    assert (worker.done, worker.n_turns) == ([], 0)
