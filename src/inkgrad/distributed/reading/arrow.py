"""Arrow, which Ray Data brings with it: tables, Parquet and CSV."""

from __future__ import annotations

from inkgrad.distributed.extra import MissingExtra

try:
    import fsspec  # type: ignore[import-untyped]
    import pyarrow as pa
    from pyarrow import csv, parquet
except ModuleNotFoundError as error:
    raise MissingExtra(
        f"reading many pictures needs {error.name}, which is not installed: pip install 'inkgrad[ray]'"
    ) from None

__all__ = ["csv", "fsspec", "pa", "parquet"]
