"""What a source is, and what is said of one that is none."""

import importlib.util
import os

import pytest
from PIL import Image

from inkgrad.bulk import read_to_file
from inkgrad.bulk.folder import MANIFEST_FILE, Folder
from inkgrad.bulk.parts import Listed, cut, read_list, write_list
from inkgrad.bulk.picture_tables import Columns, count_rows, read_rows
from inkgrad.bulk.rows import Answer
from inkgrad.bulk.sources import list_sources
from inkgrad.errors import DataError, SettingError


def names(*sources):
    return [found.name for found in list_sources([str(source) for source in sources])]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with pictures, folders and other things in it, where we are."""
    for name in "b.png", "a.JPG", "notes.txt", ".hidden.png", "sub/c.tif", "sub/.git/d.png", "sub2/e.png":
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


WALKED = ["a.JPG", "b.png", "sub/c.tif", "sub2/e.png"]


def test_a_folder_is_walked_in_order_without_what_is_hidden_or_no_picture(tree):
    assert names("scans") == [f"scans/{name}" for name in WALKED]


def test_each_page_of_a_file_is_a_picture(tree):
    pages = [Image.new("L", (9, 9)), Image.new("L", (9, 9))]
    pages[0].save("scans/sub/c.tif", save_all=True, append_images=pages[1:])
    walked = ["a.JPG", "b.png", "sub/c.tif#1", "sub/c.tif#2", "sub2/e.png"]
    assert names("scans") == [f"scans/{name}" for name in walked]
    first = "sub/c.tif#2"
    assert names(f"scans/{first}", "scans") == [
        f"scans/{name}" for name in sorted(walked, key=lambda name: name != first)
    ]


def test_a_folder_in_a_store_is_walked_as_one_here(tree):
    fsspec = pytest.importorskip("fsspec", reason="fsspec, an extra, is not installed")
    assert names(f"file://{tree}/scans") == [f"file://{tree}/scans/{name}" for name in WALKED]
    memory = fsspec.filesystem("memory")
    memory.put(str(tree / "scans"), "/scans", recursive=True)
    try:
        assert names("memory://scans") == [f"memory:///scans/{name}" for name in WALKED]
        assert names("memory://scans/*.png") == ["memory:///scans/.hidden.png", "memory:///scans/b.png"]
    finally:
        memory.rm("/scans", recursive=True)


def test_patterns_and_files_come_in_the_order_in_which_they_are_named(tree):
    assert names("scans/sub2/e.png", "scans/*.png", "scans/**/c.*") == [
        "scans/sub2/e.png",
        "scans/b.png",
        "scans/sub/c.tif",
    ]


def test_a_picture_that_two_sources_name_comes_once(tree):
    assert names("scans/b.png", "scans", tree / "scans" / "a.JPG") == [
        f"scans/{name}" for name in ("b.png", "a.JPG", "sub/c.tif", "sub2/e.png")
    ]


def test_a_link_to_a_folder_is_not_followed_in_a_circle(tree):
    os.symlink(tree / "scans", tree / "scans" / "sub" / "again")
    assert names("scans") == [f"scans/{name}" for name in WALKED]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", FileNotFoundError, "no such file or folder"),
        ("scans/*.gif", DataError, r"no file fits scans/\*\.gif"),
        ("empty", DataError, r"no picture is in the folder empty \(\.png, \.jpg, \.jpeg, \.\.\.\)$"),
        ("tables", DataError, r"it has Parquet files, which are named one by one or as 'tables/\*\.parquet'"),
        ("pipe.png", DataError, "neither a file nor a folder"),
        ("file:///no/such.png", DataError, "file:///no/such.png: there is no such file"),
        ("nosuch://bucket/scans", SettingError, "in no store that fsspec knows: Protocol not known: nosuch"),
        ("zip://x.png::file:///no/such.zip", DataError, "such.zip: there is no such file"),
    ],
)
def test_what_is_no_source_is_refused(tree, source, error, message):
    (tree / "empty").mkdir()
    (tree / "tables").mkdir()
    (tree / "tables" / "a.parquet").write_bytes(b"")
    os.mkfifo(tree / "pipe.png")
    if "://" in source:
        pytest.importorskip("fsspec", reason="fsspec, an extra, is not installed")
    with pytest.raises(error, match=message):
        names(source)


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_store_whose_package_is_missing_says_what_to_install():
    pytest.importorskip("fsspec", reason="fsspec, an extra, is not installed")
    with pytest.raises(SettingError, match=r"^s3://bucket/scans needs a package .*: pip install s3fs$"):
        names("s3://bucket/scans")


# Parts.


def test_parts_have_each_picture_once_and_are_read_as_they_were_written(tree, tmp_path):
    written("scans.parquet", {"image": [b"x"] * 5})
    found = list(list_sources(["scans", "scans.parquet", "scans/b.png", "scans/sub2/e.png"]))
    parts = list(cut(found, Columns(), 3))
    assert [(part.number, part.first, part.n, len(part.files), part.table, part.row) for part in parts] == [
        (0, 0, 3, 3, None, 0),
        (1, 3, 1, 1, None, 0),
        (2, 4, 3, 0, "scans.parquet", 0),
        (3, 7, 2, 0, "scans.parquet", 3),
    ]
    with open("list.jsonl", "wb") as file:
        listed = write_list(file, found, Columns(), 3)
    assert (listed.n_parts, listed.n) == (4, 9)
    with open("list.jsonl") as lines:
        assert list(read_list(lines)) == parts


# Tables.


def written(path, table, **settings):
    pa = pytest.importorskip("pyarrow", reason="pyarrow, an extra, is not installed")
    from pyarrow import parquet

    parquet.write_table(pa.table(table), path, **settings)
    return str(path)


@pytest.mark.parametrize("first", [0, 1, 9, 10, 37, 99])
def test_rows_are_read_from_any_row_on(tmp_path, first):
    pictures = [str(k).encode() for k in range(100)]
    path = written(tmp_path / "t.parquet", {"image": pictures}, row_group_size=10)
    expected = [(f"{path}#{k}", pictures[k]) for k in range(first, 100)]
    assert list(read_rows(path, Columns(), first)) == expected


def test_the_tables_of_hugging_face_are_understood(tmp_path):
    path = written(tmp_path / "t.parquet", {"label": [7], "image": [{"bytes": b"x", "path": "seven.png"}]})
    assert list(read_rows(path, Columns(), 0)) == [("seven.png", b"x")]


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (
            {"a": [b""], "b": [b""], "c": [1]},
            Columns(),
            "not clear: the table has a, b, c, of bytes are a, b; `column`",
        ),
        ({"c": [1]}, Columns(), "not clear: the table has c, of bytes is none; `column`"),
        ({"a": [b""], "c": [1]}, Columns("c"), "the column c is of int64, and pictures are bytes"),
        ({"a": [b""], "c": [1]}, Columns("d"), "the column d is not there, .* the table has a, c"),
        ({"a": [b""], "c": [1]}, Columns("a", "d"), "no column d with names: it has a, c"),
    ],
)
def test_a_table_without_such_a_column_says_which_there_are(tmp_path, table, columns, message):
    with pytest.raises(DataError, match=message):
        count_rows(written(tmp_path / "t.parquet", table), columns)


def test_what_is_no_table_is_said_so(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow, an extra, is not installed")
    (tmp_path / "t.parquet").write_text("a letter to a friend")
    with pytest.raises(DataError, match=r"t\.parquet is not a Parquet file, or a damaged one: "):
        count_rows(str(tmp_path / "t.parquet"), Columns())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, '{"settings": ' + "[" * 955 + "]" * 955 + "}"], ids=range(5)
)
def test_a_damaged_manifest_is_refused_in_one_line(tmp_path, text):
    (tmp_path / MANIFEST_FILE).write_text(text)
    with pytest.raises(SettingError, match="is damaged: begin anew"):
        _ = Folder(tmp_path).listed


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:4] + b"\xff" * 20 + raw[24:],  # where the first page is
        lambda raw: raw.replace(b"image", b"im\xffge"),  # a column's name, which is no text any more
    ],
)
def test_a_table_that_is_damaged_further_on_is_said_so(tmp_path, damage):
    path = written(tmp_path / "t.parquet", {"image": [b"x", b"y"]})
    raw = damage((tmp_path / "t.parquet").read_bytes())
    (tmp_path / "t.parquet").write_bytes(raw)
    with pytest.raises(DataError, match=r"t\.parquet is not a Parquet file, or a damaged one: .*\Z"):
        list(read_rows(path, Columns(), 0))


def no_pictures(file):
    return Listed(0, 0, "")


def test_the_folder_of_the_work_is_not_taken_from_others(tmp_path):
    folder = Folder(tmp_path / "results.parquet.parts")
    folder.begin(no_pictures, {}, anew=False)
    own = folder.path / "part-time.txt"
    own.write_text("somebody's own")
    with pytest.raises(SettingError, match=r"needed for the work under way, and has other things in it: move it"):
        folder.begin(no_pictures, {}, anew=True)
    (folder.path / MANIFEST_FILE).unlink()
    with pytest.raises(SettingError, match=r"has other things in it: move it"):
        folder.begin(no_pictures, {}, anew=False)
    assert own.read_text() == "somebody's own"


@pytest.mark.parametrize("name", ["list.jsonl", ".list.jsonl.1a2b3c4d.part", ".manifest.json.1a2b3c4d.part"])
def test_a_folder_that_a_killed_process_had_only_begun_is_begun_anew(tmp_path, name):
    folder = Folder(tmp_path / "results.parquet.parts")
    folder.path.mkdir()
    (folder.path / name).touch()
    folder.begin(no_pictures, {}, anew=False)
    assert sorted(path.name for path in folder.path.iterdir()) == ["list.jsonl", "manifest.json"]


def test_a_part_that_is_damaged_is_refused_in_one_line(tmp_path):
    folder = Folder(tmp_path / "results.csv.parts")
    folder.begin(lambda file: Listed(1, 1, ""), {}, anew=False)
    answer = Answer(0, "a.png", None, (("a.png", "7"),))
    folder.put(0, [answer])
    assert list(folder.answers()) == [answer]
    folder.part(0).write_bytes(answer.as_line()[:-9])
    with pytest.raises(SettingError, match=r"part-00000000\.jsonl is damaged: begin anew"):
        list(folder.answers())


def test_what_is_read_is_not_overwritten_by_the_list_of_what_could_not_be_read(tmp_path):
    source = tmp_path / "scans.errors.csv"
    source.write_text("index,path,reason\n")
    with pytest.raises(FileExistsError, match="this file is read here, so it cannot be written"):
        read_to_file(source, tmp_path / "scans.csv")
    assert source.read_text() == "index,path,reason\n"
    source.unlink()
    os.mkfifo(source)
    with pytest.raises(OSError, match=r"not an ordinary file, choose another name: .*scans\.errors\.csv"):
        read_to_file(tmp_path, tmp_path / "scans.csv")
    assert os.listdir(tmp_path) == ["scans.errors.csv"]
