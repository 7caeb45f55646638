"""A review: answers are kept as they come, and become a corrected table and a file to learn from."""

import csv
import re
from decimal import Decimal

import pytest
from support.table_to_check import make_table

from inkgrad.errors import DataError
from inkgrad.forms import Review
from inkgrad.stored_table import read_table


@pytest.fixture
def table(tmp_path):
    return make_table(tmp_path)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_answers_become_a_table_and_a_file_to_learn_from(table):
    review = Review(table)
    for number, text in enumerate((" 123", "7,50", "yes", "")):
        review.answer(number, text)
    first, second = rows_of(review.files.corrected)
    assert {name: first[name] for name in ("code", "sum", "paid")} == {"code": "123", "sum": "7.50", "paid": "yes"}
    assert first["sum probability"] == "1.0000"
    assert second["error"] == "it does not fit"
    assert rows_of(review.files.corrections) == [
        {"picture": "forms.review/00001.png", "text": "123"},
        {"picture": "forms.review/00002.png", "text": "7,50"},
    ]
    assert rows_of(table)[0]["code"] == "12"
    assert review.n_open == 0


@pytest.mark.parametrize(("ending", "package"), [(".xlsx", "openpyxl"), (".parquet", "pyarrow")])
def test_a_table_with_numbers_is_corrected_in_its_own_kind(ending, package, tmp_path):
    pytest.importorskip(package)
    review = Review(make_table(tmp_path, ending))
    review.answer(0, "123")
    review.answer(1, "8,50")
    assert review.files.corrected == tmp_path / f"forms.corrected{ending}"
    corrected = read_table(review.files.corrected)
    first, second = corrected.texts.rows
    assert {name: first[name] for name in ("code", "sum", "sum probability")} == {
        "code": "123", "sum": "8.5", "sum probability": "1",
    }  # fmt: skip
    assert (second["error"], second["sum"]) == ("it does not fit", "")
    assert (corrected.kinds["code"], corrected.kinds["sum"]) == (str, Decimal)
    assert rows_of(review.files.corrections)[1] == {"picture": "forms.review/00002.png", "text": "8,50"}


def test_one_may_stop_and_go_on_and_take_an_answer_back(table):
    Review(table).answer(1, "8.50")
    review = Review(table)
    assert [question.answer for question in review.questions] == [None, "8.50", None, None]
    review.undo(1)
    assert Review(table).n_open == 4
    assert rows_of(review.files.corrected)[0]["sum"] == "7.50"
    assert rows_of(review.files.corrections) == []


def test_what_breaks_the_pattern_is_taken_only_as_it_is(table):
    review = Review(table)
    with pytest.raises(DataError, match=re.escape(r"code must be as \d{3}, got '1234'")):
        review.answer(0, "1234")
    assert review.n_open == 4
    review.answer(0, "1234", as_it_is=True)
    assert rows_of(review.files.corrected)[0]["code"] == "1234"


def test_a_picture_outside_the_folder_of_pictures_is_not_shown(table):
    review = table.with_name("forms.review.csv")
    review.write_text(review.read_text().replace("forms.review/00001.png", "../../etc/passwd"))
    assert Review(table).questions[0].picture == table.with_name("forms.review") / "passwd"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("forms.csv", "page,", "name,", "forms.csv must be a table of forms, with a column 'page'"),
        ("forms.review.csv", "doubt", "why", "forms.review.csv must be a table of forms, with a column 'doubt'"),
        ("forms.review.csv", "a.png", "z.png", "asks for what is not in"),
    ],
)
def test_another_table_is_refused(name, old, new, words, table):
    path = table.with_name(name)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=re.escape(words)):
        Review(table)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "none.csv: No such file"),
        ("forms.ods", "`table` takes a name that ends in .csv, .parquet or .xlsx, got forms.ods"),
        ("letter.csv", "letter.csv must be a table of forms, with a column 'page'"),
        ("picture.csv", "picture.csv is no CSV in UTF-8"),
    ],
)
def test_the_command_refuses_another_file_in_one_line(name, words, tmp_path, monkeypatch, inkgrad_here):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.csv").write_text("Dear friend,\nhow are you?\n")
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    said = inkgrad_here("review", name)
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert words in said.stderr


def test_the_command_says_where_nothing_is_to_be_checked(table, inkgrad_here):
    review = Review(table)
    for number, text in enumerate(("123", "1.50", "no", "")):
        review.answer(number, text)
    said = inkgrad_here("review", table)
    assert (said.returncode, said.stderr) == (0, f"inkgrad: nothing of {table} is to be checked\n")


def test_a_table_without_its_questions_is_refused(table):
    table.with_name("forms.review.csv").unlink()
    with pytest.raises(FileNotFoundError):
        Review(table)
