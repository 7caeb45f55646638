"""Work on many machines: our mathematics, Ray's machinery."""

from inkgrad.distributed.extra import MissingExtra  # isort: skip  before what needs it
from inkgrad.distributed.cluster import Cluster, connect
from inkgrad.distributed.reading import Outcome, ReadPictures, Tally, read_dataset

__all__ = ["Cluster", "MissingExtra", "Outcome", "ReadPictures", "Tally", "connect", "read_dataset"]
