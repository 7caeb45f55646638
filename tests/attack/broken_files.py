"""Broken files: IDX, models, ONNX, JSON, checkpoints, logs, plans and journals of sweeps."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import optuna
from optuna.pruners import NopPruner

from attack.mutations import NUMBERS, bytes_like, json_like, lines_like, message_like, packed, tensors_like
from attack.swarm import Attack, Finding, outcome
from attack.tiny import TinySweep, TinyTraining
from inkgrad.cli.sweep import EXAMPLE
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples, read_idx, write_idx
from inkgrad.interop import load
from inkgrad.interop.json import to_json
from inkgrad.interop.onnx import has_onnx, to_onnx
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, GroupNorm, MaxPool2D, ReLU
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.optimizers import Adam
from inkgrad.sessions.saved_session import epochs_left, read_session
from inkgrad.sweeps import Sweep, read_plan
from inkgrad.training import Engine, Plain, Run, read_checkpoint, read_log, save_checkpoint
from inkgrad.training.log import Log
from inkgrad.writer_lock import WriterLock

NETWORK = Chain((Conv2D(1, 2), ReLU(), MaxPool2D(), GroupNorm(1, 2), Flatten(), Dropout(0.1), Dense(8, 3)))  # of 4 × 5


@dataclass(frozen=True)
class Originals:
    """Good files as bytes, and the path at which a broken one is put."""

    path: Path
    raws: list[bytes]


def file_attack(name: str, make: Any, like: Any, read: Any, *, ending: str = "", seconds: float = 10.0) -> Attack:
    """Return an attack that reads files like the ones that `make` makes in a folder."""

    def prepare(folder: Path) -> Originals:
        return Originals(folder / f"broken{ending}", make(folder))

    def strike(rng: Random, state: Originals) -> Counter[str]:
        state.path.write_bytes(like(rng, rng.choice(state.raws)))
        return outcome(lambda: read(state.path), OSError)

    return Attack(name, prepare, strike, seconds, share=3)


def small_model(engine: Engine | None = None) -> Model:
    """Return a model of a few numbers, with one of each kind of layer that matters here."""
    theta = np.random.default_rng(0).normal(0, 0.5, Layout(NETWORK.shapes()).size).astype(np.float32)
    return Model(NETWORK, SoftmaxCrossEntropy(), theta, ("a", "b", "c"), (4, 5, 1), engine=engine or Plain())


def idx_files(folder: Path) -> list[bytes]:
    """Make arrays of each type, some gzipped."""
    found = []
    for dtype in ("u1", "i1", "i2", "i4", "f4", "f8"):
        for shape in ((7,), (3, 4, 5), (0, 3), (2,) * 6):
            path = folder / "good.idx"
            write_idx(path, np.arange(np.prod(shape)).reshape(shape).astype(dtype))
            found += [path.read_bytes(), gzip.compress(path.read_bytes(), 1)]
    return found


def idx_like(rng: Random, raw: bytes) -> bytes:
    """Return an IDX file with another header, damaged, or gzipped otherwise than it says."""
    is_gzipped = raw[:2] == b"\x1f\x8b"
    if is_gzipped and rng.random() < 0.3:
        return bytes_like(rng, raw)
    inner = bytearray(gzip.decompress(raw) if is_gzipped else raw)
    way = rng.randrange(6)
    if way == 0:
        inner = bytearray(bytes_like(rng, bytes(inner)))
    elif way == 1:
        inner[2] = rng.choice([*range(16), 255])
    elif way == 2:
        n = rng.choice([0, 1, 2, 3, 16, 17, 32, 33, 64, 65, 255])
        inner[3] = n
        inner[4:] = b"".join(packed(">I", rng.choice([0, 1, 1, 2, *NUMBERS])) for _ in range(n)) + bytes(inner[4:])
    elif way == 3:
        axis = 4 + 4 * rng.randrange(max(inner[3], 1))
        inner[axis : axis + 4] = packed(">I", rng.choice(NUMBERS))
    elif way == 4:
        inner += bytes(rng.choice([1, 100, 2_000_000]))
    else:
        del inner[rng.randint(0, len(inner)) :]
    return gzip.compress(bytes(inner), 1) if is_gzipped or rng.random() < 0.2 else bytes(inner)


def read_array(path: Path) -> None:
    """Read an IDX file."""
    array = read_idx(path)
    if not isinstance(array, np.ndarray) or array.nbytes > 100_000_000:
        raise Finding(f"an array of {array.nbytes} bytes came of a file of {path.stat().st_size}")


def model_files(folder: Path) -> list[bytes]:
    """Make a model, and one of other types."""
    path = folder / "good.safetensors"
    small_model().save(path)
    return [path.read_bytes()]


def ask_model(path: Path) -> None:
    """Load a model, and ask it if it is a small one."""
    model = load(path)
    if np.prod(model.input_shape, dtype=float) < 1e5 and model.theta.size < 1e6:
        with np.errstate(all="ignore"):
            model.probabilities(np.zeros((2, *model.input_shape), np.float32))


def json_text_like(rng: Random, raw: bytes) -> bytes:
    """Return other JSON."""
    if rng.random() < 0.1:
        return bytes_like(rng, raw)
    return json_like(rng, json.loads(raw)).encode(errors="replace")


def onnx_like(rng: Random, raw: bytes) -> bytes:
    """Return another ONNX file."""
    import onnx  # an extra

    return message_like(rng, onnx.ModelProto.FromString(raw))


def checkpoint_files(folder: Path) -> list[bytes]:
    """Make the checkpoint of a training of this version."""
    training = TinyTraining.make(folder, epochs=2)
    training.train()
    return [training.paths.checkpoint.read_bytes(), _bare_checkpoint(folder / "bare.safetensors")]


def _bare_checkpoint(path: Path) -> bytes:
    save_checkpoint(path, Run(small_model().objective, Adam(0.1)), {"trial": 1, "rows": []})
    return path.read_bytes()


def take_up(path: Path) -> None:
    """Read a checkpoint, and make of it the run that goes on."""
    epochs_left(read_checkpoint(path))
    saved = read_session(path)
    if saved.settings.classes < 1000:
        saved.settings.run_from(saved.checkpoint, Examples(np.zeros((60, 28, 28, 1), np.uint8), np.zeros(60, int)))


def log_files(folder: Path) -> list[bytes]:
    """Make a log, with what is trained in its first row."""
    row = {"epoch": 0.5, "step": 3, "lr": 0.1, "cost": 2.3, "quick_accuracy": 0.1, "seconds": 0.1}
    rows = [
        row | {"training": {"data": "MNIST", "lr": 0.1}},
        row | {"epoch": 1, "test_cost": 1.0, "test_accuracy": 0.5},
    ]
    Log(folder / "good.jsonl", rows)
    return [(folder / "good.jsonl").read_bytes()]


PLANS = [
    EXAMPLE.encode(),
    b'model = "mlp"\nepochs = 9\n[search]\nhow = "asha"\ntrials = 9\nfirst_rung = 1\nfactor = 3\n'
    b"[space]\nlr = [0.1, 0.2]\nbatch_size = {low = 10, high = 1000}\n",
    b'seed = 5\n[search]\nhow = "grid"\nvalidation_fraction = 0.2\n[space]\nmodel = ["cnn", "seed"]\nlr = [0.1, 0.2]\n',
]
TOML_VALUES = [
    "0", "-1", "1e300", "inf", "nan", "true", '"x"', "[]", "[1, 2]", "{}", "{low = 1, high = 2}",
    "9223372036854775808", "{low = 1e-300, high = 1e300, log = true}",
    "{low = 2, high = 1}", '"grid"', '"asha"', "10000", "10001",
    "1979-05-27", "[0.1, 0.1]", "[[1]]", "'''a\nb'''", "0x7fffffffffffffff", "9" * 400, '"cnn"',
    "[" * 500 + "]" * 500, "[true, 1, 1.0]",
]  # fmt: skip


def plan_like(rng: Random, raw: bytes) -> bytes:
    """Return another plan: values, names and lines exchanged."""
    lines = raw.decode().split("\n")
    for _ in range(rng.randint(1, 3)):
        at, way = rng.randrange(len(lines)), rng.randrange(6)
        name, equals, _ = lines[at].partition(" = ")
        if way <= 2 and equals:
            lines[at] = f"{name} = {rng.choice(TOML_VALUES)}"
        elif way == 3:
            lines[at] = rng.choice(lines)
        elif way == 4:
            lines.insert(
                at, f"{rng.choice(['lr', 'epochs', 'seed', 'classes', 'x', 'a.b', 'how'])} = {rng.choice(TOML_VALUES)}"
            )
        elif len(lines) > 1:
            del lines[at]
    text = "\n".join(lines).encode()
    return bytes_like(rng, text) if rng.random() < 0.15 else text


def plan_trials(path: Path) -> None:
    """Read a plan and draw some of its trials."""
    plan, study = read_plan(path), optuna.create_study(pruner=NopPruner())
    for k in range(min(3, plan.n_trials)):
        plan.settings(plan.new_trial(study, k).params)


def journal_attack() -> Attack:
    """Return an attack on journals of sweeps that have ended."""

    def prepare(folder: Path) -> tuple[TinySweep, WriterLock, bytes]:
        sweep = TinySweep.make(folder)
        sweep.train()
        return sweep, sweep.paths.take(), sweep.paths.journal.read_bytes()

    def strike(rng: Random, state: tuple[TinySweep, WriterLock, bytes]) -> Counter[str]:
        sweep, lock, raw = state
        sweep.paths.journal.write_bytes(lines_like(rng, raw))
        return outcome(lambda: Sweep(sweep.paths, sweep.plan, sweep.data, lock, resume=True).results(), OSError)

    return Attack("journal", prepare, strike, share=3)


def tables(folder: Path) -> list[bytes]:
    """Make Parquet files with a column of pictures."""
    import pyarrow as pa
    from pyarrow import parquet

    found = []
    for table in (
        {"image": [b"x", None]},
        {"image": [b"x"] * 9, "path": ["a"] * 9},
        {"image": [{"bytes": b"x", "path": "a"}]},
    ):
        for packing in ("none", "snappy", "gzip"):
            parquet.write_table(pa.table(table), folder / "good.parquet", compression=packing)
            found.append((folder / "good.parquet").read_bytes())
    return found


def read_table(path: Path) -> None:
    """Count and read the rows of a table."""
    from inkgrad.bulk.picture_tables import Columns, count_rows, read_rows

    count_rows(str(path), Columns())
    for _ in read_rows(str(path), Columns(), 0):
        pass


def attacks() -> list[Attack]:
    """Return the attacks by broken files."""
    found = [
        file_attack("idx", idx_files, idx_like, read_array),
        file_attack("model", model_files, tensors_like, ask_model, ending=".safetensors"),
        file_attack("json", lambda _: [to_json(small_model()).encode()], json_text_like, ask_model, ending=".json"),
        file_attack("checkpoint", checkpoint_files, tensors_like, take_up, ending=".safetensors"),
        file_attack("log", log_files, lines_like, read_log, ending=".jsonl"),
        file_attack("plan", lambda _: PLANS, plan_like, plan_trials, ending=".toml"),
        journal_attack(),
    ]
    if has_onnx():
        found.append(file_attack("onnx", lambda _: [to_onnx(small_model())], onnx_like, ask_model, ending=".onnx"))
    if find_spec("pyarrow"):
        found.append(file_attack("parquet", tables, bytes_like, read_table, ending=".parquet"))
    return found
