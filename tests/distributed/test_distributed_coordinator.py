"""What the coordinator makes of errors, and how long it waits; without a Ray."""

import pytest

pytest.importorskip("ray", reason="Ray, an extra, is not installed")
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayTaskError

from inkgrad.distributed.training.coordinator import LONGEST_PATIENCE_SECONDS, cause_of_death, longer


def raised(cause):
    return RayTaskError("Worker", f"Traceback\n{type(cause).__name__}: {cause}", cause, "a worker", 1, "127.0.0.1")


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([ActorDiedError()], "killed, or its machine is gone"),
        ([raised(ConnectionError("a worker has gone")), ActorDiedError()], "killed, or its machine is gone"),
        ([raised(ConnectionError("a worker has gone")), raised(ValueError("no\nnumber"))], "ValueError: no"),
        ([ActorDiedError(raised(OSError("too many files")))], "OSError: too many files"),
        ([OutOfMemoryError("a long story\nthe node has no memory left")], "the node has no memory left"),
    ],
)
def test_what_workers_died_of_is_said_in_one_line(errors, said):
    assert cause_of_death(errors) == said


def test_attempts_that_end_for_a_late_worker_work_longer_each_time():
    patience = [0.0]
    for _ in range(8):
        patience.append(longer(patience[-1]))
    assert patience[:4] == [0, 10, 20, 40]
    assert patience[-1] == LONGEST_PATIENCE_SECONDS
