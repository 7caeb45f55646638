"""Many pictures on workers that may die: each has one row, in order."""

import csv
import os
import resource
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from support import deadly_layer
from support.many_pictures import Killer, write_pictures

from inkgrad.distributed import read_dataset
from inkgrad.errors import Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.layers import Chain
from inkgrad.models import load
from inkgrad.reader import Reader
from inkgrad.training import Plain
from inkgrad.writer_lock import WriterLock


@pytest.fixture(scope="module")
def scans(digits, tmp_path_factory):
    """A folder of 60 pictures."""
    folder = tmp_path_factory.mktemp("scans")
    write_pictures(folder, 60, digits.test)
    return folder


@pytest.fixture(scope="module")
def plain(scans):
    """What the reader alone reads in them, one after the other: (path, text) of each."""
    paths = sorted(map(str, scans.iterdir()))
    reader = Reader()
    return [(path, reader.read(path).text) for path in paths]


def rows(path):
    return parquet.read_table(path).to_pylist()


def answers(path):
    return [(row["path"], row["text"]) for row in rows(path)]


def interrupted_after(n):
    """Return what interrupts a reading when so many pictures are done."""

    def show(tally):
        if tally.n_done >= n:
            raise KeyboardInterrupt

    return show


@pytest.fixture
def broken_off(local_ray, scans, tmp_path):
    """A reading of the 60 pictures in parts of 10 that was interrupted when 20 were done."""
    out = tmp_path / "results.parquet"
    with pytest.raises(Interrupted, match="2 of 6 parts done; to go on, the same again with resume=True"):
        read_dataset(scans, out, n_workers=1, part_size=10, show=interrupted_after(20))
    assert [path.name for path in tmp_path.iterdir()] == ["results.parquet.parts"]
    return out


def test_each_picture_has_one_row_in_order_though_two_workers_are_killed(local_ray, scans, plain, rng, tmp_path):
    which = rng.integers(0, len(plain), 2000)  # many of few, so that what to expect is soon known
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, k in enumerate(which):
        shutil.copy(plain[k][0], folder / f"{number:04}.png")
    killer = Killer(100, 1000)
    read_dataset(folder, tmp_path / "results.parquet", n_workers=2, part_size=100, show=killer)
    assert len(killer.killed) == 2
    found = rows(tmp_path / "results.parquet")
    assert [row["index"] for row in found] == list(range(2000))
    assert [row["path"] for row in found] == [str(folder / f"{number:04}.png") for number in range(2000)]
    assert [row["text"] for row in found] == [plain[k][1] for k in which]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.parquet", "scans"]


def test_csv_says_the_same_as_parquet(local_ray, scans, plain, tmp_path):
    read_dataset(scans, tmp_path / "results.csv", n_workers=2, part_size=25)
    with open(tmp_path / "results.csv", newline="") as file:
        assert [(row["path"], row["text"]) for row in csv.DictReader(file)] == plain


def test_a_row_says_what_the_reader_says(local_ray, scans, tmp_path):
    read_dataset(scans, tmp_path / "results.parquet", n_workers=1, threshold=0.999)
    some_flagged = 0
    for row in rows(tmp_path / "results.parquet"):
        reading = Reader(threshold=0.999).read(row["path"])
        p = [character.probability for character in reading.characters]
        assert row["probability"] == pytest.approx(min(p), abs=1e-4)
        assert row["mean_probability"] == pytest.approx(sum(p) / len(p), abs=1e-4)
        assert (row["text"], row["n_digits"]) == (reading.text, len(reading.digits))
        assert row["flagged"] == ("?" in reading.text)
        some_flagged += row["flagged"]
    assert 0 < some_flagged < 60


def test_digits_alone_are_written_where_that_is_asked(local_ray, scans, tmp_path):
    read_dataset(scans, tmp_path / "results.parquet", n_workers=1, marks=False)
    reader = Reader(marks=False)
    assert [row["text"] for row in rows(tmp_path / "results.parquet")] == [
        reader.read(row["path"]).text for row in rows(tmp_path / "results.parquet")
    ]


def test_what_was_broken_off_goes_on_and_ends_the_same_to_the_byte(broken_off, scans, tmp_path):
    shown = []
    read_dataset(scans, broken_off, n_workers=2, part_size=10, resume=True, show=shown.append)
    assert (shown[0].n_before, shown[0].n_done, shown[-1].n_done) == (20, 20, 60)
    undisturbed = tmp_path / "undisturbed.parquet"
    read_dataset(scans, undisturbed, n_workers=1, part_size=10)
    assert broken_off.read_bytes() == undisturbed.read_bytes()
    assert not broken_off.with_name("results.parquet.parts").exists()


def test_unfinished_work_is_not_overwritten_unless_that_is_said(broken_off, scans, plain):
    with pytest.raises(
        SettingError, match=r"unfinished reading, 2 of 6 parts: go on with resume=True, or .* anew=True"
    ):
        read_dataset(scans, broken_off, n_workers=1)
    read_dataset(scans, broken_off, n_workers=1, anew=True)
    assert answers(broken_off) == plain


def test_two_readings_do_not_write_one_file(broken_off, scans):
    lock = broken_off.with_name("results.parquet.lock")
    for how in {"resume": True}, {"anew": True}:
        with WriterLock(lock), pytest.raises(SettingError, match=r"results\.parquet\.lock is held by this process"):
            read_dataset(scans, broken_off, n_workers=1, part_size=10, **how)
    with WriterLock(lock):
        left = lock.read_bytes()
    lock.write_bytes(left)  # as if that process had been killed
    assert (
        read_dataset(scans, broken_off, n_workers=1, part_size=10, resume=True).lock.taken_from.process == os.getpid()
    )
    assert not lock.exists()


def test_other_settings_do_not_go_on(broken_off, scans):
    with pytest.raises(SettingError, match=r"has threshold 0\.75, and this one 0\.5: go on with the same"):
        read_dataset(scans, broken_off, n_workers=1, part_size=10, threshold=0.5, resume=True)
    with pytest.raises(SettingError, match=r"has model .*, and this one"):
        read_dataset(scans, broken_off, n_workers=1, part_size=10, model=load("cnn"), resume=True)


def test_other_pictures_do_not_go_on(local_ray, digits, tmp_path):
    scans, out = tmp_path / "scans", tmp_path / "results.csv"
    paths = write_pictures(scans, 6, digits.test)
    with pytest.raises(Interrupted):
        read_dataset(scans, out, n_workers=1, part_size=2, show=interrupted_after(2))
    paths[3].write_bytes(paths[3].read_bytes() + b"\0")  # still the same picture, and another file
    with pytest.raises(SettingError, match=r"no longer those of the unfinished reading .* \(6 then, 6 now, or changed"):
        read_dataset(scans, out, n_workers=1, part_size=2, resume=True)


def test_work_interrupted_before_anything_was_done_leaves_nothing(local_ray, scans, tmp_path):
    with pytest.raises(Interrupted, match=r"0 of 6 parts done$"):
        read_dataset(scans, tmp_path / "results.csv", n_workers=1, part_size=10, show=interrupted_after(0))
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_an_answer_are_listed_with_the_reason(local_ray, scans, plain, tmp_path):
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
    outcome = read_dataset(folder, tmp_path / "results.parquet", n_workers=1)
    assert (outcome.n_read, outcome.n_unread) == (1, 5)
    assert answers(outcome.out) == [(str(folder / "good.png"), plain[0][1])]
    reasons = {row["path"].rpartition("/")[2]: row["reason"] for row in rows(tmp_path / "results.errors.parquet")}
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


def test_an_old_list_of_reasons_goes_when_all_is_read(local_ray, scans, tmp_path):
    old = tmp_path / "results.errors.csv"
    old.write_text("index,path,reason\n7,old.png,torn\n")
    read_dataset(scans / "000000.png", tmp_path / "results.csv", n_workers=1)
    assert not old.exists()


def test_a_picture_that_kills_its_readers_is_found_and_named(local_ray, scans, plain, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for path, _ in plain[:7]:
        Image.open(path).save(folder / path.rpartition("/")[2])
    blot = np.full((60, 60), 255, np.uint8)
    blot[15:45, 15:45] = 0
    Image.fromarray(blot).save(folder / "000003b.png")
    local_ray.cloudpickle.register_pickle_by_value(deadly_layer)  # workers do not have the tests
    model = load("reader")
    deadly = replace(model, network=Chain([deadly_layer.Deadly(), *model.network.layers]), engine=Plain())
    outcome = read_dataset(folder, tmp_path / "results.parquet", n_workers=2, part_size=4, model=deadly)
    assert [text for _, text in answers(outcome.out)] == [text for _, text in plain[:7]]
    (row,) = rows(outcome.errors)
    assert row["index"] == 4
    assert row["reason"] == f"{folder / '000003b.png'} kills the process that reads it"


def test_a_table_is_read_row_by_row(local_ray, plain, tmp_path):
    pictures = [Path(path).read_bytes() for path, _ in plain]
    path = tmp_path / "scans.parquet"
    table = pa.table({"image": [None, *pictures], "called": ["none", *[f"n{k}" for k in range(60)]]})
    parquet.write_table(table, path, row_group_size=25)
    outcome = read_dataset(path, tmp_path / "results.parquet", n_workers=2, part_size=7)
    assert answers(outcome.out) == [(f"{path}#{row}", text) for row, (_, text) in enumerate(plain, 1)]
    assert rows(outcome.errors) == [{"index": 0, "path": f"{path}#0", "reason": "the table has no picture in this row"}]
    outcome = read_dataset(path, tmp_path / "results.parquet", n_workers=1, names="called")
    assert answers(outcome.out) == [(f"n{k}", text) for k, (_, text) in enumerate(plain)]


def test_pictures_come_from_stores_through_fsspec(local_ray, scans, plain, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as packed:
        for path, _ in plain[:5]:
            packed.write(path, "box/" + path.rpartition("/")[2])
    sources = [f"zip://box::file://{tmp_path}/scans.zip", f"file://{scans}/00005*.png"]
    outcome = read_dataset(sources, tmp_path / "results.parquet", n_workers=2)
    expected = plain[:5] + plain[50:]
    assert [text for _, text in answers(outcome.out)] == [text for _, text in expected]
    assert rows(outcome.out)[0]["path"] == f"zip://box/000000.png::file://{tmp_path}/scans.zip"


def test_a_full_disk_keeps_what_is_done(broken_off, scans, plain):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # as a full disk: no file may grow beyond
    try:
        with pytest.raises(OSError, match="part-") as caught:
            read_dataset(scans, broken_off, n_workers=1, part_size=10, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename.startswith(str(broken_off.with_name("results.parquet.parts")))
    read_dataset(scans, broken_off, n_workers=1, part_size=10, resume=True)
    assert answers(broken_off) == plain


@pytest.mark.parametrize("n_workers", [5, 0])
def test_a_number_of_workers_that_cannot_be_leaves_nothing(local_ray, scans, tmp_path, n_workers):
    with pytest.raises(SettingError, match=r"5 cores, and there are 4|at least 1 worker, got n_workers=0"):
        read_dataset(scans, tmp_path / "results.csv", n_workers=n_workers)
    assert list(tmp_path.iterdir()) == []


def test_workers_read_with_one_thread(local_ray):
    from inkgrad.distributed.reading.picture_reader import PictureReader

    class Asked(PictureReader):
        def threads(self):
            from threadpoolctl import threadpool_info

            return Counter(library["num_threads"] for library in threadpool_info())

    model = replace(load("reader"), engine=Fast(1))
    asked = local_ray.remote(num_cpus=1)(Asked).remote(Reader(model))
    assert set(local_ray.get(asked.threads.remote())) == {1}
    local_ray.kill(asked)
