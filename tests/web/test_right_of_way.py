"""Right of way: trainings wait for quick answers, but not for ever."""

import asyncio
import threading
import time

import pytest

pytest.importorskip("starlette", reason="the playground's packages are not installed")

from inkgrad.web.right_of_way import RightOfWay


def test_a_training_waits_while_a_quick_answer_is_made_and_goes_on_at_its_end():
    way, passed = RightOfWay(), threading.Event()
    assert way.give()
    with way.taken():
        with way.taken():
            pass
        assert not way.give()  # one of two has ended
        thread = threading.Thread(target=lambda: [way.give() for _ in range(1000)] and passed.set())
        thread.start()
        assert not passed.is_set()
    assert passed.wait(60)
    thread.join()


def test_a_visitor_s_own_way_is_given_by_their_trainings_alone():
    all_visitors = RightOfWay()
    mine, others = RightOfWay(all_visitors), RightOfWay(all_visitors)
    with mine.taken():
        assert not mine.give()
        assert others.give()
    with all_visitors.taken():
        assert not mine.give()
        assert not others.give()
    assert mine.give()


def test_the_way_is_free_again_after_an_answer_that_failed():
    way = RightOfWay()
    with pytest.raises(ValueError, match="no answer"), way.taken():
        raise ValueError("no answer")
    assert way.give()


def test_trainings_wait_while_the_loop_that_serves_all_is_late():
    way = RightOfWay()

    async def late():
        watching = asyncio.create_task(way.take_when_late())
        await asyncio.sleep(0)
        assert not way.is_taken
        time.sleep(0.3)  # as a loop does that has too much to do
        await asyncio.sleep(0.001)
        assert way.is_taken
        while way.is_taken:
            await asyncio.sleep(0.01)
        watching.cancel()

    asyncio.run(asyncio.wait_for(late(), 60))


def test_the_way_is_free_when_nobody_watches_the_loop_any_more():
    way = RightOfWay()

    async def ended_while_late():
        watching = asyncio.create_task(way.take_when_late())
        await asyncio.sleep(0)
        time.sleep(0.3)
        await asyncio.sleep(0.001)
        assert way.is_taken
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(ended_while_late())
    assert not way.is_taken
