"""Many pictures on workers of Ray that may die: each has one row, in order."""

import json
import pickle
import shutil
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from support import deadly_layer
from support.many_pictures import Killer, write_pictures

from inkgrad.bulk.parts import Part
from inkgrad.bulk.picture_tables import Columns
from inkgrad.bulk.rows import RowKind
from inkgrad.distributed import read_dataset
from inkgrad.distributed.reading.parts_dataset import ReadParts
from inkgrad.errors import SettingError
from inkgrad.fast import Fast
from inkgrad.layers import Chain
from inkgrad.models import load
from inkgrad.reader import Reader
from inkgrad.training import Plain

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, by Ray


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


def test_each_picture_has_one_row_in_order_though_two_workers_are_killed(local_ray, scans, plain, rng, tmp_path):
    which = rng.integers(0, len(plain), 500)  # many of few, so that what to expect is soon known
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, k in enumerate(which):
        shutil.copy(plain[k][0], folder / f"{number:04}.png")
    killer = Killer(25, 250)
    read_dataset(folder, tmp_path / "results.parquet", n_workers=2, part_size=25, show=killer)
    assert len(killer.killed) == 2
    found = rows(tmp_path / "results.parquet")
    assert [row["index"] for row in found] == list(range(500))
    assert [row["path"] for row in found] == [str(folder / f"{number:04}.png") for number in range(500)]
    assert [row["text"] for row in found] == [plain[k][1] for k in which]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.parquet", "scans"]


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


def test_the_workers_read_the_rows_of_a_parquet_file_themselves(local_ray, plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pa.table({"image": [Path(path).read_bytes() for path, _ in plain[:20]]})
    parquet.write_table(table, "scans.parquet", row_group_size=7)
    read_dataset("scans.parquet", "results.parquet", n_workers=2, part_size=6)
    assert answers("results.parquet") == [(f"scans.parquet#{k}", text) for k, (_, text) in enumerate(plain[:20])]


def test_a_worker_that_does_not_see_the_pictures_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a worker changes it
    worker = ReadParts(Reader(), RowKind.pictures, Columns(), str(tmp_path), str(tmp_path / "scan.png"))
    (row,) = worker(pa.table({"part": [json.dumps(asdict(Part(0, 0, 1, ("scan.png",))))]})).to_pylist()
    error = pickle.loads(row["error"])
    assert isinstance(error, SettingError)
    assert str(error).startswith(f"a worker on another machine does not see {tmp_path / 'scan.png'}: put the pictures")


@pytest.mark.parametrize("n_workers", [5, 0])
def test_a_number_of_workers_that_cannot_be_leaves_nothing(local_ray, scans, tmp_path, n_workers):
    with pytest.raises(
        SettingError, match=r"cores for 4 workers with 1 each, and 5 are|at least 1 worker, got n_workers=0"
    ):
        read_dataset(scans, tmp_path / "results.csv", n_workers=n_workers)
    assert list(tmp_path.iterdir()) == []


def test_workers_read_with_one_thread(local_ray):
    from inkgrad.bulk.picture_reader import PictureReader

    class Asked(PictureReader):
        def threads(self):
            from threadpoolctl import threadpool_info

            return Counter(library["num_threads"] for library in threadpool_info())

    model = replace(load("reader"), engine=Fast(1))
    asked = local_ray.remote(num_cpus=1)(Asked).remote(Reader(model))
    assert set(local_ray.get(asked.threads.remote())) == {1}
    local_ray.kill(asked)
