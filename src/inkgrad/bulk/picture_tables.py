"""Picture tables: Parquet files with a column of pictures, as the bytes of their files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from inkgrad.bulk.stores import opened
from inkgrad.errors import DataError
from inkgrad.extras import extra
from inkgrad.saving import one_line

TABLE_ENDINGS = (".parquet", ".pq")


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
    from pyarrow import parquet

    return parquet.ParquetFile(file, buffer_size=1 << 20)  # bytes of a column at a time, not a whole row group


@contextmanager
def _intact(name: str) -> Iterator[None]:
    """Make one of our errors of what a damaged table raises: in its plan, in a page, in the name of a column."""
    with extra("parquet", f"{name} is a Parquet file, and reading it needs"):
        import pyarrow as pa
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
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_pictures(kind.field("bytes").type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _say(there: list[str], fitting: list[str]) -> str:
    return f"the table has {', '.join(there)}, of bytes {'are' if fitting else 'is'} {', '.join(fitting) or 'none'}"
