"""Forms that were filled in, photographed or scanned upside down: read into a table, and what is doubtful beside."""

import csv
import io
import re
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from support.paper_forms import make_forms
from support.table_to_check import make_table

from inkgrad.cli.forms import read_forms
from inkgrad.errors import SettingError
from inkgrad.forms import FilledPage, FormReader, FormTally, FormWriter, Review, form_files, load_form
from inkgrad.forms.field_value import value_of
from inkgrad.forms.form import Field, PrintedForm
from inkgrad.forms.form_reader import FieldReading
from inkgrad.reader.batches import BatchSettings

WAYS = "photo", "upside down"


@pytest.fixture(scope="module")
def forms(some, tmp_path_factory):
    """A folder with a form, its fields and two pages, one blank, one of a letter; and what the pages say."""
    folder = tmp_path_factory.mktemp("forms")
    truth = make_forms(folder, WAYS, some)
    Image.fromarray(np.full((900, 700), 240, np.uint8)).save(folder / "scans" / "10.png")
    (folder / "scans" / "11.png").write_text("a letter")
    return folder, truth


@pytest.fixture(scope="module")
def command(forms):
    """What the command said and wrote: the table, and what is to be checked."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said):
        patch.chdir(forms[0])
        pages = sorted(map(str, Path("scans").iterdir()))
        read_forms(
            pages, Path("form.toml"), Path("forms.csv"), Path("reader"), 0.9, n_workers=1, resume=False, anew=False
        )
    return said.getvalue(), rows_of(forms[0] / "forms.csv"), rows_of(forms[0] / "forms.review.csv")


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_has_what_its_page_says(forms, command):
    folder, truth = forms
    fields = {field.name: field for field in load_form(folder / "form.toml").fields}
    _, rows, asked = command
    assert [row["page"] for row in rows] == [*truth, "scans/10.png", "scans/11.png"]
    wrong = [
        (row["page"], name)
        for row in rows[:2]
        for name, text in truth[row["page"]].items()
        if row[name] != value_of(fields[name], text)
    ]
    assert len(wrong) <= 2
    assert len(set(wrong) - {(row["page"], row["field"]) for row in asked}) <= 1


def test_what_is_doubtful_has_a_picture_and_a_reason(forms, command):
    folder, _ = forms
    said, rows, asked = command
    doubtful = [row for row in asked if row["field"]]
    probability = {(row["page"], name): row[f"{name} probability"] for row in rows for name in row if name != "page"
                   and f"{name} probability" in row}  # fmt: skip
    for row in doubtful:
        assert row["doubt"] == "unsure" or "must be" in row["doubt"]
        assert row["probability"] == probability[row["page"], row["field"]]
        with Image.open(folder / row["picture"]) as picture:
            assert picture.height > 20
    unsure = {place for place, p in probability.items() if p and float(p) < 0.9}
    assert unsure <= {(row["page"], row["field"]) for row in doubtful}
    assert f"to be checked: {len(doubtful)} of 20 fields" in said


def test_a_page_that_fits_no_sample_says_so_and_is_to_be_checked(command):
    said, rows, asked = command
    reasons = {row["page"]: row["error"] for row in rows if row["error"]}
    assert reasons["scans/10.png"] == "the page does not fit the sample"
    assert reasons["scans/11.png"].startswith("scans/11.png must be an undamaged picture file")
    assert {row["page"]: row["doubt"] for row in asked if not row["field"]} == reasons
    assert "without an answer: 2" in said


def test_processes_read_the_same_in_the_same_order(forms, monkeypatch):
    folder, _ = forms
    monkeypatch.setattr("inkgrad.forms.form_reader.TOGETHER", BatchSettings(pictures=1, few=0))
    monkeypatch.chdir(folder)
    reader = FormReader(load_form("form.toml"))
    pages = ["scans/10.png", "sample.png", "scans/11.png"]
    one, two = ([(page.error, page.values) for page in reader.read_many(pages, workers=n)] for n in (1, 2))
    assert one == two
    assert [len(values) for _, values in one] == [0, 10, 0]


def test_a_tick_box_and_an_empty_field_need_no_network(forms):
    form = load_form(forms[0] / "form.toml")
    page = FormReader(form).read(forms[0] / "sample.png")
    assert {each.field.name: (each.text, each.doubt) for each in page.fields} == {
        field.name: ("no", "") if field.kind == "tick" else ("", f"{field.name} must not be empty")
        for field in form.fields
    }


def read_as(text, probability):
    return SimpleNamespace(lines=[[SimpleNamespace(best=each) for each in text]], probability=probability)


def reader_of_looks(forms, said):
    """Return a reader whose looks at each field say this, each with its probability; and the looks that it had."""
    reader, seen = FormReader(load_form(forms[0] / "form.toml")), []

    def read(looks):
        n = len(looks) // len(said)
        seen.append([looks[k * n : (k + 1) * n] for k in range(len(said))])
        return [read_as(*each) for each in said for _ in range(n)]

    reader.readers = dict.fromkeys(reader.readers, read)
    return reader, seen


def field_of(reader, forms, name):
    """Return what a reader reads in one field of the first page."""
    page = reader.read(forms[0] / next(iter(forms[1])))
    return next(each for each in page.fields if each.field.name == name)


def test_what_most_looks_at_a_field_say_is_taken_and_those_that_differ_make_it_doubtful(forms):
    reader, seen = reader_of_looks(forms, [("12", 0.75), ("13", 1.0), ("12", 0.9), ("12", 0.95)])
    pieces = field_of(reader, forms, "pieces")
    assert (pieces.text, round(pieces.probability, 4), pieces.doubt) == (
        "12",
        0.65,
        "unsure",
    )  # (0.75 + 0.9 + 0.95) / 4
    for looks in seen:
        for plain, narrow, right, left in zip(*looks, strict=True):
            assert plain.shape[0] == narrow.shape[0] == right.shape[0] == left.shape[0]
            assert narrow.shape[1] < plain.shape[1] < right.shape[1] == left.shape[1]
            assert leaning(right) > leaning(left)


def test_a_look_that_misses_a_character_counts_less(forms):
    """Or a digit that touches its neighbour is lost where most looks leave it out."""
    reader, _ = reader_of_looks(forms, [("92", 1.0), ("92", 0.9), ("920", 0.6), ("920", 0.7)])
    pieces = field_of(reader, forms, "pieces")
    assert (pieces.text, round(pieces.probability, 4)) == ("920", 0.325)  # (0.6 + 0.7) / 4
    reader, _ = reader_of_looks(forms, [("92", 1.0), ("92", 0.9), ("92", 0.9), ("920", 0.1)])
    pieces = field_of(reader, forms, "pieces")
    assert (pieces.text, round(pieces.probability, 4)) == ("92", 0.7)  # 2.8 / 4


@pytest.mark.parametrize(
    ("years", "said", "asked"),
    [
        (("2623", "2023", "2623", "2623"), ("11.09.2023", 0.225), "unsure"),
        (("2623", "2623", "2623", "2623"), ("11.09.2623", 0.9), "date must be a date of the years"),
    ],
)
def test_what_a_field_cannot_hold_gives_way_to_what_another_look_says(forms, years, said, asked):
    reader, _ = reader_of_looks(forms, [(f"11.09.{year}", 0.9) for year in years])
    date = field_of(reader, forms, "date")
    assert (date.text, round(date.probability, 4)) == said
    assert date.doubt.startswith(asked)


def leaning(look):
    """How much further right the ink of the upper half is than that of the lower one, in pixels."""
    ink = 255.0 - look.reshape(*look.shape[:2], -1).min(axis=-1)
    ink = np.where(ink > ink.max() / 2, ink, 0)
    halves = np.array_split(ink, 2)
    upper, lower = (float((half.sum(axis=0) * np.arange(half.shape[1])).sum() / half.sum()) for half in halves)
    return upper - lower


@pytest.fixture
def filled():
    """A form of a number, a date, a code and a tick box, and two pages of it; on one is no number but a text."""
    fields = [
        Field(kind, kind, (0, 0, 9, 9), expect)
        for kind, expect in [("amount", r"\d\.\d{2}"), ("date", r"\d{6}"), ("code", r"\d{3}"), ("tick", "")]
    ]
    form = PrintedForm(None, tuple(fields))
    picture = np.zeros((9, 9, 1), np.uint8)[..., 0]
    texts = [("7.50", "170524", "007", "yes"), ("7..5", "", "123", "no")]
    values = [("7.50", "2024-05-17", "007", "yes"), ("7..5", "", "123", "no")]
    pages = [
        FilledPage(tuple(FieldReading(*each, 0.25, "", picture) for each in zip(fields, *its, strict=True)))
        for its in zip(texts, values, strict=True)
    ]
    return form, pages


def written(form, pages, table):
    writer = FormWriter(form, table)
    for name, page in zip("ab", pages, strict=True):
        writer.add(name, page)
    writer.add("c", FilledPage((), "it does not fit"))
    writer.finish("abc")


def test_a_table_for_excel_has_numbers_where_numbers_are(filled, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    written(*filled, tmp_path / "forms.xlsx")
    head, *rows = openpyxl.load_workbook(tmp_path / "forms.xlsx").active.iter_rows(values_only=True)
    assert head == ("page", "amount", "amount probability", "date", "date probability", "code", "code probability",
                    "tick", "tick probability", "error")  # fmt: skip
    assert rows == [
        ("a", 7.5, 0.25, "2024-05-17", 0.25, "007", 0.25, "yes", 0.25, None),
        ("b", "7..5", 0.25, None, 0.25, "123", 0.25, "no", 0.25, None),
        ("c", *[None] * 8, "it does not fit"),
    ]
    assert [row["doubt"] for row in rows_of(tmp_path / "forms.review.csv")] == ["it does not fit"]


def test_a_parquet_table_has_columns_of_numbers(filled, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    written(*filled, tmp_path / "forms.parquet")
    table = parquet.read_table(tmp_path / "forms.parquet")
    assert table.column("amount").to_pylist() == [7.5, None, None]
    assert table.column("code").to_pylist() == ["007", "123", None]


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(SettingError, match=r"`out` takes a name that ends in .*\.parquet or \.xlsx, got forms\.png"):
        form_files("forms.png")


def test_a_reading_that_was_broken_off_goes_on(forms, tmp_path):
    form = load_form(forms[0] / "form.toml")
    page, table = FormReader(form).read(forms[0] / "sample.png"), tmp_path / "t.csv"
    table.write_text("old")
    FormWriter(form, table, "a").add("1", page)
    with open(tmp_path / "t.review.part" / "pages.jsonl", "a") as file:
        file.write('{"row": {"pa')  # it was killed
    assert table.read_text() == "old"
    with pytest.raises(
        SettingError, match=r"t\.review\.part holds an unfinished reading, 1 pages: go on with `resume`"
    ):
        FormWriter(form, table, "a")
    with pytest.raises(SettingError, match="is of another form, or was told otherwise: begin `anew`"):
        FormWriter(form, table, "b", resume=True)
    writer = FormWriter(form, table, "a", resume=True)
    assert list(writer.done) == ["1"]
    writer.add("2", page)
    assert writer.finish(["2", "1"]).n_pages == 2
    assert [row["page"] for row in rows_of(table)] == ["2", "1"]
    pictures = [row["picture"] for row in rows_of(tmp_path / "t.review.csv")]
    assert len(set(pictures)) == len(pictures) == len([*(tmp_path / "t.review").iterdir()]) == 16
    with pytest.raises(SettingError, match=r"there is no unfinished reading for .* to go on with: leave `resume` out"):
        FormWriter(form, table, "a", resume=True)
    assert not (tmp_path / "t.review.part").exists()


def test_what_is_begun_anew_is_begun_anew(forms, tmp_path):
    form = load_form(forms[0] / "form.toml")
    FormWriter(form, tmp_path / "t.csv").add("1", FilledPage((), "it does not fit"))
    writer = FormWriter(form, tmp_path / "t.csv", anew=True)
    assert writer.finish([]) == FormTally(0, 0, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    {
        "scans --form form.toml": "--form is read into a table: add --out forms.csv",
        "scans --form no.toml --out f.csv": "no.toml: No such file or directory",
        "scans --form form.toml --out f.pdf": "--out takes a name that ends in .csv, .parquet or .xlsx, got f.pdf",
        "scans --form form.toml --out f.csv --expect 3": "--expect does not go with --form, which says what is in each",
        "scans --sure 0.5": "--sure is for the fields of a form: add --form form.toml",
        "nothing --form form.toml --out f.csv": "no picture is in the folder nothing",
    }.items(),
)
def test_silly_input_gets_one_line(words, message, forms, monkeypatch, inkgrad_here):
    monkeypatch.chdir(forms[0])
    (forms[0] / "nothing").mkdir(exist_ok=True)
    found = inkgrad_here("read", *words.split())
    assert (found.returncode, found.stdout) == (2, "")
    assert re.match(re.escape(f"inkgrad: {message}"), found.stderr)
    assert found.stderr.count("\n") == 1


def test_what_a_person_said_is_not_written_over(forms, monkeypatch, inkgrad_here, tmp_path):
    monkeypatch.chdir(forms[0])
    table = make_table(tmp_path)
    Review(table).answer(1, "8.50")
    words = "read", "sample.png", "--form", "form.toml", "--out", table
    found = inkgrad_here(*words)
    assert found.returncode == 2
    assert "has 1 answer of a person, which would be lost: name another --out, or add --anew" in found.stderr
    assert Review(table).n_answered == 1
    assert inkgrad_here(*words, "--anew").returncode == 0
    assert Review(table).n_answered == 0


def test_a_folder_with_other_things_is_left_alone(forms, monkeypatch, inkgrad_here, tmp_path):
    monkeypatch.chdir(forms[0])
    (tmp_path / "x.review").mkdir()
    (tmp_path / "x.review" / "thesis.txt").write_text("ten years")
    found = inkgrad_here("read", "sample.png", "--form", "form.toml", "--out", tmp_path / "x.csv")
    assert found.returncode == 2
    assert "x.review is for pictures of fields, and has thesis.txt in it, which would be lost" in found.stderr
    assert (tmp_path / "x.review" / "thesis.txt").read_text() == "ten years"


def test_a_probability_beyond_1_is_refused(forms):
    with pytest.raises(SettingError, match="sure is a probability from 0 to 1, got 2"):
        FormReader(load_form(forms[0] / "form.toml"), sure=2)


def test_companions_stand_beside_the_table():
    assert [str(path) for path in vars(form_files("a/x.csv")).values()] == [
        "a/x.csv", "a/x.review.csv", "a/x.review", "a/x.corrected.csv", "a/x.corrections.csv",
    ]  # fmt: skip
