"""What a printed form seems to have: each field where it is printed, and a file that load_form takes."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.forms import as_toml, draw_fields, load_form, propose_fields
from inkgrad.pictures import open_picture
from lab.synthetic.filled_forms import FIELDS, blank_form

HEIGHT_PX = 20
SEEN_AS = {"cells": "code", "comb": "code", "box": "number", "line": "number", "tick": "tick"}


@pytest.fixture(scope="module")
def blank():
    return blank_form(HEIGHT_PX)


def test_every_field_of_a_form_is_seen_and_nothing_else(blank):
    fields = propose_fields(blank)
    assert len(fields) == len(FIELDS)
    for printed in FIELDS:
        left, top, right, bottom = (HEIGHT_PX * edge for edge in printed.box)
        (found,) = (each for each in fields if abs(each.box[0] - left) < 4 and abs(each.box[3] - bottom) < 4)
        assert abs(found.box[2] - right) < 4
        assert top - 4 < found.box[1] < top + 16  # how high one writes on a line or a comb is not printed
        assert found.kind == SEEN_AS[printed.form]
        if printed.n:
            assert found.expect == rf"\d{{{printed.n}}}"


def test_the_proposal_is_a_form(blank, tmp_path):
    fields = propose_fields(blank)
    Image.fromarray(blank).save(tmp_path / 'my "form".png')
    (tmp_path / "form.toml").write_text(as_toml(fields, 'my "form".png'))
    assert load_form(tmp_path / "form.toml").fields == fields
    assert len({field.name for field in fields}) == len(fields)


def test_cells_of_a_table_are_fields_by_row_and_column():
    picture = Image.new("L", (500, 700), 255)
    pen = ImageDraw.Draw(picture)
    for y in 100, 140, 180, 220:
        pen.line((50, y, 450, y), 0, 2)
    for x in 50, 150, 300, 450:
        pen.line((x, 100, x, 220), 0, 2)
    fields = propose_fields(np.asarray(picture)[..., None])
    assert [field.name for field in fields] == [f"table1_{i}_{j}" for i in (1, 2, 3) for j in (1, 2, 3)]
    assert fields[1].box == pytest.approx((152, 102, 300, 140), abs=2)


def test_paper_has_no_fields():
    assert propose_fields(np.full((300, 200, 3), 250, np.uint8)) == ()


def test_the_picture_has_a_frame_around_each_field(blank):
    fields = propose_fields(blank)
    drawn = np.asarray(draw_fields(blank, fields)).astype(int)
    assert drawn.shape == blank.shape
    left, top, right, _ = (round(edge) for edge in fields[0].box)
    assert (np.ptp(drawn[top - 1, left:right], axis=1) > 50).all()


def test_the_command_writes_a_file_and_a_picture_once(blank, tmp_path, monkeypatch, inkgrad_here):
    (tmp_path / "forms").mkdir()
    monkeypatch.chdir(tmp_path)
    Image.fromarray(blank).save("sample.png")
    said = inkgrad_here("form", "sample.png", "--out", "forms/order.toml")
    assert (said.returncode, said.stdout) == (0, "")
    assert "10 fields (4 code, 4 number, 2 tick) are in forms/order.toml" in said.stderr
    assert len(load_form("forms/order.toml").fields) == 10
    assert open_picture("forms/order.png").shape == blank.shape
    again = inkgrad_here("form", "sample.png", "--out", "forms/order.toml")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "is there already, and may have been set right: name another --out, or add --anew" in again.stderr
    assert inkgrad_here("form", "sample.png", "--out", "forms/order.toml", "--anew").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    {
        "blank.png": "no box, comb or line to write on is seen in blank.png: name fields in form.toml yourself",
        "blank.png --out form.txt": "--out takes a name that ends in .toml, got form.txt",
        "no.png": "no.png: No such file or directory",
        "letter.txt": "letter.txt must be an undamaged picture file",
        "form.png": "form.png: this file is read here, so it cannot be written",
    }.items(),
)
def test_what_is_no_form_is_refused_in_one_line(words, message, tmp_path, monkeypatch, inkgrad_here):
    monkeypatch.chdir(tmp_path)
    for name in "blank.png", "form.png":
        Image.new("L", (100, 100), 255).save(name)
    (tmp_path / "letter.txt").write_text("a letter")
    said = inkgrad_here("form", *words.split())
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert said.stderr.startswith(f"inkgrad: {message}")
    assert not (tmp_path / "form.toml").exists()
