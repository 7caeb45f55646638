"""Reading by the million: folders, tables and stores in, one file of answers out."""

from inkgrad.distributed.reading.dataset import Outcome, Tally, read_dataset
from inkgrad.distributed.reading.picture_reader import ReadPictures

__all__ = ["Outcome", "ReadPictures", "Tally", "read_dataset"]
