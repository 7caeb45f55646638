"""The parts of training on several workers, each alone: sums, and the coordinator."""

import asyncio

import numpy as np
import pytest

from inkgrad.distributed.training.allreduce import SumNode
from inkgrad.distributed.training.coordinator import MOST_DEATHS, Coordinator, Outdated, Position, WorkersLost


def test_a_sum_is_made_in_the_order_of_the_callers_not_of_their_coming():
    vectors = [np.array([x]) for x in (1e16, 1.0, -1e16)]

    async def come(order):
        sums = SumNode(1, 3)
        return await asyncio.gather(*(sums.add(1, 0, caller, vectors[caller]) for caller in order))

    for order in [0, 1, 2], [2, 1, 0], [1, 2, 0]:
        assert [float(x[0]) for x in asyncio.run(come(order))] == [0.0] * 3  # (1e16 + 1) - 1e16, rounded
    assert vectors[0][0] == 1e16  # nobody's vector is changed


def test_a_half_filled_step_gives_nothing_until_the_last_has_come():
    async def come():
        sums = SumNode(1, 2)
        first = asyncio.ensure_future(sums.add(1, 0, 0, np.ones(2)))
        await asyncio.sleep(0)
        assert not first.done()
        await sums.add(1, 0, 1, np.ones(2))
        assert (await first).tolist() == [2, 2]
        again = await asyncio.gather(*(sums.add(1, 1, caller, np.full(2, 5.0)) for caller in (1, 0)))
        assert [each.tolist() for each in again] == [[10, 10]] * 2

    asyncio.run(come())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((1, 0, 1), "this is the sum of attempt 2, got a vector of attempt 1"),
        ((2, 1, 1), "caller 1 came to step 0 with a vector of step 1"),
        ((2, 0, 0), "caller 0 came to step 0"),
    ],
)
def test_a_vector_of_another_attempt_or_step_is_refused(call, message):
    async def come():
        sums = SumNode(2, 2)
        first = asyncio.ensure_future(sums.add(2, 0, 0, np.ones(2)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=message):
            await sums.add(*call, np.ones(2))
        first.cancel()

    asyncio.run(come())


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
