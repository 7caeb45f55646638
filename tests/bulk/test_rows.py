"""Rows of each kind, and the files that they are written to."""

import csv
import io
import json
from decimal import Decimal

import numpy as np
import pytest

from inkgrad.bulk.result_files import join
from inkgrad.bulk.rows import Answer, RowKind, answers_of, as_value, rows_of, table_columns
from inkgrad.errors import SettingError
from inkgrad.reader import Character, Reading
from inkgrad.table_files import CsvFile, ExcelFile, ParquetFile, refuse_other_ending

SEEN = np.zeros((28, 28), np.uint8)


def reading(*lines, p=0.9, table=None):
    """Return a reading of these lines, made by hand."""
    characters = [
        Character(label, label, p, (), (column, line, column + 1, line + 2), line, column, SEEN)
        for line, text in enumerate(lines)
        for column, label in enumerate(text)
    ]
    return Reading(tuple(characters), table, (30, 20))


def test_a_picture_has_a_row_with_its_number_and_how_sure_it_is():
    ((*row,),) = rows_of("a.png", reading("1,250.50"), RowKind.pictures)
    assert row == ["a.png", "1,250.50", Decimal("1250.50"), 0.9, 0.9, 6, False]
    ((*row,),) = rows_of("a.png", reading("12", "?"), RowKind.pictures)
    assert row == ["a.png", "12\n?", None, 0.9, 0.9, 2, True]


def test_each_line_or_character_has_a_row():
    page = reading("12.5", "-3")
    assert list(rows_of("a.png", page, RowKind.lines)) == [
        ("a.png", 0, "12.5", Decimal("12.5"), 0.9, False),
        ("a.png", 1, "-3", Decimal(-3), 0.9, False),
    ]
    last = list(rows_of("a.png", page, RowKind.digits))[-1]
    assert last == ("a.png", 1, 1, "3", "3", 0.9, 1, 1, 2, 3, "")


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,234.50", Decimal("1234.50")), ("0.5", Decimal("0.5")), ("0", Decimal(0)), ("007", "007"), ("-01", "-01"),
     ("2024-05-17", "2024-05-17"), ("", "")],
)  # fmt: skip
def test_a_cell_is_a_number_unless_that_would_lose_something(cell, value):
    assert as_value(cell) == value


def test_what_has_no_rows_says_why():
    kinds = {
        kind: [answer.reason for answer in answers_of(7, ["a", "b", "c"], ["torn", reading(), reading("1")], kind)]
        for kind in RowKind
    }
    assert kinds.pop(RowKind.table) == ["torn", "no table found", "no table found"]
    assert set(map(tuple, kinds.values())) == {("torn", "no digits found", None)}


def test_answers_are_read_as_they_were_written():
    cells = (("7", ""), ("1.50", "x"))
    (answer,) = answers_of(7, ["a\udcff.png"], [reading("1", table=cells)], RowKind.table)
    assert answer.rows == (("a\udcff.png", 0, Decimal(7), ""), ("a\udcff.png", 1, Decimal("1.50"), "x"))
    assert Answer.from_line(answer.as_line()) == answer


TABLES = (
    Answer(0, "a.png", None, (("a.png", 0, Decimal("12.50"), "x"), ("a.png", 1, "", Decimal(3)))),
    Answer(1, "=1+1\x01.png", None, (("=1+1\x01.png", 0, Decimal(7)),)),
    Answer(2, "c.png", "torn"),
)


def test_the_columns_of_tables_are_numbers_where_all_cells_are():
    assert table_columns(TABLES) == {"column_1": Decimal, "column_2": str}


def joined(out, answers=TABLES, kind=RowKind.table):
    assert join(lambda: iter(answers), out, kind) == (len(answers) - 1, 1)
    return out


def test_csv_has_plain_digits(tmp_path):
    text = joined(tmp_path / "t.csv").read_text()
    assert text == "index,path,row,column_1,column_2\n0,a.png,0,12.50,x\n0,a.png,1,,3\n1,=1+1\x01.png,0,7,\n"
    assert (tmp_path / "t.errors.csv").read_text() == "index,path,reason\n2,c.png,torn\n"


def test_csv_has_names_that_are_no_text_as_the_file_system_has_them():
    file = io.BytesIO()
    rows = CsvFile(file, {"path": str, "flagged": bool, "number": Decimal})
    rows.add(("\udcff.png", True, Decimal("1E+3")))
    rows.close()
    assert file.getvalue() == b"path,flagged,number\n\xff.png,true,1000\n"


def test_parquet_has_numbers_and_empty_cells(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow, an extra, is not installed")
    assert parquet.read_table(joined(tmp_path / "t.parquet")).to_pylist() == [
        {"index": 0, "path": "a.png", "row": 0, "column_1": 12.5, "column_2": "x"},
        {"index": 0, "path": "a.png", "row": 1, "column_1": None, "column_2": "3"},
        {"index": 1, "path": "=1+1\ufffd.png", "row": 0, "column_1": 7.0, "column_2": None},
    ]
    assert parquet.read_table(tmp_path / "t.errors.parquet").to_pylist() == [
        {"index": 2, "path": "c.png", "reason": "torn"}
    ]


def test_parquet_is_written_piece_by_piece(monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow, an extra, is not installed")
    monkeypatch.setattr(ParquetFile, "rows_together", 2)
    file = io.BytesIO()
    rows = ParquetFile(file, {"index": int})
    for k in range(5):
        rows.add((k,))
    rows.close()
    assert parquet.read_table(io.BytesIO(file.getvalue()))["index"].to_pylist() == list(range(5))


def test_excel_has_numbers_and_no_formulas(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, an extra, is not installed")
    sheet = openpyxl.load_workbook(joined(tmp_path / "t.xlsx")).active
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["index", "path", "row", "column_1", "column_2"],
        [0, "a.png", 0, 12.5, "x"],
        [0, "a.png", 1, None, 3],
        [1, "=1+1\ufffd.png", 0, 7, None],
    ]
    assert sheet["B4"].data_type == "s"
    assert sheet.freeze_panes == "A2"


def test_a_full_sheet_is_followed_by_another(monkeypatch):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, an extra, is not installed")
    monkeypatch.setattr(ExcelFile, "most_rows", 3)
    file = io.BytesIO()
    rows = ExcelFile(file, {"index": int})
    for k in range(5):
        rows.add((k,))
    rows.close()
    sheets = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets
    assert [[cell.value for (cell,) in sheet.rows] for sheet in sheets] == [
        ["index", 0, 1],
        ["index", 2, 3],
        ["index", 4],
    ]


def test_an_old_list_of_reasons_goes_when_all_is_read(tmp_path):
    joined(tmp_path / "t.csv")
    join(lambda: iter(TABLES[:2]), tmp_path / "t.csv", RowKind.table)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_name_of_another_ending_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"ends in \.csv, \.parquet or \.xlsx, got .*t\.txt") as caught:
        refuse_other_ending(tmp_path / "t.txt")
    assert caught.value.setting == "out"
    assert refuse_other_ending(tmp_path / "t.CSV") is None


def test_a_table_of_lines_reads_back_as_it_was(tmp_path):
    answers = answers_of(0, ["a", "b"], [reading("12.5", "-3"), "torn"], RowKind.lines)
    with open(joined(tmp_path / "t.csv", answers, RowKind.lines), newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["line"], row["text"], row["number"]) for row in found] == [("0", "12.5", "12.5"), ("1", "-3", "-3")]
    assert json.loads(answers[1].as_line())["reason"] == "torn"
