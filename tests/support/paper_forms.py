"""A printed form in a folder, with the file that names its fields, and pages of it that were filled in."""

import json

import numpy as np
from PIL import Image

from lab.synthetic.filled_forms import FIELDS, blank_form, fill_form

HEIGHT_PX = 20  # of a digit


def as_toml(fields=FIELDS, height=HEIGHT_PX):
    """Return the file of a form."""
    said = ['sample = "sample.png"']
    for field in fields:
        box = [round(height * edge, 1) for edge in field.box]
        expect = [f"expect = '{field.expect}'"] if field.expect else []
        said += ["", "[[field]]", f'name = "{field.name}"', f'kind = "{field.kind}"', f"box = {box}", *expect]
    return "\n".join(said) + "\n"


def make_forms(folder, ways, digits):
    """Write a form, its fields, and a page for each of the ways; return what each page says, by its name."""
    (folder / "scans").mkdir()
    Image.fromarray(blank_form(HEIGHT_PX)).save(folder / "sample.png")
    (folder / "form.toml").write_text(as_toml())
    truth = {}
    for number, way in enumerate(ways):
        filled = fill_form(way, np.random.default_rng(number), digits, HEIGHT_PX)
        name = f"scans/{number:02}.png"
        Image.fromarray(filled.picture).save(folder / name)
        truth[name] = filled.truth
    (folder / "truth.json").write_text(json.dumps(truth))
    return truth
