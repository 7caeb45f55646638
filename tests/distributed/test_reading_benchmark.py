"""The benchmark of reading sees each picture once, whether it has an answer or a reason why there is none."""

import importlib.util

import pytest
from support import ROOT

pa = pytest.importorskip("pyarrow", reason="pyarrow, an extra, is not installed")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def compare():
    spec = importlib.util.spec_from_file_location("reading", ROOT / "benchmarks" / "distributed" / "reading.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compare


def write(folder, read, unread):
    """Return the file of two equal readings that have answers for some pictures, and reasons for others."""
    for name in "plain", "killed":
        parquet.write_table(pa.table({"index": read}), folder / f"{name}.parquet")
        parquet.write_table(pa.table({"index": unread}), folder / f"{name}.errors.parquet")
    return folder / "plain.parquet", folder / "killed.parquet"


def test_a_picture_without_an_answer_counts(compare, tmp_path):
    assert compare(*write(tmp_path, [0, 2, 3], [1]), 4).startswith("3 answers and 1 without, each picture once")


@pytest.mark.parametrize(("read", "unread"), [([0, 2], [3]), ([0, 1, 2, 3], [1])])
def test_a_picture_that_is_missing_or_there_twice_is_found(compare, tmp_path, read, unread):
    with pytest.raises(AssertionError, match="missing, or twice"):
        compare(*write(tmp_path, read, unread), 4)
