"""Many pictures, on processes that may die: each has one row, in order."""

import csv
import os
import resource
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.deadly_layer import Deadly
from support.many_pictures import Killer, write_pictures
from support.pool_here import pool_here

from inkgrad.bulk import read_to_file
from inkgrad.errors import Interrupted, SettingError
from inkgrad.layers import Chain
from inkgrad.models import load
from inkgrad.reader import Reader
from inkgrad.training import Plain
from inkgrad.writer_lock import WriterLock


@pytest.fixture(scope="module")
def scans(digits, tmp_path_factory):
    """A folder of 24 pictures."""
    folder = tmp_path_factory.mktemp("scans")
    write_pictures(folder, 24, digits.test)
    return folder


@pytest.fixture(scope="module")
def plain(scans):
    """What the reader alone reads in them, one after the other: (path, text) of each."""
    paths = sorted(map(str, scans.iterdir()))
    reader = Reader()
    return [(path, reader.read(path).text) for path in paths]


read_here = partial(read_to_file, n_workers=1, pool=pool_here)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def answers(path):
    return [(row["path"], row["text"]) for row in rows(path)]


def interrupted_after(n):
    """Return what interrupts a reading when so many pictures are done."""

    def show(tally):
        if tally.n_done >= n:
            raise KeyboardInterrupt

    return show


@pytest.fixture
def broken_off(scans, tmp_path):
    """A reading of the 24 pictures in parts of 4 that was interrupted when 8 were done."""
    out = tmp_path / "results.csv"
    with pytest.raises(Interrupted, match="2 of 6 parts done; to go on, the same again with resume=True"):
        read_here(scans, out, part_size=4, show=interrupted_after(8))
    assert [path.name for path in tmp_path.iterdir()] == ["results.csv.parts"]
    return out


def test_processes_read_each_picture_once_and_in_order_though_one_is_killed(scans, plain, tmp_path):
    killer = Killer(8)
    read_to_file(scans, tmp_path / "results.csv", n_workers=2, part_size=4, show=killer)
    assert len(killer.killed) == 1
    found = rows(tmp_path / "results.csv")
    assert [int(row["index"]) for row in found] == list(range(24))
    assert [(row["path"], row["text"]) for row in found] == plain
    assert [path.name for path in tmp_path.iterdir()] == ["results.csv"]


def test_each_page_of_a_file_has_a_row(scans, plain, tmp_path):
    pages = [Image.open(path) for path, _ in plain[:3]]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    read_here(tmp_path / "scan.tif", tmp_path / "results.csv")
    assert answers(tmp_path / "results.csv") == [
        (f"{tmp_path}/scan.tif#{number}", text) for number, (_, text) in enumerate(plain[:3], 1)
    ]


def test_a_row_says_what_the_reader_says(scans, tmp_path):
    read_here(scans, tmp_path / "results.csv", threshold=0.999)
    some_flagged = 0
    for row in rows(tmp_path / "results.csv"):
        reading = Reader(threshold=0.999).read(row["path"])
        p = [character.probability for character in reading.characters]
        assert float(row["probability"]) == pytest.approx(min(p), abs=1e-4)
        assert float(row["mean_probability"]) == pytest.approx(sum(p) / len(p), abs=1e-4)
        assert (row["text"], int(row["n_digits"])) == (reading.text, len(reading.digits))
        assert row["number"] == ("" if reading.number is None else f"{reading.number:f}")
        assert row["flagged"] == ("true" if "?" in reading.text else "false")
        some_flagged += row["flagged"] == "true"
    assert 0 < some_flagged < 24


def test_digits_alone_are_written_where_that_is_asked(scans, tmp_path):
    read_here(scans / "00000*.png", tmp_path / "results.csv", marks=False)
    reader = Reader(marks=False)
    assert [text for _, text in answers(tmp_path / "results.csv")] == [
        reader.read(path).text for path, _ in answers(tmp_path / "results.csv")
    ]


def test_what_was_broken_off_goes_on_and_ends_the_same_to_the_byte(broken_off, scans, tmp_path):
    shown = []
    read_here(scans, broken_off, n_workers=2, part_size=4, resume=True, show=shown.append)
    assert (shown[0].n_before, shown[0].n_done, shown[-1].n_done) == (8, 8, 24)
    undisturbed = tmp_path / "undisturbed.csv"
    read_here(scans, undisturbed, part_size=4)
    assert broken_off.read_bytes() == undisturbed.read_bytes()
    assert not broken_off.with_name("results.csv.parts").exists()


def test_unfinished_work_is_not_overwritten_unless_that_is_said(broken_off, scans, plain):
    with pytest.raises(
        SettingError, match=r"unfinished reading, 2 of 6 parts: go on with resume=True, or .* anew=True"
    ):
        read_here(scans, broken_off)
    read_here(scans, broken_off, anew=True)
    assert answers(broken_off) == plain


def test_two_readings_do_not_write_one_file(broken_off, scans):
    lock = broken_off.with_name("results.csv.lock")
    for how in {"resume": True}, {"anew": True}:
        with WriterLock(lock), pytest.raises(SettingError, match=r"results\.csv\.lock is held by this process"):
            read_here(scans, broken_off, part_size=4, **how)
    with WriterLock(lock):
        left = lock.read_bytes()
    lock.write_bytes(left)  # as if that process had been killed
    assert read_here(scans, broken_off, part_size=4, resume=True).lock.taken_from.process == os.getpid()
    assert not lock.exists()


def test_other_settings_do_not_go_on(broken_off, scans):
    with pytest.raises(SettingError, match=r"has threshold 0\.75, and this one 0\.5: go on with the same"):
        read_here(scans, broken_off, part_size=4, threshold=0.5, resume=True)
    with pytest.raises(SettingError, match=r"has model .*, and this one"):
        read_here(scans, broken_off, part_size=4, model=load("cnn"), resume=True)


def test_other_pictures_do_not_go_on(digits, tmp_path):
    scans, out = tmp_path / "scans", tmp_path / "results.csv"
    paths = write_pictures(scans, 6, digits.test)
    with pytest.raises(Interrupted, match="1 of 3 parts"):
        read_here(scans, out, part_size=2, show=interrupted_after(2))
    paths[3].write_bytes(paths[3].read_bytes() + b"\0")  # still the same picture, and another file
    with pytest.raises(SettingError, match=r"no longer those of the unfinished reading .* \(6 then, 6 now, or changed"):
        read_here(scans, out, part_size=2, resume=True)


def test_work_interrupted_before_anything_was_done_leaves_nothing(scans, tmp_path):
    with pytest.raises(Interrupted, match=r"0 of 6 parts done$"):
        read_here(scans, tmp_path / "results.csv", part_size=4, show=interrupted_after(0))
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_an_answer_are_listed_with_the_reason(scans, plain, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    good = Image.open(scans / "000000.png")
    good.save(folder / "good.png")
    (folder / "letter.png").write_text("a letter to a friend")
    (folder / "nothing.png").write_bytes(b"")
    Image.new("L", (50, 50), "white").save(folder / "blank.png")
    Image.new("1", (10_000, 8_001)).save(folder / "giant.png")
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    Image.fromarray(noise).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    outcome = read_here(folder, tmp_path / "results.csv")
    assert (outcome.n_read, outcome.n_unread) == (1, 5)
    assert answers(outcome.out) == [(str(folder / "good.png"), plain[0][1])]
    reasons = {row["path"].rpartition("/")[2]: row["reason"] for row in rows(tmp_path / "results.errors.csv")}
    words = {
        "blank.png": "no digits found",
        "cut.jpg": "is a damaged or impossible picture",
        "giant.png": "more than 80,000,000 pixels",
        "letter.png": "must be an undamaged picture file",
        "nothing.png": "must be an undamaged picture file",
    }
    assert list(reasons) == sorted(words)
    for name, word in words.items():
        assert word in reasons[name]


def test_a_picture_that_kills_its_readers_is_found_and_named(scans, plain, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    Image.open(scans / "000000.png").save(folder / "a.png")
    blot = np.full((60, 60), 255, np.uint8)
    blot[15:45, 15:45] = 0
    Image.fromarray(blot).save(folder / "b.png")
    model = load("reader")
    deadly = replace(model, network=Chain([Deadly(), *model.network.layers]), engine=Plain())
    outcome = read_to_file(folder, tmp_path / "results.csv", n_workers=1, model=deadly)
    assert answers(outcome.out) == [(str(folder / "a.png"), plain[0][1])]
    (row,) = rows(outcome.errors)
    assert row == {"index": "1", "path": f"{folder}/b.png", "reason": f"{folder}/b.png kills the process that reads it"}


def test_processes_that_die_at_their_start_are_said_so(scans, tmp_path):
    class Unknown(Deadly):
        def __reduce__(self):
            return os._exit, (7,)

    model = load("reader")
    model = replace(model, network=Chain([Unknown(), *model.network.layers]), engine=Plain())
    with pytest.raises(SettingError, match="3 workers died one after the other at their start: its exit status is 7"):
        read_to_file(scans, tmp_path / "results.csv", n_workers=1, model=model)
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_pictures_is_read_row_by_row(plain, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pyarrow, an extra, is not installed")
    from pyarrow import parquet

    pictures = [Path(path).read_bytes() for path, _ in plain[:20]]
    path = tmp_path / "scans.parquet"
    table = pa.table({"image": [None, *pictures], "called": ["none", *[f"n{k}" for k in range(20)]]})
    parquet.write_table(table, path, row_group_size=8)
    outcome = read_here(path, tmp_path / "results.csv", part_size=7)
    assert answers(outcome.out) == [(f"{path}#{row}", text) for row, (_, text) in enumerate(plain[:20], 1)]
    assert rows(outcome.errors) == [
        {"index": "0", "path": f"{path}#0", "reason": "the table has no picture in this row"}
    ]
    outcome = read_here(path, tmp_path / "results.csv", names="called")
    assert answers(outcome.out) == [(f"n{k}", text) for k, (_, text) in enumerate(plain[:20])]


def test_pictures_come_from_stores_through_fsspec(scans, plain, tmp_path):
    pytest.importorskip("fsspec", reason="fsspec, an extra, is not installed")
    import zipfile

    pages = [Image.open(path) for path, _ in plain[5:7]]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as packed:
        for path, _ in plain[:5]:
            packed.write(path, "box/" + path.rpartition("/")[2])
        packed.write(tmp_path / "pages.tif", "box/pages.tif")
    sources = [f"zip://box::file://{tmp_path}/scans.zip", f"file://{scans}/00002*.png"]
    outcome = read_here(sources, tmp_path / "results.csv")
    assert [text for _, text in answers(outcome.out)] == [text for _, text in plain[:7] + plain[20:]]
    assert rows(outcome.out)[0]["path"] == f"zip://box/000000.png::file://{tmp_path}/scans.zip"


def test_a_full_disk_keeps_what_is_done(broken_off, scans, plain):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # as a full disk: no file may grow beyond
    try:
        with pytest.raises(OSError, match="part-") as caught:
            read_here(scans, broken_off, part_size=4, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename.startswith(str(broken_off.with_name("results.csv.parts")))
    read_here(scans, broken_off, part_size=4, resume=True)
    assert answers(broken_off) == plain


def test_rows_of_no_kind_are_refused_before_anything_is_begun(scans, tmp_path):
    with pytest.raises(SettingError, match="`rows` is one of pictures, lines, digits, table, got cells"):
        read_to_file(scans, tmp_path / "results.csv", rows="cells")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("n", "message"), [(0, "at least 1 worker, got n_workers=0"), (257, "at most 256 processes .* got n_workers=257")]
)
def test_a_number_of_workers_that_cannot_be_leaves_nothing(scans, tmp_path, n, message):
    with pytest.raises(SettingError, match=message):
        read_to_file(scans, tmp_path / "results.csv", n_workers=n)
    assert list(tmp_path.iterdir()) == []
