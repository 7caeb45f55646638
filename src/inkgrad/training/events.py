"""Events: the log of a training as TensorBoard reads it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.extras import extra
from inkgrad.files import refuse_unwritable


class Events:
    """A file of events in a folder: scalars of each row of the log, histograms of arrays.

    `rows` are those that the training has already, `step` the steps it has done, `seconds` the time it took.  What
    an earlier file in the folder has of later steps is taken back, as TensorBoard wants it said, so a training
    that goes on has no step twice, and one that begins takes the place of the one before.  Where the folder has
    no events yet, the rows are written first.

    The file is written by this thread, row by row: when the disk is full, OSError comes at once.

    Raises SettingError without tensorboardX, OSError when the folder cannot be written.
    """

    def __init__(self, folder: Path, rows: Iterable[dict[str, Any]] = (), step: int = 0, seconds: float = 0.0) -> None:
        refuse_no_events(folder)
        tensorboard = _tensorboardx()
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        fresh = not any(folder.glob("events.out.tfevents.*"))
        self._start = time.time() - seconds
        self._protos, self._summaries = tensorboard.proto.event_pb2, tensorboard.summary
        suffix = f".{time.time_ns() % 10**9:09}"  # or a second file in the same second would overwrite the first
        self._file = tensorboard.event_file_writer.EventsWriter(str(folder / "events"), suffix)
        begin = self._protos.SessionLog(status=self._protos.SessionLog.START)
        purged = step + 1 if step else 0  # this step and all after it
        self._file.write_event(self._protos.Event(wall_time=time.time(), step=purged, session_log=begin))
        for row in rows if fresh else ():
            self._write(row)
        self._file.flush()

    def append(self, row: dict[str, Any]) -> None:
        """Write each number of a row as a scalar of that name, at the row's step."""
        self._write(row)
        self._file.flush()

    def histograms(self, step: int, group: str, arrays: Mapping[str, NDArray]) -> None:
        """Write a histogram of each array, named "group/name".

        An array with a number that is not finite has none: there is no bin for it.
        """
        for name, array in arrays.items():
            if array.size and np.isfinite(array).all():
                self._add(self._summaries.histogram(f"{group}/{name}", array, 64), step, time.time())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, row: dict[str, Any]) -> None:
        step, moment = row["step"], self._start + row["seconds"]
        for name, value in row.items():
            if isinstance(value, dict):
                lines = [f"| {key} | {each} |" for key, each in value.items()]
                self._add(self._summaries.text(name, "\n".join(["| setting | |", "|--|--|", *lines])), step, moment)
            elif name != "step":
                self._add(self._summaries.scalar(name, value), step, moment)

    def _add(self, summary: Any, step: int, moment: float) -> None:
        self._file.write_event(self._protos.Event(wall_time=moment, step=step, summary=summary))


def refuse_no_events(folder: Path) -> None:
    """Raise SettingError or OSError if no events can be written in a folder: better before a training than in it."""
    _tensorboardx()
    folder = folder.resolve()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(20, "not a folder, choose another name", str(nearest))
    refuse_unwritable(nearest / "events")


def _tensorboardx() -> Any:
    with extra("tensorboard", "events for TensorBoard need"):
        import tensorboardX
        import tensorboardX.event_file_writer
        import tensorboardX.proto.event_pb2
        import tensorboardX.summary
    return tensorboardX
