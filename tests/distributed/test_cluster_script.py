"""The small cluster on one machine that `make cluster` starts: three nodes, one of which may be lost."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest
from support import ROOT
from support.commands import completed, python

pytest.importorskip("ray", reason="Ray, an extra, is not installed")

SCRIPT = ROOT / "scripts" / "cluster.py"
JOINS = """
import sys
from inkgrad.distributed import connect
from inkgrad.errors import SettingError

try:
    with connect(sys.argv[1]):
        print("connected")
except SettingError as error:
    print(error)
"""
LOSES_A_NODE = """
import subprocess, sys, time
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from inkgrad.distributed import connect

address, *lose = sys.argv[1:]
where = ray.util.get_node_ip_address
with connect(address, n_workers=3) as cluster:
    print(">", cluster.n_nodes, "nodes")
    last = next(node["NodeID"] for node in ray.nodes() if node["NodeManagerAddress"] == "127.0.0.4")
    there = NodeAffinitySchedulingStrategy(last, soft=False)
    actor = ray.remote(num_cpus=0)(type("Actor", (), {"where": lambda self: where()}))
    lives_there = actor.options(scheduling_strategy=there).remote()
    print("> an actor on", ray.get(lives_there.where.remote()))
    subprocess.run(lose, check=True)
    try:
        ray.get(lives_there.where.remote(), timeout=30)
    except ray.exceptions.RayActorError:
        print("> the actor is lost")
    while sum(node["Alive"] for node in ray.nodes()) == 3:  # until the head knows, too
        time.sleep(0.1)
with connect(address, n_workers=2) as cluster:
    print(">", cluster.n_nodes, "nodes")
    task = ray.remote(num_cpus=1)(lambda: where())
    print("> work on", ray.get(task.remote(), timeout=30))
"""


def cluster(*arguments):
    done = completed([sys.executable, SCRIPT, *arguments])
    return done.returncode, done.stdout, done.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        return probe.getsockname()[1]


def running(sessions):
    listed = completed(["ps", "-A", "-o", "sid=,stat="])
    rows = (line.split() for line in listed.stdout.splitlines())
    return [row for row in rows if row[0] in sessions and not row[1].startswith("Z")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback has one address only")
def test_a_cluster_starts_loses_a_node_works_on_and_leaves_nothing_behind():
    port = str(free_port())
    try:
        status, out, err = cluster("start", "--port", port)
        assert status == 0, err
        sessions = re.findall(r"session (\d+)", out)
        settings = dict(re.findall(r"(RAY_AUTH\w+)=(\S+)", out))
        assert len(sessions) == 3
        assert f"inkgrad train --workers 2 --ray 127.0.0.2:{port}" in out

        assert "runs already" in cluster("start", "--port", port)[1]

        wrong = python(JOINS, f"127.0.0.2:{port}", env=os.environ | settings | {"RAY_AUTH_TOKEN": "0" * 64})
        assert wrong.stdout.startswith(f"no Ray cluster could be joined at 127.0.0.2:{port}: ")
        assert wrong.stdout.endswith("its own in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH)\n")
        assert 0 < wrong.stderr.count("InvalidAuthToken") < 6, "Ray tries for long"

        lose = [sys.executable, str(SCRIPT), "lose", "2", "--port", port]
        done = python(LOSES_A_NODE, f"127.0.0.2:{port}", *lose, env=os.environ | settings)
        told = re.findall(r"> (.*)", done.stdout)  # a line of Ray's may come before it
        assert told[:4] == ["3 nodes", "an actor on 127.0.0.4", "the actor is lost", "2 nodes"], done.stderr
        assert told[4] in ("work on 127.0.0.2", "work on 127.0.0.3")
    finally:
        stopped = cluster("stop", "--port", port)
    assert stopped == (0, "the cluster is stopped\n", "")
    assert running(sessions) == []
    assert not Path(settings["RAY_AUTH_TOKEN_PATH"]).parent.exists()
    assert cluster("stop", "--port", port)[1] == f"no cluster of yours runs at port {port}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback has one address only")
def test_a_taken_port_is_one_clear_line():
    with socket.socket() as other:
        other.bind(("127.0.0.2", 0))
        other.listen()
        port = str(other.getsockname()[1])
        status, out, err = cluster("start", "--port", port)
    assert (status, out) == (2, "")
    assert err == f"port {port} of 127.0.0.2 is taken by another program: name another, `make cluster PORT=6380`\n"


def test_a_port_that_is_none_and_a_node_that_does_not_run_are_refused():
    assert cluster("start", "--port", "80")[::2] == (2, "a port is a number of 1024 to 65535, got 80\n")
    port = free_port()
    assert cluster("lose", "1", "--port", str(port))[2] == f"worker 1 of the cluster at port {port} does not run\n"
