"""Stored tables: what is read of a file is what was written, texts as texts and numbers as numbers."""

from decimal import Decimal

import pytest

from inkgrad.csv_table import CsvTable
from inkgrad.errors import DataError, SettingError
from inkgrad.stored_table import StoredTable, read_table

COLUMNS = {"page": str, "code": str, "amount": Decimal, "p": float}
ROWS = [
    {"page": "a.png", "code": "007", "amount": "12.5", "p": "0.25"},
    {"page": "=1+1", "code": "", "amount": "1000000", "p": "1"},
    {"page": "ü", "code": "x, y", "amount": "", "p": ""},
]


@pytest.fixture(params=[".csv", ".parquet", ".xlsx"])
def path(request, tmp_path):
    pytest.importorskip({".csv": "csv", ".parquet": "pyarrow", ".xlsx": "openpyxl"}[request.param])
    return tmp_path / f"table{request.param}"


def test_what_is_read_is_what_was_written(path):
    StoredTable(CsvTable(tuple(COLUMNS), ROWS), COLUMNS).write(path)
    table = read_table(path)
    assert table.texts == CsvTable(tuple(COLUMNS), ROWS)
    has_types = path.suffix != ".csv"
    assert table.kinds == {"page": str, "code": str} | dict.fromkeys(("amount", "p"), Decimal if has_types else str)


def test_a_table_without_rows_has_its_columns(path):
    StoredTable(CsvTable(tuple(COLUMNS), []), COLUMNS).write(path)
    assert read_table(path).texts == CsvTable(tuple(COLUMNS), [])


def test_what_says_no_number_stays_a_text_where_a_cell_may_be_either(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "table.xlsx"
    StoredTable(CsvTable(("amount",), [{"amount": "12.50"}, {"amount": "twelve"}]), {"amount": Decimal}).write(path)
    cells = [cell.value for (cell,) in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]
    assert cells == [12.5, "twelve"]
    assert read_table(path).texts.rows == [{"amount": "12.5"}, {"amount": "twelve"}]


def test_all_sheets_of_a_workbook_are_one_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for sheet, text in (book.active, "a"), (book.create_sheet(), "b"):
        sheet.append(["page", "n"])
        sheet.append([text])  # a row that ends early
    book.save(tmp_path / "table.xlsx")
    assert read_table(tmp_path / "table.xlsx").texts.rows == [{"page": "a", "n": ""}, {"page": "b", "n": ""}]


def test_what_is_no_table_is_refused(path):
    path.write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match=f"{path.name} is no "):
        read_table(path)


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"ends in \.csv, \.parquet or \.xlsx, got .*table\.ods"):
        read_table(tmp_path / "table.ods")
