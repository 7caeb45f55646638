"""read_to_file(): many pictures, each read once, and what they say in one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from inkgrad.bulk.folder import Folder
from inkgrad.bulk.parts import Listed, Part, as_seen_by_workers, write_list
from inkgrad.bulk.picture_tables import Columns
from inkgrad.bulk.process_pool import ProcessPool
from inkgrad.bulk.result_files import errors_beside, join
from inkgrad.bulk.rows import Answer, RowKind
from inkgrad.bulk.sources import Found, list_sources
from inkgrad.bulk.stores import is_address
from inkgrad.errors import Interrupted, SettingError
from inkgrad.fast import available_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.models import Model, load
from inkgrad.reader import THRESHOLD, Reader
from inkgrad.table_files import refuse_other_ending
from inkgrad.whole_numbers import shown_whole
from inkgrad.writer_lock import WriterLock


@dataclass(frozen=True)
class Tally:
    """How many pictures there are, how many were done before this call, and how many are done now."""

    n: int
    n_before: int
    n_done: int


@dataclass(frozen=True)
class Outcome:
    """How many pictures have a row in the file `out`, and how many have one in the file `errors`, with the reason.

    `lock` kept others from these files, and was taken from another process, perhaps, that was killed.
    """

    out: Path
    errors: Path
    n_read: int
    n_unread: int
    lock: WriterLock


class PartPool(Protocol):
    """Workers that read parts."""

    def read_parts(self, parts: Iterable[Part], columns: Columns, size: int) -> Iterator[tuple[int, int, list[Answer]]]:
        """Yield how many pictures were answered for, of which part, and all answers of it once it is whole, else none.

        A worker has at most `size` pictures at once, where it does not have whole parts.
        """


MakePool = Callable[[Reader, RowKind, int, str | None], AbstractContextManager[PartPool]]
"""What makes a pool of readers, for a number of workers and a path that all must see; it ends with the block."""

MOST_PROCESSES = 256  # on one machine
LARGEST_LOAD = 32  # pictures that a worker reads together, and that are lost to it when it dies
LOADS_EACH = 4  # for each worker at least, where there are few pictures, so that all end at about the same time


def read_to_file(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    n_workers: int | None = None,
    model: Model | None = None,
    threshold: float = THRESHOLD,
    expect: str | None = None,
    marks: bool = True,
    rows: RowKind | str = RowKind.pictures,
    column: str | None = None,
    names: str | None = None,
    part_size: int = 32,
    resume: bool = False,
    anew: bool = False,
    show: Callable[[Tally], None] | None = None,
    pool: MakePool | None = None,
) -> Outcome:
    """Read all pictures of a source, or of several, with `n_workers` processes, and write what they say to `out`.

    A source is a folder, which is walked, a pattern, a picture, a PDF, a Parquet file, or an address that fsspec
    knows, such as s3://bucket/scans.  Of Parquet files the `column` has pictures as the bytes of their files
    ("image", or the only one of bytes), and the column `names`, if told, what they are called.  There are as many
    processes as cores, unless told otherwise.

    `out` ends in .csv, or .parquet or .xlsx with the extra of that name.  It has a row for each picture, or of `rows`
    "lines" one for each line of writing, of "digits" one for each digit or mark, of "table" one for each row of the
    table in the picture.  Each has the index of the picture (its place among all, from 0) and its path.  A picture
    has: text (a line for each line of writing, with marks, spaces and tabs unless `marks` is False), number (what it is
    worth where it is one number), probability (of the weakest character), mean_probability, n_digits (digits without
    marks), and flagged (whether a character is less probable than the threshold, and so a ?).  The rows are in the
    order of the source.  Pictures that cannot be read, or have no digits or no table, have a row with the reason in
    OUT.errors.csv (.parquet, .xlsx) instead.

    The work is done in parts of `part_size` pictures, which are kept in the folder OUT.parts until all are done.
    What was broken off goes on with `resume`; without, it is not overwritten unless `anew`.  A worker that
    dies is replaced and what it had is read again, so each picture is there once whatever happens; one
    that has killed three is among the errors.  `show` is called with how far it is.  `pool` makes other workers
    than processes (see inkgrad.distributed).

    Raises SettingError for settings that make no sense, a missing package, another process that writes `out`, work
    that is in the way, or has other settings than what is gone on with; DataError for a source without pictures;
    Interrupted after Ctrl-C; OSError for files that cannot be read or written.
    """
    out = Path(out)
    sources = [os.fspath(each) for each in ([source] if isinstance(source, str | os.PathLike) else source)]
    _refuse_bad(out, sources, rows, part_size, resume, anew)
    kind = RowKind(rows)
    n_workers = available_threads() if n_workers is None else n_workers
    if n_workers < 1:
        raise SettingError(f"work takes at least 1 worker, got n_workers={shown_whole(n_workers)}", setting="n_workers")
    if pool is None and n_workers > MOST_PROCESSES:
        raise SettingError(
            f"at most {MOST_PROCESSES} processes read on one machine, got n_workers={shown_whole(n_workers)}: "
            "take fewer, or Ray and several machines",
            setting="n_workers",
        )
    models = [replace(each, engine=each.engine.with_threads(1)) for each in (model or load("reader"), load("lines"))]
    reader = Reader(*models, threshold=threshold, expect=expect, marks=marks)
    what_answers = [f"{each.network!r}{each.labels!r}".encode() + each.theta.tobytes() for each in models]
    settings = {
        "model": sha256(b"".join(what_answers)).hexdigest(),
        "threshold": threshold,
        "expect": expect,
        "marks": marks,
        "rows": str(kind),
        "column": column,
        "names": names,
        "part_size": part_size,
    }
    folder, columns = Folder(out.with_name(out.name + ".parts")), Columns(column, names)
    with WriterLock(out.with_name(out.name + ".lock")) as lock:
        _begin(
            folder, out, lambda file: write_list(file, _found(sources, out), columns, part_size), settings, resume, anew
        )
        try:
            _read_what_lacks(folder, columns, partial(pool or _processes, reader, kind), n_workers, show)
            n_read, n_unread = join(folder.answers, out, kind)
        except BaseException as error:
            n_done = len(folder.done())
            if not n_done:
                folder.remove()
            if isinstance(error, KeyboardInterrupt):
                how = "; to go on, the same again with resume=True" if n_done else ""
                raise Interrupted(
                    f"interrupted with {n_done} of {folder.listed.n_parts} parts done{how}", setting="resume"
                ) from None
            raise
        folder.remove()
    return Outcome(out, errors_beside(out), n_read, n_unread, lock)


@contextmanager
def _processes(reader: Reader, kind: RowKind, n_workers: int, sample: str | None) -> Iterator[PartPool]:
    pool = ProcessPool(reader, kind, n_workers)  # on this machine, where all see what we see
    try:
        yield pool
    finally:
        pool.end()


def _begin(
    folder: Folder,
    out: Path,
    write: Callable[[BinaryIO], Listed],
    settings: dict[str, object],
    resume: bool,
    anew: bool,
) -> None:
    """Begin the work, or see that what is there can be gone on with; `write` writes the list of pictures."""
    if not resume:
        folder.begin(write, settings, anew)
        return
    if not folder.is_begun:
        state = "it is whole" if out.exists() else "none was begun"
        why = f"there is no unfinished reading for {out} to go on with, {state}: leave resume=True out"
        raise SettingError(why, setting="resume")
    with open(os.devnull, "wb") as nothing:
        folder.refuse_changed(write(nothing), settings)


def _refuse_bad(out: Path, sources: list[str], rows: str, part_size: int, resume: bool, anew: bool) -> None:
    refuse_other_ending(out)
    for path in out, errors_beside(out):
        refuse_unwritable(path)
    if not sources:
        raise SettingError("there is nothing to read: name a folder, a pattern, a file or an address")
    if rows not in list(RowKind):
        raise SettingError(f"`rows` is one of {', '.join(RowKind)}, got {rows}", setting="rows")
    if part_size < 1:
        raise SettingError(f"a part has at least 1 picture, got {shown_whole(part_size)}")
    if resume and anew:
        raise SettingError(
            "a reading goes on, or begins anew, not both: leave resume=True or anew=True out", setting="resume"
        )


def _found(sources: list[str], out: Path) -> Iterator[Found]:
    for found in list_sources(sources):
        if not is_address(found.name) and Path(found.name).suffix.lower() == out.suffix.lower():
            for path in out, errors_beside(out):
                refuse_same(path, [Path(found.name)])
        yield found


def _sample(folder: Folder) -> str | None:
    """Return a path that all workers must see, if pictures, or tables of them, are files here."""
    for part in folder.parts():
        for name in part.files or (str(part.table),):
            if not is_address(name) and os.path.exists(name):
                return as_seen_by_workers(name)
    return None


def _read_what_lacks(
    folder: Folder,
    columns: Columns,
    pool_of: Callable[[int, str | None], AbstractContextManager[PartPool]],
    n_workers: int,
    show: Callable[[Tally], None] | None,
) -> None:
    done, n = folder.done(), folder.listed.n
    n_lacking = sum(part.n for part in folder.parts() if part.number not in done)
    tally = Tally(n, n - n_lacking, n - n_lacking)
    if not n_lacking:
        return

    lacking = (part for part in folder.parts() if part.number not in done)
    size = min(LARGEST_LOAD, -(-n_lacking // (LOADS_EACH * n_workers)))
    with pool_of(min(n_workers, -(-n_lacking // size)), _sample(folder)) as pool:
        if show:
            show(tally)
        for n_answered, number, answers in pool.read_parts(lacking, columns, size):
            if answers:
                folder.put(number, answers)
            tally = replace(tally, n_done=tally.n_done + n_answered)
            if show:
                show(tally)
