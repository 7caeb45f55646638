"""`inkgrad export`: a model for other programs, and for people who read numbers."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable, replacing
from inkgrad.interop import load
from inkgrad.interop.json import to_json
from inkgrad.interop.load import ENDINGS
from inkgrad.interop.onnx import largest_difference, output_shape_of, to_onnx, told
from inkgrad.interop.onnx.sketch import INPUT, OUTPUT
from inkgrad.interop.onnx.write_onnx import N_COMPARED, OPSET, input_of
from inkgrad.models import Model, shipped

STDOUT = Path("-")


class FileFormat(StrEnum):
    """What is written."""

    onnx = "onnx"
    json = "json"
    safetensors = "safetensors"


def export(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model file, or one that comes with inkgrad: cnn, lines, reader.")
    ],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="Where it goes; beside MODEL if not told. For JSON, - is standard output."),
    ] = None,
    to: Annotated[
        FileFormat | None, typer.Option("--to", help="The format; if not told, that of OUT's ending, or ONNX.")
    ] = None,
    preprocessing: Annotated[
        bool,
        typer.Option("--with-preprocessing", help="ONNX takes images of bytes, 0..255, not floats in [0, 1]."),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare ONNX with the model, where onnxruntime is installed.")
    ] = True,
) -> None:
    """Write a model for other programs: ONNX, JSON or safetensors.

    [bold]inkgrad export digits.safetensors[/]
    digits.onnx, which onnxruntime and many others run: in go images (N, 28, 28, 1) of
    numbers in [0, 1], 0 for paper, and out come probabilities (N, 10)

    [bold]inkgrad export digits.safetensors phone.onnx --with-preprocessing[/]
    the same for images of bytes, (N, 28, 28), as libraries for pictures give them

    [bold]inkgrad export digits.safetensors --to json[/]
    digits.json, every number in a row of text

    [bold]inkgrad export digits.onnx mine.safetensors[/]
    back again; every command takes .onnx and .json too

    ONNX needs the extra: pip install 'inkgrad\\[onnx]'
    Exit status: 0 written, 1 onnxruntime gives other probabilities, 2 it cannot be written.
    """
    kind = _kind(out, to)
    if preprocessing and kind is not FileFormat.onnx:
        raise SettingError("--with-preprocessing is for ONNX: leave it out")
    target = out or _beside(model, kind)
    if target == STDOUT:
        if kind is not FileFormat.json:
            raise SettingError("standard output takes JSON alone: name a file, or add --to json")
    else:
        refuse_same(target, [model])
        refuse_unwritable(target)
    loaded = load(model)
    if kind is FileFormat.onnx:
        _write_onnx(loaded, target, preprocessing, check)
    elif kind is FileFormat.safetensors:
        loaded.save(target)
        say(f"wrote {target}: inkgrad.load({str(target)!r}) reads it, as does the library safetensors of any language")
    elif target == STDOUT:
        sys.stdout.write(to_json(loaded))
    else:
        _write(target, to_json(loaded).encode())
        say(f"wrote {target}: text to look into; inkgrad.load({str(target)!r}) reads it too")


def _kind(out: Path | None, to: FileFormat | None) -> FileFormat:
    """Return the format, from what was said and from OUT's ending."""
    ending = out.suffix.lower() if out else ""
    told = FileFormat(ending[1:]) if ending in ENDINGS else None
    if to is None and told is None and out is not None:
        raise SettingError(f"{out} does not tell its format: end it in {', '.join(ENDINGS)}, or add --to")
    if to is not None and told not in (None, to):
        raise SettingError(f"{out} ends as {told} does, but --to says {to}: change one of them")
    return to or told or FileFormat.onnx


def _beside(model: Path, kind: FileFormat) -> Path:
    """Return the name of the model's file with the ending of the format; one that comes along has none."""
    if str(model) in shipped() and not model.is_file():
        return Path(f"{model}.{kind}")
    stem = model.stem if model.suffix.lower() in ENDINGS else model.name
    return model.with_name(f"{stem}.{kind}")


def _write(target: Path, raw: bytes) -> None:
    with replacing(target) as file:
        file.write(raw)


def _write_onnx(model: Model, target: Path, preprocessing: bool, check: bool) -> None:
    raw = to_onnx(model, preprocessing)
    _write(target, raw)
    difference = largest_difference(model, raw, preprocessing) if check else None
    if difference is not None:
        print(f"largest difference from onnxruntime {difference:.1e}, in the probabilities of {N_COMPARED} inputs")
    elif check:
        say("it was not compared, as onnxruntime is not installed")
    say(
        f"wrote {target}, opset {OPSET}: in goes {input_of(model, preprocessing)}; out come {OUTPUT!r}, "
        f"{told(output_shape_of(model))}: onnxruntime.InferenceSession({str(target)!r}).run(None, {{{INPUT!r}: x}})"
    )
    # Float32 in another order makes a difference of about 1e-6; written so that NaN fails.
    if difference is not None and not difference <= 1e-4:
        raise typer.Exit(1)
