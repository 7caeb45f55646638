"""PictureReader: what a worker reads pictures with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inkgrad.bulk.rows import Answer, RowKind, answers_of
from inkgrad.bulk.stores import fetched, is_address
from inkgrad.errors import InkgradError
from inkgrad.pictures import Page
from inkgrad.pictures.numbered_page import named_page
from inkgrad.reader import Reader, Reading

Picture = str | bytes | None
"""A path that every worker sees, an address, or the bytes of a file; None where a table has none."""


class PictureReader:
    """Reads with one thread: there are as many workers as cores.

    The network looks at up to `batch_size` pictures together; so many at most, `n_fetched`, are on their way from a
    store.
    """

    def __init__(
        self, reader: Reader, kind: RowKind = RowKind.pictures, batch_size: int = 32, n_fetched: int = 8
    ) -> None:
        from threadpoolctl import threadpool_limits

        self.limits = threadpool_limits(1)
        self.reader, self.kind, self.batch_size, self.n_fetched = reader, kind, batch_size, n_fetched

    def ready(self, sample: str | None) -> bool:
        """Return whether the worker can read, as soon as it is there: whether it sees a path."""
        return sample is None or os.path.exists(sample)

    def read(self, first: int, names: Sequence[str], pictures: Sequence[Picture]) -> list[Answer]:
        """Return the answers for pictures, the first of which has the number `first`."""
        readings: list[Reading | str] = []
        for start in range(0, len(pictures), self.batch_size):
            batch = slice(start, start + self.batch_size)
            readings += self._batch(names[batch], pictures[batch])
        return answers_of(first, names, readings, self.kind)

    def _batch(self, names: Sequence[str], pictures: Sequence[Picture]) -> list[Reading | str]:
        with ThreadPoolExecutor(self.n_fetched) as threads:
            at_hand = list(threads.map(_at_hand, pictures))
        readings = iter(self._read([picture for picture, _ in at_hand if picture is not None]))
        answers = [reason if picture is None else next(readings) for picture, reason in at_hand]
        return [_named(*each) for each in zip(answers, pictures, names, strict=True)]

    def _read(self, pictures: list[Any]) -> Sequence[Reading | str]:
        try:
            return self.reader(pictures)
        except Exception as error:  # of one picture: the others shall not suffer, and its reason is written down
            if len(pictures) > 1:
                return [answer for picture in pictures for answer in self._read([picture])]
            return [f"the reader fails: {type(error).__name__}: {' '.join(str(error).split())}"]


def _at_hand(picture: Picture) -> tuple[str | bytes | Page | None, str]:
    """Return a picture as the reader takes it, or None and the reason."""
    if picture is None:
        return None, "the table has no picture in this row"
    if isinstance(picture, bytes) or not is_address(picture):
        return picture, ""
    page = named_page(picture)
    try:
        return (Page(fetched(str(page.file)), page.number) if page else fetched(picture)), ""
    except InkgradError as error:
        return None, str(error)


def _named(answer: Reading | str, picture: Picture, name: str) -> Reading | str:
    """Return an answer; of a picture that could not be read the reason, with the name that the user gave it."""
    reason = answer if isinstance(answer, str) else answer.error
    if reason is None:
        return answer
    called = picture if isinstance(picture, str) and not is_address(picture) else "the picture"
    return reason.replace(called, name, 1)
