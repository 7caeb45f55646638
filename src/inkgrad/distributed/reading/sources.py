"""Sources: folders, patterns, tables and stores such as s3://bucket, and the pictures in them.

First what a source is: a file, a folder, an address that fsspec knows.  Then stores, and then Parquet files with a
column of pictures, as the bytes of their files.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa
from pyarrow import parquet

from inkgrad.errors import DataError, SettingError
from inkgrad.saving import one_line

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm", ".pnm")
TABLE_ENDINGS = (".parquet", ".pq")


@dataclass(frozen=True)
class Found:
    """A file: its name, its size in bytes, and what else the file system says that changes when the file does."""

    name: str
    size: int
    stamp: str

    @property
    def is_table(self) -> bool:
        """Whether it is a Parquet file and not one picture."""
        return self.name.lower().endswith(TABLE_ENDINGS)


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
                if not name.startswith(".") and name.lower().endswith(PICTURE_ENDINGS) and os.path.isfile(path):
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
    for name, about in listed(store, path, source, PICTURE_ENDINGS):
        yield Found(address_of(store, name, source), int(about.get("size") or 0), _stamp(about))


def _stamp(about: dict[str, Any]) -> str:
    keys = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created", "CRC")
    return next((str(about[key]) for key in keys if about.get(key) is not None), "")


def _raise(error: OSError) -> None:
    raise error


def _nothing(source: str) -> str:
    if is_address(source) or not os.path.isdir(source):
        return f"no file fits {source}"
    tables = sorted(name for name in os.listdir(source) if name.lower().endswith(TABLE_ENDINGS))
    pattern = os.path.join(source, "*" + os.path.splitext(tables[0])[1]) if tables else ""
    hint = f"; it has Parquet files, which are named one by one or as '{pattern}'" if tables else ""
    return f"no picture is in the folder {source} ({', '.join(PICTURE_ENDINGS[:3])}, ...){hint}"


def is_address(name: str) -> bool:
    """Return whether a name is an address of a store, and no path on this machine."""
    return "://" in name


def store_of(address: str) -> tuple[Any, str]:
    """Return the file system that an address belongs to, and the path in it.

    Raises SettingError when there is no such kind of store, or a package for it is missing.
    """
    try:
        with _one_line(address):
            store, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SettingError(f"{address} needs a package that is not installed: pip install {_package(error)}") from None
    except DataError:
        raise
    except ValueError as error:
        raise SettingError(f"{address} is in no store that fsspec knows: {error}") from None
    return store, str(path)


def _package(error: ImportError) -> str:
    """Return the packages that the file systems say they miss, each in words of its own."""
    wanted = re.search(r"[Ii]nstall (\w+)|requires (.+) to be installed", str(error))
    names = (wanted[1] or wanted[2]) if wanted else str(error)
    return " ".join(re.findall(r"[\w.-]+", names.replace(" and ", " ")))


def address_of(store: Any, path: str, given: str) -> str:
    """Return the address of a path in the same store as that of the address given, chained where that was."""
    _, colons, chain = given.partition("::")
    return f"{store.unstrip_protocol(path)}{colons}{chain}"


@contextmanager
def opened(name: str) -> Iterator[Any]:
    """Yield a file to read, at an address or on this machine."""
    if is_address(name):
        store, path = store_of(name)
        with _one_line(name), store.open(path, "rb") as file:
            yield file
    else:
        with open(name, "rb") as file:
            yield file


def fetched(address: str) -> bytes:
    """Return the bytes at an address."""
    store, path = store_of(address)
    with _one_line(address):
        return bytes(store.cat_file(path))


@contextmanager
def _one_line(address: str) -> Iterator[None]:
    """Make one of our errors of what a store raises: those of each have a tree of their own."""
    try:
        yield
    except (ImportError, ValueError):
        raise
    except FileNotFoundError:
        raise DataError(f"{address}: there is no such file") from None
    except Exception as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(f"{address} cannot be read: {first}") from error


def listed(store: Any, path: str, address: str, endings: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the paths, and what is known of them, of the files of an address: a file, a pattern, or a folder.

    A folder is walked as on this machine: files with these endings, by name, then its folders.
    """
    with _one_line(address):
        if glob.has_magic(path) and not store.exists(path):
            fitting = store.glob(path, detail=True)
            yield from ((name, about) for name, about in sorted(fitting.items()) if about["type"] == "file")
        elif store.isdir(path):
            yield from _walked(store, path, endings)
        else:
            yield path, store.info(path)


def _walked(store: Any, path: str, endings: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is in a folder; not with store.walk, which leaves out folders that it may not open."""
    inside = [(str(about["name"]).rstrip("/"), about) for about in store.ls(path, detail=True)]
    inside = sorted((each for each in inside if each[0] != path.rstrip("/")), key=lambda each: each[0])
    named = [(name.rpartition("/")[2], name, about) for name, about in inside]
    for last, name, about in named:
        if about["type"] == "file" and not last.startswith(".") and last.lower().endswith(endings):
            yield name, about
    for last, name, about in named:
        if about["type"] == "directory" and not last.startswith("."):
            yield from _walked(store, name, endings)


@dataclass(frozen=True)
class Columns:
    """Which column of a table has the pictures, and which one their names; None for the one that is plainly meant."""

    pictures: str | None = None
    names: str | None = None


def count_rows(name: str, columns: Columns) -> int:
    """Return how many pictures a table has; DataError when it is not a Parquet file, or has no such columns."""
    with opened(name) as file, _intact(name):
        table = _table(file)
        _chosen(name, table.schema_arrow, columns)
        return int(table.metadata.num_rows)


def read_rows(name: str, columns: Columns, first: int, rows_together: int = 32) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name and the picture of each row from row `first` on; the name is FILE#ROW where there is no other.

    So many rows are unpacked together.

    Raises DataError for a table that is damaged, even if only further on.
    """
    with opened(name) as file, _intact(name):
        table = _table(file)
        pictures, names = _chosen(name, table.schema_arrow, columns)
        groups = [table.metadata.row_group(k).num_rows for k in range(table.metadata.num_row_groups)]
        starts = list(accumulate(groups, initial=0))
        skipped = max((k for k, start in enumerate(starts) if start <= first), default=0)
        row = starts[skipped]
        wanted = [pictures] if names is None else [pictures, names]
        for batch in table.iter_batches(rows_together, row_groups=range(skipped, len(groups)), columns=wanted):
            if row + len(batch) > first:
                for number, each in enumerate(batch.to_pylist(), row):
                    if number >= first:
                        yield _row(each[pictures], each.get(names), f"{name}#{number}")
            row += len(batch)


def _row(picture: Any, name: Any, otherwise: str) -> tuple[str, bytes | None]:
    if isinstance(picture, dict):
        name, picture = name or picture.get("path"), picture["bytes"]
    return str(name or otherwise), picture


def _table(file: Any) -> Any:
    return parquet.ParquetFile(file, buffer_size=1 << 20)  # bytes of a column at a time, not a whole row group


@contextmanager
def _intact(name: str) -> Iterator[None]:
    """Make one of our errors of what a damaged table raises: in its plan, in a page, in the name of a column."""
    try:
        yield
    except DataError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first = one_line(str(error).partition("\n")[0])
        raise DataError(f"{name} is not a Parquet file, or a damaged one: {first}") from None


def _chosen(name: str, schema: Any, columns: Columns) -> tuple[str, str | None]:
    """Return the columns that have the pictures and the names."""
    there = [field.name for field in schema]
    fitting = [field.name for field in schema if _holds_pictures(field.type)]
    if columns.names is not None and columns.names not in there:
        raise DataError(f"{name} has no column {columns.names} with names: it has {', '.join(there)}")
    if columns.pictures is not None:
        if columns.pictures in fitting:
            return columns.pictures, columns.names
        kind = f"is of {schema.field(columns.pictures).type}" if columns.pictures in there else "is not there"
        raise DataError(f"{name}: the column {columns.pictures} {kind}, and pictures are bytes: {_say(there, fitting)}")
    if "image" in fitting or len(fitting) == 1:  # the usual name, as in Hugging Face's data sets
        return ("image" if "image" in fitting else fitting[0]), columns.names
    raise DataError(
        f"{name}: which column has the pictures, as bytes, is not clear: {_say(there, fitting)}; `column` says which",
        setting="column",
    )


def _holds_pictures(kind: Any) -> bool:
    """Return whether a column has bytes, or bytes with a path as Hugging Face's data sets do."""
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_pictures(kind.field("bytes").type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _say(there: list[str], fitting: list[str]) -> str:
    return f"the table has {', '.join(there)}, of bytes {'are' if fitting else 'is'} {', '.join(fitting) or 'none'}"
