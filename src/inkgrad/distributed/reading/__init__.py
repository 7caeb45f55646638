"""Reading on workers of Ray."""

from inkgrad.distributed.reading.parts_dataset import read_dataset
from inkgrad.distributed.reading.read_pictures import ReadPictures

__all__ = ["ReadPictures", "read_dataset"]
