"""`inkgrad read --out`, used as a stranger would, and a cluster that loses a machine."""

import csv
import signal

import pytest
from support.commands import (
    assert_refused,
    command,
    ended,
    inkgrad,
    inkgrad_without,
    last_line,
    names_in,
    output_of,
    started,
    wait_for,
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


def test_a_folder_becomes_a_file_of_answers_and_two_lines_say_so(scans):
    (scans / "scans" / "letter.png").write_text("a letter to a friend")
    found = read("scans", "--out", "results.csv", "--workers", 1, cwd=scans)
    assert (found.returncode, found.stdout) == (0, "")
    first, second = found.stderr.splitlines()
    assert first.startswith("inkgrad: 13 pictures in ")
    assert first.endswith(" s: 12 are read in results.csv")
    assert second == "inkgrad: without an answer: 1, with the reason of each in results.errors.csv"
    assert (scans / "results.csv").read_text().splitlines()[1].startswith('0,"scans/000000.png","')
    reasons = (scans / "results.errors.csv").read_text()
    assert '12,"scans/letter.png","scans/letter.png must be an undamaged picture file' in reasons
    assert names_in(scans) == ["results.csv", "results.errors.csv", "scans"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scans", "--out", "results.txt"], ["--out takes a name that ends in .parquet or .csv, got results.txt"]),
        (["scans", "--out", "no/results.csv"], ["no", "there is no such folder"]),
        (["nowhere", "--out", "results.csv"], ["nowhere: there is no such file or folder"]),
        (["scans/*.tif", "--out", "results.csv"], ["no file fits scans/*.tif"]),
        (["scans", "--out", "results.csv", "--boxes", "b"], ["--boxes does not go with --out"]),
        (["scans", "--out", "results.csv", "--format", "json"], ["--format json does not go with --out"]),
        (["-", "--out", "results.csv"], ["standard input does not go with --out"]),
        (["scans", "--resume"], ["--resume is for answers that go to a file: add --out results.parquet"]),
        (["scans", "--out", "results.csv", "--resume"], ["no unfinished reading for results.csv", "none was begun"]),
        (["scans", "--out", "results.csv", "--resume", "--anew"], ["not both"]),
        (["scans", "--out", "results.csv", "--ray", "nowhere:1"], ["--ray takes --workers with it"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_what_cannot_be_is_refused_in_one_line(scans, arguments, words):
    assert_refused(read(*arguments, cwd=scans), *words)
    assert names_in(scans) == ["scans"]


def test_without_ray_one_line_says_what_to_install(scans):
    found = inkgrad_without("ray", "read", "scans", "--out", "results.csv", cwd=scans)
    assert_refused(found, "needs Ray, which is not installed: pip install 'inkgrad[ray]'")


def test_ctrl_c_says_how_to_go_on_and_resume_does(scans, digits):
    paths = write_pictures(scans / "scans", 800, digits.test)
    for path in paths[:200]:
        path.write_bytes(b"")  # which takes no time to refuse, so that a part is done as soon as a worker is there
    process = started(command("read", "scans", "--out", "results.csv", "--workers", 2), cwd=scans)
    parts = scans / "results.csv.parts"
    wait_for(lambda: list(parts.glob("part-*.parquet")), "a part was done", process)
    process.send_signal(signal.SIGINT)
    found = ended(process)
    assert_refused(found, "inkgrad: interrupted with ")
    assert found.stderr.endswith(" of 4 parts done; to go on, the same again with --resume\n")
    for path in paths[500:]:
        path.unlink()
    assert_refused(read("scans", "--out", "results.csv", "--resume", cwd=scans), "(800 then, 500 now")


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
