"""Work on many machines: our mathematics, Ray's machinery."""

from inkgrad.bulk import Outcome, Tally
from inkgrad.errors import MissingExtra
from inkgrad.extras import extra

with extra("ray", "work on several workers needs"):
    from inkgrad.distributed.cluster import Cluster, connect
    from inkgrad.distributed.reading import ReadPictures, read_dataset

__all__ = ["Cluster", "MissingExtra", "Outcome", "ReadPictures", "Tally", "connect", "read_dataset"]
