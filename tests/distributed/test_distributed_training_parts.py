"""The parts of training on several workers, each alone: the ring, and the coordinator."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from inkgrad.distributed.training.allreduce import Ring
from inkgrad.distributed.training.coordinator import MOST_DEATHS, Coordinator, Outdated, Position, WorkersLost


def in_ring(vectors, then=lambda rank, ring, vector: ring.sum(vector)):
    """Let threads be workers, each with one of the vectors, and return what becomes of each."""
    rings = [Ring("127.0.0.1") for _ in vectors]
    addresses = [ring.address for ring in rings]

    def member(rank):
        rings[rank].join(rank, addresses)
        with closing(rings[rank]):
            return then(rank, rings[rank], vectors[rank])

    with ThreadPoolExecutor(len(rings)) as threads:
        return list(threads.map(member, range(len(rings))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 1001, 300_000])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_all_workers_get_the_same_sum_to_the_bit(rng, n, size, dtype):
    vectors = [rng.normal(size=size).astype(dtype) for _ in range(n)]
    wanted = np.sum([vector.astype(np.float64) for vector in vectors], axis=0)
    in_ring(vectors)
    for vector in vectors:
        np.testing.assert_array_equal(vector, vectors[0])
        np.testing.assert_allclose(vector, wanted, rtol=0, atol=n * 4 * np.finfo(dtype).eps)


def test_sums_follow_each_other():
    vectors = [np.full(5, float(rank)) for rank in range(3)]

    def twice(rank, ring, vector):
        for _ in range(2):
            ring.sum(vector)
        return vector.tolist()

    assert in_ring(vectors, twice) == [[9.0] * 5] * 3


def test_a_worker_that_has_gone_is_missed_by_its_neighbours():
    def leave(rank, ring, vector):
        if rank == 0:
            return None  # and so closes its sockets, as the system does for one that is killed
        with pytest.raises(ConnectionError):
            ring.sum(vector)
        return "missed"

    assert in_ring([np.ones(100_000)] * 2, leave) == [None, "missed"]


@pytest.mark.parametrize("said", [bytes(16), bytes(3), b""])
def test_a_stranger_does_not_become_a_neighbour(said):
    rings = [Ring("127.0.0.1") for _ in range(2)]
    with socket.create_connection(rings[0].address[:2]) as stranger, ThreadPoolExecutor(2) as threads:
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        addresses = [ring.address for ring in rings]
        list(threads.map(lambda rank: rings[rank].join(rank, addresses), range(2)))
        vectors = [np.array([1.0]), np.array([2.0])]
        list(threads.map(lambda rank: rings[rank].sum(vectors[rank]), range(2)))
    for ring in rings:
        ring.close()
    assert vectors == [[3.0], [3.0]]


def position(step):
    return Position(np.full(3, float(step)), {}, 0, step)


def test_an_attempt_goes_on_from_the_last_checkpoint_and_an_earlier_one_is_refused():
    async def happen():
        coordinator = Coordinator(position(0))
        first = await coordinator.begin()
        await coordinator.commit(first, position(100), {"step": 100})
        second = await coordinator.begin()
        assert (await coordinator.last(second)).step == 100
        for call in (
            coordinator.last(first),
            coordinator.note(first, 7),
            coordinator.commit(first, position(200)),
            coordinator.end(first),
        ):
            with pytest.raises(Outdated, match="attempt 1 is over, attempt 2 goes on"):
                await call
        await coordinator.commit(second, position(200), {"step": 200})
        news = await coordinator.news(0, 1)
        assert (news.position.step, [row["step"] for row in news.rows]) == (200, [100, 200])
        news = await coordinator.news(news.number, 0.001)
        assert (news.position, news.rows) == (None, [])

    asyncio.run(happen())


def test_workers_that_die_again_and_again_are_given_up_with_what_they_said():
    async def happen():
        coordinator = Coordinator(position(0))
        for _ in range(MOST_DEATHS):
            attempt = await coordinator.begin()
            await coordinator.complain(attempt, "TypeError: no such thing")
            await coordinator.complain(attempt, "the connection was lost")
        assert await coordinator.begin() is None
        news = await coordinator.news(0, 1)
        assert isinstance(news.error, WorkersLost)
        assert "died 5 times in a row before a checkpoint; the last error was TypeError: no such th" in str(news.error)

    asyncio.run(happen())


def test_a_checkpoint_between_deaths_lets_them_go_on():
    async def happen():
        coordinator = Coordinator(position(0))
        for step in range(10 * MOST_DEATHS):
            await coordinator.commit(await coordinator.begin(), position(step))
        assert not (await coordinator.news(0, 1)).over

    asyncio.run(happen())


def test_nothing_begins_after_a_stop():
    async def happen():
        coordinator = Coordinator(position(0))
        assert not await coordinator.note(await coordinator.begin(), 3)
        await coordinator.stop()
        assert await coordinator.note(1, 4)
        assert await coordinator.begin() is None
        news = await coordinator.news(0, 1)
        assert (news.over, news.error) == (True, None)

    asyncio.run(happen())


def test_workers_wait_for_each_other_and_learn_where_all_are():
    async def happen():
        coordinator = Coordinator(position(0))
        attempt = await coordinator.begin()
        first = asyncio.ensure_future(coordinator.meet(attempt, 2, 1, "one"))
        await asyncio.sleep(0)
        assert not first.done()
        assert await coordinator.meet(attempt, 2, 0, "zero") == ["zero", "one"]
        assert await first == ["zero", "one"]

    asyncio.run(happen())


def test_those_of_an_earlier_attempt_wait_no_longer():
    async def happen():
        coordinator = Coordinator(position(0))
        early = asyncio.ensure_future(coordinator.meet(await coordinator.begin(), 2, 0, "zero"))
        await asyncio.sleep(0)
        assert await coordinator.meet(await coordinator.begin(), 1, 0, "zero") == ["zero"]
        with pytest.raises(Outdated, match="attempt 1 is over, attempt 2 goes on"):
            await early

    asyncio.run(happen())


def test_the_driver_hears_once_of_each_loss_and_what_a_worker_said_before_it():
    async def happen():
        coordinator = Coordinator(position(0))
        await coordinator.complain(await coordinator.begin(), "TypeError: no such thing")
        await coordinator.lose()
        assert (await coordinator.news(0, 0.001)).losses == ["TypeError: no such thing"]
        await coordinator.begin()
        await coordinator.lose()
        assert (await coordinator.news(0, 0.001)).losses == ["killed, or its machine is gone"]
        assert (await coordinator.news(0, 0.001)).losses == []

    asyncio.run(happen())
