"""`inkgrad read --out`: a folder becomes a table, by processes on this machine, used as a stranger would."""

import csv
import signal
import sys

import pytest
from support.commands import (
    assert_refused,
    command,
    ended,
    inkgrad,
    names_in,
    started,
    wait_for,
)
from support.many_pictures import write_pictures


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
    assert (scans / "results.csv").read_text().splitlines()[1].startswith("0,scans/000000.png,")
    reasons = (scans / "results.errors.csv").read_text()
    assert '12,scans/letter.png,"scans/letter.png must be an undamaged picture file' in reasons
    assert names_in(scans) == ["results.csv", "results.errors.csv", "scans"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["scans", "--out", "results.txt"],
            ["--out takes a name that ends in .csv, .parquet or .xlsx, got results.txt"],
        ),
        (["scans", "--out", "no/results.csv"], ["no", "there is no such folder"]),
        (["nowhere", "--out", "results.csv"], ["nowhere: there is no such file or folder"]),
        (["scans/*.tif", "--out", "results.csv"], ["no file fits scans/*.tif"]),
        (["scans", "--out", "results.csv", "--boxes", "b"], ["--boxes does not go with --out"]),
        (["scans", "--out", "results.csv", "--format", "json"], ["--format json does not go with --out"]),
        (["-", "--out", "results.csv"], ["standard input does not go with --out"]),
        (["scans", "--resume"], ["--resume is for answers that go to a file: add --out results.csv"]),
        (["scans", "--out", "results.csv", "--resume"], ["no unfinished reading for results.csv", "none was begun"]),
        (["scans", "--out", "results.csv", "--resume", "--anew"], ["not both"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_what_cannot_be_is_refused_in_one_line(scans, monkeypatch, inkgrad_here, arguments, words):
    monkeypatch.chdir(scans)
    assert_refused(inkgrad_here("read", *arguments), *words)
    assert names_in(scans) == ["scans"]


@pytest.mark.parametrize(("package", "extra"), [("pyarrow", "parquet"), ("openpyxl", "xlsx")])
def test_without_what_writes_a_format_one_line_says_what_to_install(scans, monkeypatch, inkgrad_here, package, extra):
    monkeypatch.chdir(scans)
    monkeypatch.setitem(sys.modules, package, None)
    found = inkgrad_here("read", "scans", "--out", f"results.{extra}")
    assert_refused(found, f"need {package}, which is not installed: pip install 'inkgrad[{extra}]'")
    assert names_in(scans) == ["scans"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_ctrl_c_or_a_polite_kill_resume_goes_on(scans, digits, number):
    paths = write_pictures(scans / "scans", 200, digits.test)
    for path in paths[:64]:
        path.write_bytes(b"")  # which takes no time to refuse, so that a part is done as soon as a worker is there
    process = started(command("read", "scans", "--out", "results.csv", "--workers", 2), cwd=scans)
    parts = scans / "results.csv.parts"
    wait_for(lambda: list(parts.glob("part-*.jsonl")), "a part was done", process)
    process.send_signal(number)
    found = ended(process)
    assert_refused(found, "inkgrad: interrupted with ")
    assert found.stderr.endswith(" of 7 parts done; to go on, the same again with --resume\n")
    found = read("scans", "--out", "results.csv", "--resume", cwd=scans)
    assert (found.returncode, found.stdout) == (0, "")
    numbers = []
    for name in "results.csv", "results.errors.csv":
        with open(scans / name, newline="") as file:
            numbers += [int(row["index"]) for row in csv.DictReader(file)]
    assert sorted(numbers) == list(range(200))
    assert names_in(scans) == ["results.csv", "results.errors.csv", "scans"]
