"""`inkgrad form`: the fields that a printed form seems to have, as a file to set right, and as a picture."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable, replacing
from inkgrad.forms import as_toml, draw_fields, propose_fields
from inkgrad.pictures import open_picture


def form(
    sample: Annotated[
        Path, typer.Argument(metavar="SAMPLE", help="A picture of the form, straight, best not filled in.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="TOML", help="Where the fields go; a picture of them goes beside it, as .png.")
    ] = Path("form.toml"),
    anew: Annotated[bool, typer.Option("--anew", help="Write over a file that is there.")] = False,
) -> None:
    """Propose the fields of a form: boxes, cells, combs, tables, lines to write on, tick boxes.

    The file is to be set right: what each field is called, what it holds, and
    what is no field. The picture beside it shows which is which.

    Try: inkgrad form sample.png, then inkgrad read scans --form form.toml --out forms.csv
    """
    picture = out.with_suffix(".png")
    if out.suffix.lower() != ".toml":
        raise SettingError(f"--out takes a name that ends in .toml, got {out}")
    if out.exists() and not anew:
        raise SettingError(f"{out} is there already, and may have been set right: name another --out, or add --anew")
    for place in out, picture:
        refuse_same(place, [sample])
        refuse_unwritable(place)
    colours = open_picture(sample)
    fields = propose_fields(colours)
    if not fields:
        raise SettingError(
            f"no box, comb or line to write on is seen in {sample}: name fields in {out} yourself, "
            "as docs/how-to/read-forms.md shows"
        )
    with replacing(out) as file:
        file.write(as_toml(fields, os.path.relpath(sample, out.parent)).encode())
    with replacing(picture) as file:
        draw_fields(colours, fields).save(file, "PNG")
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(field.kind for field in fields).items())
    say(f"{len(fields)} fields ({kinds}) are in {out}: set their names and kinds right; {picture} shows which is which")
