"""A small table of forms with what is to be checked."""

from decimal import Decimal

from PIL import Image

from inkgrad.csv_table import CsvTable, write_csv
from inkgrad.forms.form_table import ASKED, columns_of
from inkgrad.stored_table import StoredTable


def make_table(folder, ending=".csv"):
    """Write a table of two pages, one unread, with a code, an amount and a tick box that are to be checked."""
    (folder / "forms.review").mkdir()
    for number in 1, 2, 3:
        Image.new("L", (60, 20), 255).save(folder / "forms.review" / f"{number:05}.png")
    fields = {"code": "12", "sum": "7.50", "paid": "no"}
    row = {"page": "a.png", **fields, **{f"{name} probability": "0.5000" for name in fields}}
    columns = columns_of(fields)
    kinds = dict.fromkeys(columns, str) | {"sum": Decimal} | {f"{name} probability": float for name in fields}
    rows = [row, {"page": "b.png", "error": "it does not fit"}]
    StoredTable(CsvTable(tuple(columns), rows), kinds).write(folder / f"forms{ending}")
    asked = [
        {"field": "code", "kind": "code", "expect": r"\d{3}", "read": "12", "doubt": "code must be as \\d{3}"},
        {"field": "sum", "kind": "amount", "expect": r"\d[.,]\d{2}", "read": "7.50", "doubt": "unsure"},
        {"field": "paid", "kind": "tick", "expect": "", "read": "no", "doubt": "unsure"},
    ]
    more = {"page": "a.png", "empty": "no", "order": "dmy", "probability": "0.5000"}
    rows = [{**more, **each, "picture": f"forms.review/{k:05}.png"} for k, each in enumerate(asked, start=1)]
    write_csv(folder / "forms.review.csv", ASKED, [*rows, {"page": "b.png", "doubt": "it does not fit"}])
    return folder / f"forms{ending}"
