"""A pool of readers that are in this process, for tests of all that does not depend on who reads."""

from contextlib import contextmanager

from inkgrad.bulk.picture_reader import PictureReader
from inkgrad.bulk.reader_pool import PoolWorker, ReaderPool


class PoolHere(ReaderPool):
    """Workers that answer for one load each time they are asked what is heard."""

    def __init__(self, reader, kind, n_workers):
        self.reads = PictureReader(reader, kind)
        super().__init__(n_workers)

    def start(self):
        return PoolWorker(None)

    def give(self, worker, load):
        pass

    def heard(self, seconds):
        for worker in self.workers:
            if not worker.is_ready:
                yield worker, []
            elif worker.owed:
                load = worker.owed[0]
                yield worker, self.reads.read(load.first, load.names, load.pictures)

    def stop(self, worker):
        self.reads.limits.restore_original_limits()


@contextmanager
def pool_here(reader, kind, n_workers, sample):
    pool = PoolHere(reader, kind, n_workers)
    try:
        yield pool
    finally:
        pool.end()
