"""Receiving: the body of a request, of a client that may be slow, or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from inkgrad.web.limits import LIMITS


@asynccontextmanager
async def received(request: Request, most_bytes: int) -> AsyncIterator[IO[bytes]]:
    """Yield what came with a request as a file at its beginning, which is gone afterwards.

    It is in memory, or beyond 1 MB on disk, where it has no name, so that whatever happens it does not stay.

    Raises HTTPException for more bytes than `most_bytes`, and for a client that is silent or takes too long; OSError
    where the disk is full; ClientDisconnect when the client has gone.
    """
    if int(request.headers.get("content-length", 0)) > most_bytes:
        raise _too_large(most_bytes)
    with SpooledTemporaryFile(max_size=LIMITS.bytes_in_memory) as file:
        try:
            await _fill(file, request, most_bytes)
        except TimeoutError:
            too_slow = "the request did not come to its end in time: send it again"
            raise HTTPException(408, too_slow, {"connection": "close"}) from None
        yield file


async def _fill(file: IO[bytes], request: Request, most_bytes: int) -> None:
    """Write to a file what comes, as long as something does, and go back to its beginning."""
    now = asyncio.get_running_loop().time
    end = now() + LIMITS.body_seconds
    async with asyncio.timeout(LIMITS.silent_seconds) as limit:
        async for chunk in request.stream():
            limit.reschedule(min(end, now() + LIMITS.silent_seconds))
            if file.tell() + len(chunk) > most_bytes:
                raise _too_large(most_bytes)
            file.write(chunk)
    file.seek(0)


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(413, f"that is more than {most_bytes:,} bytes: send less")


@asynccontextmanager
async def while_connected(lost: asyncio.Event) -> AsyncIterator[None]:
    """Cancel what is inside when the connection is lost; raise ClientDisconnect then."""
    task = asyncio.current_task()
    assert task

    async def watch() -> None:
        await lost.wait()
        task.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not watching.done():
            raise
        task.uncancel()
        raise ClientDisconnect from None
    finally:
        watching.cancel()
