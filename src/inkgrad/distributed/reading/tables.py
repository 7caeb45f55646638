"""Tables: Parquet files with a column of pictures, as the bytes of their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from inkgrad.distributed.reading.stores import opened
from inkgrad.errors import DataError

USUAL = "image"
BUFFER = 1 << 20  # bytes that are read of a column at a time, not the whole of a row group
FEW = 32  # rows that are unpacked together


@dataclass(frozen=True)
class Columns:
    """Which column of a table has the pictures, and which one their names; None for the one that is plainly meant."""

    pictures: str | None = None
    names: str | None = None


def count_rows(name: str, columns: Columns) -> int:
    """Return how many pictures a table has.

    Raises DataError when it is no Parquet file, or has no such columns.
    """
    with opened(name) as file:
        table = _opened(name, file)
        _chosen(name, table.schema_arrow, columns)
        return int(table.metadata.num_rows)


def read_rows(name: str, columns: Columns, first: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name and the picture of each row from row `first` on; the name is FILE#ROW where there is no other."""
    with opened(name) as file:
        table = _opened(name, file)
        pictures, names = _chosen(name, table.schema_arrow, columns)
        groups = [table.metadata.row_group(k).num_rows for k in range(table.metadata.num_row_groups)]
        starts = list(accumulate(groups, initial=0))
        skipped = max((k for k, start in enumerate(starts) if start <= first), default=0)
        row = starts[skipped]
        wanted = [pictures] if names is None else [pictures, names]
        for batch in table.iter_batches(FEW, row_groups=range(skipped, len(groups)), columns=wanted):
            if row + len(batch) > first:
                for number, each in enumerate(batch.to_pylist(), row):
                    if number >= first:
                        yield _row(each[pictures], each.get(names), f"{name}#{number}")
            row += len(batch)


def _row(picture: Any, name: Any, otherwise: str) -> tuple[str, bytes | None]:
    if isinstance(picture, dict):
        name, picture = name or picture.get("path"), picture["bytes"]
    return str(name or otherwise), picture


def _opened(name: str, file: Any) -> Any:
    try:
        return parquet.ParquetFile(file, buffer_size=BUFFER)
    except (pa.ArrowInvalid, OSError) as error:
        first = str(error).partition("\n")[0]
        raise DataError(f"{name} is no Parquet file, or a damaged one: {first}") from None


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
    if USUAL in fitting or len(fitting) == 1:
        return (USUAL if USUAL in fitting else fitting[0]), columns.names
    raise DataError(
        f"{name}: which column has the pictures, as bytes, is not clear: {_say(there, fitting)}; --column says which"
    )


def _holds_pictures(kind: Any) -> bool:
    """Return whether a column has bytes, or bytes with a path as Hugging Face's data sets do."""
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_pictures(kind.field("bytes").type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _say(there: list[str], fitting: list[str]) -> str:
    return f"the table has {', '.join(there)}, of bytes {'are' if fitting else 'is'} {', '.join(fitting) or 'none'}"
