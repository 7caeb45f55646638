"""Reading by the hundred or the million: folders, tables and stores in, one file of answers out."""

from inkgrad.bulk.read_to_file import Outcome, Tally, read_to_file
from inkgrad.bulk.rows import RowKind

__all__ = ["Outcome", "RowKind", "Tally", "read_to_file"]
