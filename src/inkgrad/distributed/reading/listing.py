"""Listing: from folders, patterns, files and addresses to the files that hold pictures, one after the other."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from inkgrad.distributed.reading.stores import address_of, is_address, listed, store_of
from inkgrad.errors import DataError

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm", ".pnm")
TABLES = (".parquet", ".pq")


@dataclass(frozen=True)
class Found:
    """A file: its name, its size in bytes, and what else the file system says that changes when the file does."""

    name: str
    size: int
    stamp: str

    @property
    def is_table(self) -> bool:
        """Whether it is a Parquet file and not one picture."""
        return self.name.lower().endswith(TABLES)


def list_sources(sources: Sequence[str]) -> Iterator[Found]:
    """Yield the files of sources in their order, each once, without having all in memory.

    A folder gives its pictures, known by the endings of their names, and after them those of the folders in
    it, all in the order of their names; names that begin with a dot are left out.  A pattern gives the
    files that fit, in the order of their names.

    Raises DataError for a source without a file, FileNotFoundError where there is none of that name.
    """
    seen: set[bytes] = set()
    for source in sources:
        n_found = 0
        for found in _in_store(source) if is_address(source) else _here(source):
            n_found += 1
            if len(sources) > 1:  # one alone names no file twice
                where = found.name if is_address(found.name) else os.path.abspath(found.name)
                mark = blake2b(os.fsencode(where), digest_size=16).digest()
                if mark in seen:
                    continue
                seen.add(mark)
            yield found
        if not n_found:
            raise DataError(_nothing(source))


def _here(source: str) -> Iterator[Found]:
    if os.path.isdir(source):
        for folder, folders, files in os.walk(source, onerror=_raise):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = os.path.join(folder, name)
                if _is_picture(name) and os.path.isfile(path):
                    yield _file(path)
    elif glob.has_magic(source) and not os.path.lexists(source):
        for path in sorted(glob.glob(source, recursive=True)):
            if os.path.isfile(path):
                yield _file(path)
    elif os.path.isfile(source):
        yield _file(source)
    elif os.path.lexists(source):
        raise DataError(f"{source} is neither a file nor a folder that can be read")
    else:
        raise FileNotFoundError(2, "there is no such file or folder", source)


def _file(path: str) -> Found:
    about = os.stat(path)
    return Found(path, about.st_size, str(about.st_mtime_ns))


def _in_store(source: str) -> Iterator[Found]:
    store, path = store_of(source)
    for name, about in listed(store, path, source, PICTURES):
        yield Found(address_of(store, name, source), int(about.get("size") or 0), _stamp(about))


def _stamp(about: dict[str, Any]) -> str:
    for key in "ETag", "etag", "mtime", "LastModified", "last_modified", "created", "CRC":
        if about.get(key) is not None:
            return str(about[key])
    return ""


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(PICTURES)


def _raise(error: OSError) -> None:
    raise error


def _nothing(source: str) -> str:
    if is_address(source) or not os.path.isdir(source):
        return f"no file fits {source}"
    tables = sorted(name for name in os.listdir(source) if name.lower().endswith(TABLES))
    pattern = os.path.join(source, "*" + os.path.splitext(tables[0])[1]) if tables else ""
    hint = f"; it has Parquet files, which are named one by one or as '{pattern}'" if tables else ""
    return f"no picture is in the folder {source} ({', '.join(PICTURES[:3])}, ...){hint}"
