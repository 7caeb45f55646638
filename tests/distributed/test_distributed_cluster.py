"""Joining a cluster, or one line why not."""

import socket

import pytest
from support.commands import output_of

from inkgrad.distributed import connect
from inkgrad.errors import SettingError


def test_a_program_that_is_connected_stays_so(local_ray):
    with connect(n_workers=4) as cluster:
        assert (cluster.n_nodes, cluster.n_cores) == (1, 4)
    assert local_ray.is_initialized()


def test_more_workers_than_cores_are_refused(local_ray):
    with (
        pytest.raises(SettingError, match="the workers ask for 6 cores, and there are 4: ask for fewer"),
        connect(n_workers=3, cores_each=2),
    ):
        pass


@pytest.mark.parametrize("n_workers", [0, -1])
def test_no_workers_are_refused(n_workers):
    with (
        pytest.raises(SettingError, match=f"at least 1 worker, got n_workers={n_workers}") as caught,
        connect(n_workers=n_workers),
    ):
        pass
    assert caught.value.setting == "n_workers"


def test_a_node_with_another_version_is_refused(local_ray, monkeypatch):
    import importlib.metadata

    right = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9" if name == "numpy" else right(name))
    with pytest.raises(SettingError, match=r"numpy is \d.*, and here it is 9\.9: install the same on all"), connect():
        pass


ALONE = """
import sys
from inkgrad.distributed import connect
from inkgrad.errors import SettingError
n_workers, *addresses = sys.argv[1:]
for address in addresses:
    try:
        with connect(address or None, n_workers=int(n_workers)):
            print("connected")
    except SettingError as error:
        print(error)
"""


def said(*addresses, n_workers=1):
    """Return what a program of its own, one that is not connected yet, says of each address."""
    return output_of(ALONE, n_workers, *addresses).splitlines()


def test_an_address_where_nothing_answers_is_refused_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        (line,) = said(address)
        assert line.startswith(f"nothing answers at {address}: ")


def test_an_address_without_a_port_is_refused():
    bad = "nowhere", "10.0.0.1:", ":6379", "host:port", "host:99999"
    right = "the address of a Ray cluster is host:port, such as 10.0.0.1:6379, got"
    assert said(*bad) == [f"{right} {address!r}" for address in bad]


def test_more_workers_than_this_machine_has_cores_are_refused():
    (line,) = said("", n_workers=4096)
    assert "the workers ask for 4096 cores" in line


def test_one_worker_is_started_here():
    assert said("") == ["connected"]
