"""Joining a cluster, or one line why not."""

import socket

import pytest
from support.commands import last_line, output_of

from inkgrad.distributed import connect
from inkgrad.errors import SettingError


def test_a_program_that_is_connected_stays_so(local_ray):
    with connect(n_workers=4) as cluster:
        assert (cluster.n_nodes, cluster.n_cores) == (1, 4)
    assert local_ray.is_initialized()


def test_more_workers_than_cores_are_refused(local_ray):
    with (
        pytest.raises(
            SettingError, match="there are cores for 2 workers with 2 each, and 3 are asked for: ask for fewer"
        ),
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


def test_work_that_has_cores_of_the_cluster_is_told_of(local_ray):
    class Idle:  # in a function, so that it travels whole: workers do not have this file
        pass

    others = [local_ray.remote(num_cpus=1)(Idle).remote() for _ in range(3)]
    local_ray.get([other.__ray_ready__.remote() for other in others])
    while local_ray.available_resources().get("CPU", 0) > 1:
        pass
    notes = []
    with connect(n_workers=2, note=notes.append):
        pass
    for other in others:
        local_ray.kill(other)
    (sentence,) = notes
    assert sentence.startswith(
        "of the 4 cores of the Ray cluster other work has 3, and 2 are asked for: this uses what"
    )


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
    assert "4096 are asked for" in line


TWO_NODES = """
import sys
from ray.cluster_utils import Cluster
from inkgrad.distributed import connect
from inkgrad.errors import SettingError

cluster = Cluster()
for _ in range(2):
    cluster.add_node(num_cpus=3)
try:
    with connect(cluster.address, n_workers=3, cores_each=2):
        print("connected")
except SettingError as error:
    print(error)
cluster.shutdown()
"""


def test_the_cores_of_a_worker_are_all_of_one_node():
    assert last_line(output_of(TWO_NODES)).startswith("there are cores for 2 workers with 2 each, and 3 are asked for")


def test_a_ray_that_does_not_start_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("RAY_GCS_SERVER_PORT", "none")
    (line,) = said("")
    assert line.startswith("Ray does not start on this machine: ")
    assert line.endswith("; where it is busy, try again")


TIDY = """
import os, ray
from inkgrad.distributed import connect

folders, init = [], ray.init

def noting(*where, _temp_dir, **settings):
    folders.append(_temp_dir)
    return init(*where, _temp_dir=_temp_dir, **settings)

ray.init = noting
with connect():
    print(os.listdir(folders[0])[0][:8])
print(os.path.exists(folders[0]))
"""


def test_a_ray_of_ours_leaves_neither_logs_nor_a_token(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_of(TIDY).splitlines() == ["session_", "False"]
    assert not (tmp_path / ".ray").exists()


STOPPED = """
import os, signal, sys, ray
from inkgrad.distributed import connect

def init(*where, **settings):
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))  # as Ray's does at its beginning
    os.kill(os.getpid(), signal.SIGTERM)

ray.init = init
try:
    with connect():
        print("connected")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_polite_kill_while_ray_starts_is_an_interrupt_though_ray_takes_it():
    assert output_of(STOPPED) == "interrupted\n"


def test_one_worker_is_started_here():
    assert said("") == ["connected"]
