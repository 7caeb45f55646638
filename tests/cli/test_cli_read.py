"""`inkgrad read`, used as a stranger would, with good and with silly input."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image
from support.commands import assert_refused, completed, inkgrad, inkgrad_without, names_in

from inkgrad.bulk import RowKind
from inkgrad.cli.read import NamedReading, write_csv, write_json, write_text
from inkgrad.reader import Character, Reader, Reading, Skipped
from inkgrad.reader.reading import digits_alone
from lab.synthetic import Look, write_line, write_lines, write_table


def told(picture, *, cwd):
    """What comes of a picture on standard input."""
    return inkgrad("read", "-", cwd=cwd, input=picture, text=False)


@pytest.fixture
def read(inkgrad_here, monkeypatch):
    """Read in a folder."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        return inkgrad_here("read", *arguments)

    return run


@pytest.fixture
def answer(read):
    """Read in a folder what can be read, and return what is said of it."""

    def run(*arguments, cwd):
        found = read(*arguments, cwd=cwd)
        assert (found.returncode, found.stderr) == (0, "")
        return found.stdout

    return run


@pytest.fixture(scope="module")
def written(some, tmp_path_factory):
    """A folder with pictures of a line, of three lines, of a table, of nothing, and a letter."""
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(1)
    pages = {
        "line": write_line("3141", Look(), rng, some),
        "page": write_lines(["27", "182", "8182"], Look(), rng, some),
        "table": write_table(3, 3, Look(), rng, some, empty=0.3),
    }
    for name, page in pages.items():
        Image.fromarray(page.picture).save(folder / f"{name}.png")
    Image.new("L", (50, 50), "white").save(folder / "blank.png")
    (folder / "letter.txt").write_text("a letter to a friend")
    return folder


@pytest.fixture(scope="module")
def readings(written):
    """What the library reads in them."""
    return {name: Reader().read(written / f"{name}.png") for name in ("line", "page", "table")}


@pytest.fixture
def scans(written, tmp_path):
    """The same pictures in a folder to write in."""
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


# Answers.


def test_each_line_of_writing_is_a_line_of_text(written, readings, answer):
    assert answer("line.png", cwd=written) == "3141\n"
    assert answer("page.png", cwd=written) == readings["page"].text + "\n"


def test_the_lines_of_several_files_begin_with_their_names(written, readings, answer):
    lines = [f"page.png: {line.text}" for line in readings["page"].lines]
    assert answer("page.png", "line.png", cwd=written).splitlines() == [*lines, "line.png: 3141"]


def test_a_pattern_stands_for_the_files_that_fit(written, answer):
    names = [line.split(": ")[0] for line in answer("[lt]*e.png", "page.png", cwd=written).splitlines()]
    assert list(dict.fromkeys(names)) == ["line.png", "table.png", "page.png"]


def test_a_file_whose_name_is_a_pattern_is_that_file(scans, answer):
    (scans / "line.png").rename(scans / "[1].png")
    assert answer("[1].png", cwd=scans) == "3141\n"


def test_a_pattern_that_fits_no_file_is_said_so(written, read):
    assert_refused(read("scans/*.tif", cwd=written), "no file fits scans/*.tif")


def test_a_folder_and_each_page_of_a_file_are_read(scans, readings, answer, read):
    with Image.open(scans / "line.png") as line, Image.open(scans / "page.png") as page:
        line.save(scans / "both.tif", save_all=True, append_images=[page])
    for name in "blank.png", "page.png", "table.png":
        (scans / name).unlink()
    page = [f"both.tif#2: {line.text}" for line in readings["page"].lines]
    assert answer("both.tif", cwd=scans).splitlines() == ["both.tif#1: 3141", *page]
    assert answer("both.tif#2", cwd=scans) == readings["page"].text + "\n"
    in_folder = ["both.tif#1: 3141", *page, "line.png: 3141"]
    assert answer(".", cwd=scans).splitlines() == [f"./{line}" for line in in_folder]
    typed = told((scans / "both.tif").read_bytes(), cwd=scans).stdout.decode()
    assert typed.splitlines() == [line.replace("both.tif", "-") for line in ("both.tif#1: 3141", *page)]
    read("both.tif", "--boxes", "seen", cwd=scans)
    assert names_in(scans / "seen") == ["both.1.png", "both.2.png"]


@pytest.mark.parametrize(
    ("package", "name", "raw", "extra"),
    [
        ("pypdfium2", "scan.pdf", b"%PDF-1.7", "pdf"),
        ("pillow_heif", "photo.heic", b"\0\0\0\x1cftypheic", "heic"),
    ],
)
def test_without_what_opens_a_format_that_picture_alone_is_not_read(scans, package, name, raw, extra):
    (scans / name).write_bytes(raw)
    found = inkgrad_without(package, "read", name, "line.png", cwd=scans)
    assert (found.returncode, found.stdout) == (2, "line.png: 3141\n")
    assert found.stderr.startswith(f"inkgrad: {name} is a ")
    assert found.stderr.endswith(f", which is not installed: pip install 'inkgrad[{extra}]'\n")
    assert found.stderr.count("\n") == 1


def test_a_picture_comes_from_standard_input(written):
    picture = (written / "line.png").read_bytes()
    assert told(picture, cwd=written).stdout == b"3141\n"
    found = told(b"a letter", cwd=written)
    assert found.stderr.startswith(b"inkgrad: standard input must be an undamaged picture file")
    assert (found.returncode, found.stdout, found.stderr.count(b"\n")) == (2, b"", 1)


def test_json_says_all_that_was_read(written, readings, answer):
    line, table = json.loads(answer("line.png", "table.png", "--format", "json", cwd=written))
    assert (line["file"], line["error"], line["text"], line["table"]) == ("line.png", None, "3141", None)
    assert line["lines"] == [{"text": "3141", "number": "3141", "probability": line["probability"]}]
    assert (line["number"], line["skipped"], line["turned"]) == ("3141", {"words": 0, "blots": 0}, 0)
    assert [d["box"] for d in line["characters"]] == [list(digit.box) for digit in readings["line"].digits]
    for digit in line["characters"]:
        assert set(digit) == {"label", "best", "probability", "others", "box", "line", "column", "gap", "cell"}
        assert 1 >= digit["probability"] >= max(digit["others"].values())
    assert table["table"] == [list(row) for row in readings["table"].table]
    cells = [["" for _ in row] for row in table["table"]]
    for row, column, label in ((*each["cell"], each["label"]) for each in table["characters"] if each["cell"]):
        cells[row][column] += label
    assert cells == table["table"]


def test_csv_has_a_row_for_each_picture_or_line_or_digit(written, readings, answer, read):
    page, names = readings["page"], ("page.png", "letter.txt", "line.png")
    found = read(*names, "--format", "csv", cwd=written)
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert [row["path"] for row in rows] == list(names)
    assert [row["text"] for row in rows] == [page.text, "", "3141"]
    assert [row["number"] for row in rows] == ["", "", "3141"]
    assert float(rows[0]["probability"]) == pytest.approx(page.probability, abs=1e-4)
    rows = list(csv.DictReader(io.StringIO(answer("page.png", "--format=csv", "--rows", "lines", cwd=written))))
    assert [(int(row["line"]), row["text"]) for row in rows] == [(k, line.text) for k, line in enumerate(page.lines)]
    rows = list(csv.DictReader(io.StringIO(answer("page.png", "--format=csv", "--rows", "digits", cwd=written))))
    digits = page.characters
    assert [row["label"] for row in rows] == [digit.label for digit in digits]
    assert [(int(row["line"]), int(row["column"])) for row in rows] == [(d.line, d.column) for d in digits]
    edges = "left", "top", "right", "bottom"
    assert [tuple(int(row[edge]) for edge in edges) for row in rows] == [digit.box for digit in digits]
    assert {row["path"] for row in rows} == {"page.png"}


def test_only_the_table_is_written_when_that_is_said(written, readings, answer):
    table = readings["table"].table
    assert answer("table.png", "--table", cwd=written) == "".join("\t".join(row) + "\n" for row in table)
    rows = csv.reader(io.StringIO(answer("table.png", "--table", "--format", "csv", cwd=written)))
    assert [tuple(row) for row in rows] == list(table)
    found = answer("table.png", "--table", "--format", "json", cwd=written)
    assert json.loads(found) == [{"file": "table.png", "table": [list(row) for row in table]}]


def test_where_there_is_no_table_that_is_said(written, readings, read):
    found = read("table.png", "line.png", "--table", cwd=written)
    assert found.returncode == 0
    assert found.stdout.splitlines() == ["table.png: " + "\t".join(row) for row in readings["table"].table]
    assert found.stderr == "inkgrad: line.png: no table found\n"


def test_where_nothing_is_written_that_is_said(written, read):
    found = read("blank.png", cwd=written)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "inkgrad: blank.png: no digits found\n")


def test_below_the_threshold_a_digit_is_a_question_mark(written, answer):
    rows = list(
        csv.DictReader(io.StringIO(answer("page.png", "--threshold=1", "--format=csv", "--rows=digits", cwd=written)))
    )
    assert "?" in {row["label"] for row in rows} <= set("?0123456789")
    assert {row["best"] for row in rows} <= set("0123456789")
    assert "?" not in answer("page.png", "--threshold", "0", cwd=written)


def test_what_is_expected_is_read(written, answer):
    assert len(answer("page.png", "--expect", "1 line", cwd=written).splitlines()) == 1
    assert set(answer("line.png", "--expect", "[1-4]{4}", "--threshold", "0", cwd=written)) <= set("1234\n")


def test_one_bad_picture_does_not_keep_the_others_from_being_read(written, read):
    found = read("missing.png", "line.png", "letter.txt", cwd=written)
    assert (found.returncode, found.stdout) == (2, "line.png: 3141\n")
    missing, letter = found.stderr.splitlines()
    assert missing == "inkgrad: missing.png: No such file or directory"
    assert letter.startswith("inkgrad: letter.txt must be an undamaged picture file")
    as_json = read("missing.png", "line.png", "--format", "json", cwd=written)
    assert [each["error"] for each in json.loads(as_json.stdout)] == ["missing.png: No such file or directory", None]
    assert (as_json.returncode, as_json.stderr.count("\n")) == (2, 1)


def test_a_model_of_inkgrad_train_reads(scans, small_folder, answer):
    trained = inkgrad("train", "--model", "seed", "--data", small_folder, "--epochs", 1, cwd=scans)
    assert trained.returncode == 0, trained.stderr
    found = answer("line.png", "--model", "digits.safetensors", "--threshold", "0", cwd=scans)
    assert set(found) <= set("0123456789\n")
    assert len(found) > 1
    assert answer("line.png", "--model", "cnn", "--threshold", "0", cwd=scans).strip().isdecimal()


def test_many_pictures_are_read_by_two_processes_as_by_one(scans, answer):
    names = [f"{k}.png" for k in range(150)]
    for name in names:
        (scans / name).write_bytes((scans / "line.png").read_bytes())
    assert answer(*names, "--workers", 2, cwd=scans) == "".join(f"{name}: 3141\n" for name in names)


def test_digits_alone_are_read_where_that_is_asked(monkeypatch, inkgrad_here):
    line = [character(label, "\t" if label == "-" else "", column=k) for k, label in enumerate("12.50-3")]

    def read_many(reader, pictures, *, workers):
        kept = tuple(line) if reader.marks else digits_alone(line)
        return iter([Reading(kept, None, (30, 20))])

    monkeypatch.setattr(Reader, "read_many", read_many)
    for arguments, text in ([], "12.50\t-3\n"), (["--digits-only"], "12503\n"):
        found = inkgrad_here("read", "line.png", *arguments)
        assert (found.returncode, found.stdout, found.stderr) == (0, text, "")


# What was read, whatever the pictures are: these readings are made by hand.


SEEN = np.zeros((28, 28), np.uint8)


def character(label, gap="", line=0, column=0):
    return Character(
        label, label, 0.875, (("8", 0.0625),), (column, line, column + 1, line + 1), line, column, SEEN, gap
    )


def amount(**settings):
    """Return a reading of -1,250.50 and 7 in a row of two cells, and -3 below."""
    above = [character(label, column=k) for k, label in enumerate("-1,250.50")]
    below = [character("-", line=1), character("3", "", 1, 1)]
    return Reading((*above, character("7", "\t", 0, 9), *below), None, (30, 20), **settings)


def test_text_has_marks_spaces_and_tabs(capsys):
    write_text([NamedReading("slip.png", amount())], table=False)
    assert capsys.readouterr().out == "-1,250.50\t7\n-3\n"


def test_json_has_numbers_gaps_and_what_was_left_out(capsys):
    write_json([NamedReading("slip.png", amount(skipped=Skipped(2, 1), turned=90))], table=False)
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["text"], found["number"]) == ("-1,250.50\t7\n-3", None)
    assert [(line["text"], line["number"]) for line in found["lines"]] == [("-1,250.50\t7", None), ("-3", "-3")]
    assert (found["skipped"], found["turned"]) == ({"words": 2, "blots": 1}, 90)
    assert "".join(each["gap"] + each["label"] for each in found["characters"]) == "-1,250.50\t7-3"


@pytest.mark.parametrize(
    ("text", "number"), [("-1,250.50", "-1250.50"), ("12.50", "12.50"), ("0.0000001", "0.0000001"), ("1/2", None)]
)
def test_json_writes_a_number_in_plain_digits(capsys, text, number):
    reading = Reading(tuple(character(label, column=k) for k, label in enumerate(text)), None, (30, 20))
    write_json([NamedReading("slip.png", reading)], table=False)
    (found,) = json.loads(capsys.readouterr().out)
    assert found["number"] == found["lines"][0]["number"] == number


def test_csv_has_a_row_for_each_mark_and_the_gaps(capsys):
    write_csv([NamedReading("slip.png", amount())], RowKind.digits)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["label"] for row in rows] == list("-1,250.507-3")
    assert [row["gap"] for row in rows] == [*[""] * 9, "\t", "", ""]
    assert [int(row["column"]) for row in rows] == [*range(10), 0, 1]


def test_csv_has_the_numbers_of_a_table(capsys):
    cells = (("1,250.50", "007"), ("", "17/05"))
    pages = [NamedReading(name, Reading((), cells, (30, 20))) for name in ("a.png", "b.png")]
    write_csv(pages[:1], RowKind.table)
    assert capsys.readouterr().out == "1250.50,007\n,17/05\n"
    write_csv(pages, RowKind.table)
    assert capsys.readouterr().out == "".join(f"{name},1250.50,007\n{name},,17/05\n" for name in ("a.png", "b.png"))


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        ({}, []),
        ({"skipped": Skipped(6, 6)}, []),  # as many as were read, not more
        ({"skipped": Skipped(10, 3)}, ["slip.png: 10 words and 3 blots were left out, 12 characters read"]),
        ({"skipped": Skipped(13, 0)}, ["slip.png: 13 words were left out, 12 characters read"]),
        ({"skipped": Skipped(1, 12)}, ["slip.png: 1 word and 12 blots were left out, 12 characters read"]),
        ({"turned": 90}, ["slip.png: read turned by 90 degrees"]),
        (
            {"turned": 180, "skipped": Skipped(0, 20)},
            ["slip.png: read turned by 180 degrees", "slip.png: 20 blots were left out, 12 characters read"],
        ),
    ],
)
def test_what_was_left_out_or_turned_is_said(settings, notes):
    assert NamedReading("slip.png", amount(**settings)).notes(table=False) == notes


def test_where_only_a_word_stands_that_is_said():
    empty = Reading((), None, (30, 20), skipped=Skipped(1, 0))
    assert NamedReading("-", empty).notes(table=False) == [
        "standard input: no digits found",
        "standard input: 1 word was left out, 0 characters read",
    ]


# Pictures drawn.


def test_boxes_of_one_picture_are_a_file(scans, readings, read):
    found = read("page.png", "--boxes", "seen.png", cwd=scans)
    assert (found.returncode, found.stdout) == (0, readings["page"].text + "\n")
    assert found.stderr == "inkgrad: drew the boxes of page.png in seen.png\n"
    with Image.open(scans / "seen.png") as drawn, Image.open(scans / "page.png") as page:
        assert drawn.width % page.width == 0
        blue = np.abs(np.asarray(drawn.convert("RGB")).astype(int) - (0, 114, 178)).max(axis=2) < 12
    assert blue.sum() > 100 * len(readings["page"].digits)


def test_boxes_of_several_pictures_are_a_folder(scans, read):
    (scans / "other").mkdir()
    (scans / "other" / "line.png").write_bytes((scans / "line.png").read_bytes())
    found = read("line.png", "missing.png", "other/line.png", "page.png", "--boxes", "seen", cwd=scans)
    assert found.returncode == 2
    assert names_in(scans / "seen") == ["1.line.png", "3.line.png", "4.page.png"]  # as two are alike
    assert [line for line in found.stderr.splitlines() if "drew" not in line] == [
        "inkgrad: missing.png: No such file or directory"
    ]


def test_what_the_network_saw_is_drawn(scans, read):
    found = read("line.png", "--seen", "seen.png", cwd=scans)
    assert (found.returncode, found.stdout) == (0, "3141\n")
    assert found.stderr == "inkgrad: drew what the network saw in seen.png\n"
    with Image.open(scans / "seen.png") as drawn:
        assert drawn.format == "PNG"
        assert drawn.width > 500


# Silly input.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'PICTURE...'"),
        (["nowhere.png"], "nowhere.png: No such file or directory"),
        (["letter.txt"], "letter.txt must be an undamaged picture file"),
        (["empty"], "no picture is in the folder empty (.png, .jpg, .jpeg, ...)"),
        (["--workers", "257", "x.png"], "at most 256 processes read here, got --workers 257: more read with --out"),
        (["line.png", "--boxes", "line.png"], "line.png: this file is read here, so it cannot be written"),
        (["line.png", "page.png", "--boxes", "."], "line.png: this file is read here, so it cannot be written"),
        (["line.png", "--boxes", "no/such/folder.png"], "no/such: there is no such folder"),
        (["line.png", "--seen", "no/such/folder.png"], "no/such: there is no such folder"),
        (["line.png", "--boxes", "."], "--boxes takes a name that ends in .png, got ."),
        (["line.png", "--boxes", "seen.jpg"], "--boxes takes a name that ends in .png, got seen.jpg"),
        (["line.png", "--boxes", "a.png", "--seen", "a.png"], "a.png would be written twice"),
        (["line.png", "page.png", "--boxes", "a/b"], "a/b: there is no such folder"),
        (["line.png", "page.png", "--boxes", "seen.png"], "--boxes of several pictures takes a folder, got seen.png"),
        (["line.png", "page.png", "--boxes", "letter.txt/folder"], "letter.txt/folder: there is no such folder"),
        (["line.png", "--model", "m.safetensors"], "there is no model m.safetensors: make one with inkgrad train"),
        (["line.png", "--model", "letter.txt"], "letter.txt is not a safetensors file"),
        (["line.png", "--expect", r"\d+"], r"expect takes a pattern of 1 to 100 digits"),
        (["line.png", "--threshold", "nan"], "'--threshold'"),
        (["line.png", "--rows", "lines"], "--rows lines is for tables: add --format csv, or --out results.csv"),
        (["line.png", "--format", "csv", "--rows", "lines", "--table"], "--rows lines does not go with --table"),
        (["line.png", "--format", "xml"], "'xml' is not one of"),
        (["line.png", "--grid", "2x3"], "No such option: --grid"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_silly_input_gets_one_clear_line(scans, monkeypatch, inkgrad_here, arguments, words):
    monkeypatch.chdir(scans)
    (scans / "empty").mkdir()
    before = names_in(scans)
    line = (scans / "line.png").read_bytes()
    assert_refused(inkgrad_here("read", *arguments), words)
    assert names_in(scans) == before
    assert (scans / "line.png").read_bytes() == line


def test_a_model_of_other_things_is_refused(scans, read):
    from inkgrad.costs import SoftmaxCrossEntropy
    from inkgrad.layers import Chain, Dense, Flatten
    from inkgrad.models import Model

    theta = np.zeros(785 * 2, np.float32)
    model = Model(Chain((Flatten(), Dense(784, 2))), SoftmaxCrossEntropy(), theta, ("cat", "dog"), (28, 28, 1))
    model.save(scans / "animals.safetensors")
    assert_refused(read("line.png", "--model", "animals.safetensors", cwd=scans), "with labels cat, dog")
    assert_refused(
        read("line.png", "--model", "animals.safetensors", "--seen", "animals.safetensors", cwd=scans),
        "animals.safetensors: this file is read here, so it cannot be written",
    )


def test_a_damaged_picture_is_said_so(scans, read):
    (scans / "line.png").write_bytes((scans / "line.png").read_bytes()[:300])
    assert_refused(read("line.png", cwd=scans), "line.png is a damaged or impossible picture")


def test_whoever_reads_the_answers_may_stop(scans):
    line = f"{sys.executable} -m inkgrad read line.png page.png --format json | head -1"
    found = completed(line, shell=True, cwd=scans)
    assert (found.stdout, found.stderr) == ("[\n", "")
