"""`inkgrad read --out`, used as a stranger would, and a cluster that loses a machine."""

import csv

import pytest
from support.commands import (
    assert_refused,
    inkgrad,
    inkgrad_without,
    last_line,
    names_in,
    output_of,
)
from support.many_pictures import write_pictures

pytest.importorskip("ray", reason="Ray, an extra, is not installed")


def read(*arguments, cwd):
    return inkgrad("read", *arguments, cwd=cwd)


@pytest.fixture
def scans(digits, tmp_path):
    """A folder in which there is a folder of 12 pictures."""
    write_pictures(tmp_path / "scans", 12, digits.test)
    return tmp_path


def test_without_a_number_of_workers_a_cluster_is_not_asked(scans):
    assert_refused(
        read("scans", "--out", "results.csv", "--ray", "nowhere:1", cwd=scans), "--ray takes --workers with it"
    )
    assert names_in(scans) == ["scans"]


def test_without_ray_one_line_says_what_to_install(scans):
    asked = "read", "scans", "--out", "results.csv", "--workers", 2, "--ray", "10.0.0.1:6379"
    found = inkgrad_without("ray", *asked, cwd=scans)
    assert_refused(found, "needs Ray, which is not installed: pip install 'inkgrad[ray]'")


CLUSTER = """
import sys
from ray.cluster_utils import Cluster
from inkgrad.distributed import read_dataset

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    other = cluster.add_node(num_cpus=1)
    lost = []

    def show(tally):
        if tally.n_done >= 200 and not lost:
            cluster.remove_node(other, allow_graceful=False)
            lost.append(other)

    outcome = read_dataset(
        "scans", "results.csv", n_workers=2, address=cluster.address, part_size=40, show=show
    )
    assert lost
    print(outcome.n_read + outcome.n_unread)
    cluster.shutdown()
"""


def test_a_lost_machine_does_not_stop_the_others(scans, digits):
    paths = write_pictures(scans / "scans", 600, digits.test)
    assert last_line(output_of(CLUSTER, cwd=scans)) == "600"
    rows = []
    for path in scans.glob("results*.csv"):
        with open(path, newline="") as file:
            rows += csv.DictReader(file)
    assert sorted(row["path"] for row in rows) == [f"scans/{path.name}" for path in paths]
