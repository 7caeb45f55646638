"""Batches: this process and others answer for many pictures, in their order, and nobody is left behind."""

import os
import signal

import pytest

from inkgrad.reader.batches import BatchSettings, read_in_batches

SIZES = BatchSettings(pictures=2, few=3, ahead=2, longest=3)


def numbered(n):
    return (str(k) for k in range(n))


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_come_in_order_from_this_process_and_others():
    here = os.getpid()

    def read(batch):
        return [(each, os.getpid()) for each in batch]

    answers = list(read_in_batches(read, numbered(40), 3, SIZES))
    assert [text for text, _ in answers] == list(numbered(40))
    pids = {pid for _, pid in answers}
    assert here in pids
    assert len(pids) > 1
    assert not any(is_there(pid) for pid in pids - {here})


def test_few_pictures_are_read_by_this_process():
    answers = read_in_batches(lambda batch: [os.getpid()] * len(batch), numbered(3), 2, SIZES)
    assert list(answers) == [os.getpid()] * 3


def test_what_another_process_raises_is_raised_here():
    here = os.getpid()

    def read(batch):
        if os.getpid() != here:
            raise ValueError(f"not {batch[0]}")
        return batch

    with pytest.raises(ValueError, match="not 0"):
        list(read_in_batches(read, numbered(40), 2, SIZES))


def test_the_death_of_another_process_is_said():
    here = os.getpid()

    def read(batch):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch

    with pytest.raises(ChildProcessError, match="a process that reads has died, its exit status is -9"):
        list(read_in_batches(read, numbered(40), 2, SIZES))


def test_who_asks_for_no_more_leaves_no_process_behind():
    def read(batch):
        return [os.getpid()] * len(batch)

    answers = read_in_batches(read, numbered(10**9), 2, SIZES)  # no more is taken than is soon to be read
    other = next(answers)
    assert other != os.getpid()
    assert is_there(other)
    answers.close()
    assert not is_there(other)
