"""Worker: a process that reads the pictures it is given."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inkgrad.distributed.reading.rows import as_rows
from inkgrad.distributed.reading.stores import fetched, is_address
from inkgrad.errors import InkgradError
from inkgrad.reader import Reader, Reading

BATCH = 32  # pictures that the network looks at together
AT_ONCE = 8  # pictures that are on their way from a store
NOTHING = "the table has no picture in this row"

Picture = str | bytes | None
"""A path that every worker sees, an address, or the bytes of a file; None where a table has none."""


class PictureReader:
    """Reads with one thread: there are as many workers as cores."""

    def __init__(self, reader: Reader) -> None:
        from threadpoolctl import threadpool_limits

        self.limits = threadpool_limits(1)
        self.reader = reader

    def ready(self, sample: str | None) -> bool:
        """Return whether the worker can read, as soon as it is there: whether it sees a path."""
        return sample is None or os.path.exists(sample)

    def read(self, first: int, names: Sequence[str], pictures: Sequence[Picture]) -> Any:
        """Return the rows of pictures, the first of which has the number `first`."""
        answers: list[Reading | str] = []
        for start in range(0, len(pictures), BATCH):
            answers += self._batch(names[start : start + BATCH], pictures[start : start + BATCH])
        return as_rows(first, names, answers)

    def _batch(self, names: Sequence[str], pictures: Sequence[Picture]) -> list[Reading | str]:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            at_hand = list(threads.map(_at_hand, pictures))
        answers: list[Reading | str] = [""] * len(at_hand)
        which = [k for k, (picture, _) in enumerate(at_hand) if picture is not None]
        readings = self._read([at_hand[k][0] for k in which])
        for k, answer in zip(which, readings, strict=True):
            answers[k] = answer
        for k, (picture, reason) in enumerate(at_hand):
            if picture is None:
                answers[k] = reason
        return [_named(*each) for each in zip(answers, pictures, names, strict=True)]

    def _read(self, pictures: list[Any]) -> Sequence[Reading | str]:
        try:
            return self.reader(pictures)
        except Exception as error:  # of one picture: the others shall not suffer, and its reason is written down
            if len(pictures) > 1:
                return [answer for picture in pictures for answer in self._read([picture])]
            return [f"the reader fails: {type(error).__name__}: {' '.join(str(error).split())}"]


def _at_hand(picture: Picture) -> tuple[str | bytes | None, str]:
    """Return a picture as the reader takes it, or None and the reason."""
    if picture is None:
        return None, NOTHING
    if isinstance(picture, bytes) or not is_address(picture):
        return picture, ""
    try:
        return fetched(picture), ""
    except InkgradError as error:
        return None, str(error)


def _named(answer: Reading | str, picture: Picture, name: str) -> Reading | str:
    """Return an answer; of a picture that could not be read the reason, with the name that the user gave it."""
    reason = answer if isinstance(answer, str) else answer.error
    if reason is None:
        return answer
    called = picture if isinstance(picture, str) and not is_address(picture) else "the picture"
    return reason.replace(called, name, 1)
