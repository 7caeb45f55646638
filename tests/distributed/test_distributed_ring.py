"""The ring in which workers add up their vectors.  Here they are threads."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from inkgrad.distributed.training.allreduce import Ring


def in_ring(vectors, then=lambda rank, ring, vector: ring.sum(vector)):
    """Let threads be workers, each with one of the vectors, and return what becomes of each."""
    rings = [Ring("127.0.0.1") for _ in vectors]
    addresses = [ring.address for ring in rings]

    def member(rank):
        rings[rank].join(rank, addresses)
        with closing(rings[rank]):
            return then(rank, rings[rank], vectors[rank])

    with ThreadPoolExecutor(len(rings)) as threads:
        return list(threads.map(member, range(len(rings))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 1001, 300_000])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_all_workers_get_the_same_sum_to_the_bit(rng, n, size, dtype):
    vectors = [rng.normal(size=size).astype(dtype) for _ in range(n)]
    wanted = np.sum([vector.astype(np.float64) for vector in vectors], axis=0)
    in_ring(vectors)
    for vector in vectors:
        np.testing.assert_array_equal(vector, vectors[0])
        np.testing.assert_allclose(vector, wanted, rtol=0, atol=n * 4 * np.finfo(dtype).eps)


def test_sums_follow_each_other():
    vectors = [np.full(5, float(rank)) for rank in range(3)]

    def twice(rank, ring, vector):
        for _ in range(2):
            ring.sum(vector)
        return vector.tolist()

    assert in_ring(vectors, twice) == [[9.0] * 5] * 3


def test_a_worker_that_has_gone_is_missed_by_its_neighbours():
    def leave(rank, ring, vector):
        if rank == 0:
            return None  # and so closes its sockets, as the system does for one that is killed
        with pytest.raises(ConnectionError):
            ring.sum(vector)
        return "missed"

    assert in_ring([np.ones(100_000)] * 2, leave) == [None, "missed"]


@pytest.mark.parametrize("said", [bytes(16), bytes(3), b""])
def test_a_stranger_does_not_become_a_neighbour(said):
    rings = [Ring("127.0.0.1") for _ in range(2)]
    with socket.create_connection(rings[0].address[:2]) as stranger, ThreadPoolExecutor(2) as threads:
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        addresses = [ring.address for ring in rings]
        list(threads.map(lambda rank: rings[rank].join(rank, addresses), range(2)))
        vectors = [np.array([1.0]), np.array([2.0])]
        list(threads.map(lambda rank: rings[rank].sum(vectors[rank]), range(2)))
    for ring in rings:
        ring.close()
    assert vectors == [[3.0], [3.0]]
