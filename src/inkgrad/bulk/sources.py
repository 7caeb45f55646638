"""Sources: folders, patterns, files, tables and stores such as s3://bucket, and the pictures in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from inkgrad.bulk.picture_tables import TABLE_ENDINGS
from inkgrad.bulk.stores import address_of, is_address, listed, opened, store_of
from inkgrad.errors import DataError
from inkgrad.pictures import page_names, page_numbers
from inkgrad.pictures.listing import PICTURE_ENDINGS, files_of, pages_in
from inkgrad.pictures.numbered_page import PAGED_ENDINGS, named_page


@dataclass(frozen=True)
class Found:
    """A picture, or a table of them: its name, the size of its file in bytes, and what changes when the file does."""

    name: str
    size: int
    stamp: str

    @property
    def is_table(self) -> bool:
        """Whether it is a Parquet file and not one picture."""
        return self.name.lower().endswith(TABLE_ENDINGS)


def list_sources(sources: Sequence[str]) -> Iterator[Found]:
    """Yield the pictures and tables of sources in their order, each once, without having all in memory.

    On this machine a source means what it means to list_pictures; an address that fsspec knows means the same
    there.

    Raises DataError for a source without a file, FileNotFoundError where there is none of that name.
    """
    seen: set[bytes] = set()
    for source in sources:
        n_found = 0
        for found in _in_store(source) if is_address(source) else _here(source):
            n_found += 1
            if len(sources) > 1:  # one alone names no picture twice
                where = found.name if is_address(found.name) else os.path.abspath(found.name)
                mark = blake2b(os.fsencode(where), digest_size=16).digest()
                if mark in seen:
                    continue
                seen.add(mark)
            yield found
        if not n_found:
            raise DataError(f"no file fits {source}")


def _here(source: str) -> Iterator[Found]:
    try:
        for file in files_of(source):
            page = named_page(file)
            about = os.stat(page.file if page and not isinstance(page.file, bytes) else file)
            for name in pages_in(file):
                yield Found(name, about.st_size, str(about.st_mtime_ns))
    except DataError as error:
        raise DataError(f"{error}{_hint(source)}") from None


def _hint(source: str) -> str:
    """Return what to do about a folder in which only tables are."""
    names = sorted(os.listdir(source)) if os.path.isdir(source) else []
    tables = [name for name in names if name.lower().endswith(TABLE_ENDINGS)]
    pattern = os.path.join(source, "*" + os.path.splitext(tables[0])[1]) if tables else ""
    return f"; it has Parquet files, which are named one by one or as '{pattern}'" if tables else ""


def _in_store(source: str) -> Iterator[Found]:
    store, path = store_of(source)
    for name, about in listed(store, path, source, PICTURE_ENDINGS):
        found = Found(address_of(store, name, source), int(about.get("size") or 0), _stamp(about))
        if not name.lower().endswith(PAGED_ENDINGS):
            yield found
            continue
        with opened(found.name) as file:
            yield from (replace(found, name=page) for page in page_names(found.name, page_numbers(file)))


def _stamp(about: dict[str, Any]) -> str:
    keys = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created", "CRC")
    return next((str(about[key]) for key in keys if about.get(key) is not None), "")
