"""The queue: one heavy thing a visitor at a time, the places in turns, and nothing kept for those who have gone."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from inkgrad.web.fair_queue import FairQueue
from inkgrad.web.visitors import Busy

SOON = 20.0  # seconds after which what should happen does not


def run(what):
    """Run a test's coroutine; it fails where it hangs, and where it leaves a thread."""

    async def soon():
        async with asyncio.timeout(SOON):
            await what

    asyncio.run(soon())


async def heavy(queue, visitor, work=lambda: None, stop=None):
    """A heavy request as the application has it."""
    async with queue.request(visitor), queue.turn(visitor):
        return await queue.run(work, stop or threading.Event())


@asynccontextmanager
async def asked(queue, visitors, work):
    """Heavy requests of these visitors, asked in this order."""
    tasks = []
    for each in visitors:
        tasks.append(asyncio.create_task(heavy(queue, each, lambda each=each: work(each))))
        await asyncio.sleep(0)  # it stands in line
    yield tasks
    await asyncio.gather(*tasks, return_exceptions=True)


async def settled():
    """Let all that can go on without a thread do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_what_heavy_work_gives_or_raises_comes_back():
    async def test():
        queue = FairQueue()
        assert await heavy(queue, "a", lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await heavy(queue, "a", lambda: 1 / 0)
        assert await heavy(queue, "a", lambda: 8) == 8

    run(test())


def test_one_with_twenty_things_keeps_nobody_waiting_longer_than_one_of_them():
    go, done = threading.Event(), []

    def work(visitor):
        go.wait(SOON)
        done.append(visitor)

    async def test():
        queue = FairQueue(n_places=1, n_waiting=20, n_open=100)
        async with asked(queue, ["much"] * 20 + ["one", "other", "one"], work):
            go.set()

    run(test())
    assert done[:6] == ["much", "one", "other", "much", "one", "much"]
    assert len(done) == 23


def test_a_visitor_has_one_place_also_where_more_are_free():
    most, now, count = 0, 0, threading.Lock()

    def work(visitor):
        nonlocal most, now
        with count:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)  # long enough for others to begin
        with count:
            now -= 1

    async def test():
        queue = FairQueue(n_places=3)
        async with asked(queue, ["much"] * 5, work):
            pass

    run(test())
    assert most == 1


def test_no_more_than_the_places_are_worked_on():
    go, busy = threading.Event(), threading.Semaphore(0)

    def work(visitor):
        busy.release()
        go.wait(SOON)

    async def test():
        queue = FairQueue(n_places=2)
        async with asked(queue, "abcd", work):
            await asyncio.to_thread(lambda: [busy.acquire(timeout=SOON) for _ in range(2)])
            assert not await asyncio.to_thread(busy.acquire, timeout=0.1)
            go.set()

    run(test())


def test_too_many_are_refused_at_once_and_only_those_of_who_asked_too_much():
    go = threading.Event()

    async def test():
        queue = FairQueue(n_places=1, n_waiting=2)
        async with asked(queue, ["much"] * 3, lambda _: go.wait(SOON)):
            with pytest.raises(Busy, match="3 things that take long are asked already: wait until one is done"):
                await heavy(queue, "much")
            async with asked(queue, ["other"], lambda _: None) as tasks:
                go.set()
                await tasks[0]
        await heavy(queue, "much")  # and then again

    run(test())


def test_a_visitor_has_so_many_requests_open_of_any_kind():
    async def test():
        queue = FairQueue(n_open=2)
        async with queue.request("a"), queue.request("a"):
            with pytest.raises(Busy, match="2 requests of yours are not answered yet: wait until one is"):
                async with queue.request("a"):
                    pass
            async with queue.request("b"):
                pass
        async with queue.request("a"):
            pass

    run(test())


def test_who_waits_and_goes_is_dropped_and_the_next_moves_up():
    go, done = threading.Event(), []

    async def test():
        queue = FairQueue(n_places=1, n_waiting=1)
        async with asked(queue, ["busy"], lambda _: go.wait(SOON)):
            async with asked(queue, ["gone", "gone", "next"], done.append) as tasks:
                tasks[0].cancel()  # it waits for a place
                tasks[1].cancel()  # and it for its turn
                await settled()
                assert all(task.cancelled() for task in tasks[:2])
                go.set()
                await tasks[2]
            await heavy(queue, "gone", lambda: done.append("back"))

    run(test())
    assert done == ["next", "back"]


def test_who_goes_while_it_is_worked_on_is_told_and_keeps_the_place_until_it_stopped():
    stop, begun, done = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        assert stop.wait(SOON)
        done.append("stopped")

    async def test():
        queue = FairQueue(n_places=1)
        task = asyncio.create_task(heavy(queue, "gone", work, stop))
        await asyncio.to_thread(begun.wait, SOON)
        task.cancel()
        await heavy(queue, "next", lambda: done.append("next"))
        assert task.cancelled()

    run(test())
    assert done == ["stopped", "next"]


async def light(queue, visitor, work=lambda: None):
    """A request that is not heavy, as the application has it."""
    async with queue.request(visitor):
        return await queue.run_light(work)


def test_light_work_goes_beside_the_heavy_and_gives_or_raises_what_it_does():
    go = threading.Event()

    async def test():
        queue = FairQueue(n_places=1)
        async with asked(queue, ["busy"], lambda _: go.wait(SOON)):
            assert await light(queue, "a", lambda: 7) == 7
            with pytest.raises(ZeroDivisionError):
                await light(queue, "a", lambda: 1 / 0)
            go.set()

    run(test())


def test_who_goes_from_light_work_leaves_no_more_threads_than_may_be_open():
    go, begun = threading.Event(), threading.Semaphore(0)

    def work():
        begun.release()
        go.wait(SOON)

    async def test():
        queue = FairQueue(n_open=2, n_light=3)
        tasks = [asyncio.create_task(light(queue, each, work)) for each in ("gone", "gone", "also gone")]
        await asyncio.to_thread(lambda: [begun.acquire(timeout=SOON) for _ in tasks])
        for task in tasks:
            task.cancel()
        await settled()
        with pytest.raises(Busy, match="2 requests of yours are not answered yet"):
            await light(queue, "gone")
        waiting = asyncio.create_task(light(queue, "also gone", work))
        await settled()
        assert not await asyncio.to_thread(begun.acquire, timeout=0.1)  # the places are those of three threads
        go.set()
        await waiting
        assert [await asyncio.wait([task]) and task.cancelled() for task in tasks] == [True] * 3
        await light(queue, "gone")

    run(test())


def test_closing_refuses_all_and_waits_for_none():
    go, begun, stop = threading.Event(), threading.Event(), threading.Event()

    def endless():
        begun.set()
        go.wait(SOON)

    async def test():
        queue = FairQueue(n_places=1)
        tasks = [asyncio.create_task(heavy(queue, each, endless, stop)) for each in "aab"]
        tasks.append(asyncio.create_task(light(queue, "c", endless)))
        await asyncio.to_thread(begun.wait, SOON)
        queue.close()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(found, Busy)
            assert "the playground is closing" in str(found)
        with pytest.raises(Busy, match="the playground is closing"):
            await heavy(queue, "c")
        assert stop.is_set()

    run(test())
    go.set()
