"""Logs: JSON lines, and events as TensorBoard reads them; the records are taken apart here, byte by byte."""

import json
import struct
import sys
from collections import defaultdict

import numpy as np
import pytest
from support.commands import assert_refused, inkgrad, inkgrad_without

from inkgrad.errors import DataError, SettingError
from inkgrad.sessions import Paths, resume, start
from inkgrad.training import Events, read_checkpoint, read_log

pytest.importorskip("tensorboardX")


def crc32c(data):
    """The Castagnoli checksum, bit by bit (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events_of(path):
    """The events of a file: each is its length, that number's checksum, its bytes, their checksum."""
    from tensorboardX.proto.event_pb2 import Event

    raw, place, events = path.read_bytes(), 0, []
    while place < len(raw):
        head = raw[place : place + 8]
        (n,) = struct.unpack("<Q", head)
        body = raw[place + 12 : place + 12 + n]
        assert struct.unpack("<I", raw[place + 8 : place + 12]) == (masked(head),)
        assert struct.unpack("<I", raw[place + 12 + n : place + 16 + n]) == (masked(body),)
        events.append(Event.FromString(body))
        place += 16 + n
    return events


def seen_in(folder):
    """What TensorBoard would show, {tag: {step: value}}: where a file starts at a step, all from there on is purged."""
    from tensorboardX.proto.event_pb2 import SessionLog

    shown = defaultdict(dict)
    for path in sorted(folder.iterdir()):
        for event in events_of(path):
            if event.session_log.status == SessionLog.START:
                for values in shown.values():
                    for step in [step for step in values if step >= event.step]:
                        del values[step]
            for value in event.summary.value:
                assert event.step not in shown[value.tag], "a step twice"
                shown[value.tag][event.step] = getattr(value, value.WhichOneof("value"))
    return {tag: values for tag, values in shown.items() if values}


def trained(folder, data, epochs=2, tensorboard="events", going_on=False, **given):
    """Train the small network in steps of 100 digits; a row of the log after each 10 steps, that is after an epoch."""
    paths = Paths(folder / "m.safetensors")
    begin = resume if going_on else start
    session = begin(paths, {"epochs": epochs, **({} if going_on else {"model": "seed"}), **given}, data)
    session.tensorboard = tensorboard and folder / tensorboard
    list(session.steps())
    return session


def test_each_number_of_the_log_is_a_scalar_of_the_same_name_and_step(tmp_path, small_folder):
    session = trained(tmp_path, small_folder)
    shown = seen_in(tmp_path / "events")
    rows = read_log(session.paths.log)
    assert [row["step"] for row in rows] == [10, 20]
    for name in "epoch", "cost", "quick_accuracy", "test_cost", "test_accuracy", "lr", "seconds":
        assert shown[name] == {row["step"]: pytest.approx(row[name], rel=1e-6) for row in rows}
    assert b"| model | seed |" in shown["training/text_summary"][10].string_val[0]


def test_the_learning_rate_is_that_of_the_step(tmp_path, small_folder):
    paths = Paths(tmp_path / "m.safetensors")
    session = start(paths, {"model": "mlp", "epochs": 1, "lr": 0.01, "batch_size": 200}, small_folder)
    list(session.steps())
    (row,) = read_log(paths.log)
    assert row["step"] == 5
    assert row["lr"] == session.run.optimizer.optimizer.lr(4)  # OneCycle's last step, counted from 0
    assert row["lr"] == pytest.approx(0.01 / 250_000)


def test_after_each_epoch_there_are_histograms_of_parameters_and_gradients(tmp_path, small_folder):
    session = trained(tmp_path, small_folder)
    shown = seen_in(tmp_path / "events")
    theta, run = session.run.theta, session.run
    parts = run.objective.layout.parts(theta)
    for name in "1.W", "1.b", "3.W", "3.b":
        for group in "parameters", "gradients":
            assert sorted(shown[f"{group}/{name}"]) == [10, 20]
        last = shown[f"parameters/{name}"][20]
        assert last.num == sum(last.bucket) == parts[name].size
        assert (last.min, last.max) == pytest.approx((parts[name].min(), parts[name].max()))
    examples = session.dataset.train
    x, t = examples.x[:100].astype(np.float32) / np.float32(255), examples.t[:100]
    _, gradient = run.objective(theta, x, t)
    found = shown["gradients/3.W"][20]
    assert found.sum_squares == pytest.approx(float((run.objective.layout.parts(gradient)["3.W"] ** 2).sum()), rel=1e-3)


def test_a_training_that_goes_on_has_each_step_once(tmp_path, small_folder):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in whole, parts:
        folder.mkdir()
    trained(whole, small_folder, epochs=4)
    trained(parts, small_folder, epochs=1)
    session = trained(parts, small_folder, epochs=2, going_on=True)
    checkpoint = session.paths.checkpoint.read_bytes()
    trained(parts, small_folder, epochs=3, going_on=True)
    session.paths.checkpoint.write_bytes(checkpoint)  # as if it had been killed in the third epoch
    trained(parts, small_folder, epochs=4, going_on=True)
    once, again = seen_in(whole / "events"), seen_in(parts / "events")
    assert len(list((parts / "events").iterdir())) == 4
    assert once.keys() == again.keys()
    assert once["cost"] == again["cost"]
    assert list(once["cost"]) == [10, 20, 30, 40]
    assert once["parameters/1.W"] == again["parameters/1.W"]


def test_a_training_begun_anew_takes_the_place_of_the_one_before(tmp_path, small_folder):
    trained(tmp_path, small_folder, epochs=3)
    trained(tmp_path, small_folder, epochs=1)
    assert list(seen_in(tmp_path / "events")["cost"]) == [10]


def test_events_that_begin_late_have_the_rows_from_before(tmp_path, small_folder):
    trained(tmp_path, small_folder, epochs=1, tensorboard=None)
    trained(tmp_path, small_folder, epochs=2, going_on=True)
    assert list(seen_in(tmp_path / "events")["cost"]) == [10, 20]


def test_events_change_nothing_of_the_training(tmp_path, small_folder):
    with_events = trained(tmp_path, small_folder)
    model = with_events.run.theta.copy()
    assert np.array_equal(trained(tmp_path, small_folder, tensorboard=None).run.theta, model)


def test_a_histogram_has_no_place_for_what_is_no_number(tmp_path):
    with Events(tmp_path / "events") as events:
        events.histograms(7, "gradients", {"W": np.array([1.0, np.nan]), "b": np.full(3, 2.0), "none": np.zeros(0)})
    assert {tag: list(steps) for tag, steps in seen_in(tmp_path / "events").items()} == {"gradients/b": [7]}


def test_a_folder_that_cannot_be_is_refused_before_training(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="not a folder, choose another name"):
        Events(tmp_path / "file" / "events")


def test_the_option_of_inkgrad_train_writes_them(tmp_path, small_folder):
    train = "train", "--model", "seed", "--data", small_folder, "--epochs", 1
    found = inkgrad(*train, "--tensorboard", "runs/first", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert list(seen_in(tmp_path / "runs" / "first")["cost"]) == [10]


def test_without_the_extra_one_line_says_so_before_training(tmp_path, small_folder):
    train = "train", "--model", "seed", "--data", small_folder, "--tensorboard", "runs"
    found = inkgrad_without("tensorboardX", *train, cwd=tmp_path)
    assert_refused(found)
    assert found.stderr == (
        "inkgrad: events for TensorBoard need tensorboardX, which is not installed: "
        "pip install 'inkgrad[tensorboard]'\n"
    )
    assert not list(tmp_path.iterdir())


# JSON lines.


def test_the_first_row_says_what_is_trained_also_after_going_on(tmp_path, small_folder):
    first = trained(tmp_path, small_folder, epochs=1, tensorboard=None)
    session = trained(tmp_path, small_folder, epochs=2, tensorboard=None, going_on=True)
    rows = read_log(session.paths.log)
    told = rows[0]["training"]
    assert told["made_by"].startswith("inkgrad ")
    assert told["data"] == small_folder.name
    assert (told["model"], told["batch_size"], told["epochs"]) == ("seed", 100, 1)  # as it was begun
    assert first.rows == rows[:1]
    assert "training" not in rows[1]
    assert read_checkpoint(session.paths.checkpoint).notes["rows"] == rows


def test_a_log_is_read_as_it_was_written(tmp_path, small_folder):
    session = trained(tmp_path, small_folder, tensorboard=None)
    assert read_log(session.paths.log) == session.rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ('{"epoch": 1', "has no rows"),  # a line that was never finished
        ('{"epoch": 1}\n{"epoch": 2, "co\n', "line 2 is not JSON"),
        ("[1, 2]\n", "line 1 is not a row of a log"),
        ('{"cost": 1}\n', 'should be an object with an "epoch"'),
        ('{"epoch": 1, "cost": NaN}\n', "line 1 is not JSON that inkgrad train wrote: NaN is not a number of JSON"),
        ('{"epoch": 1, "cost": 1' + "0" * 308 + "}\n", "line 1 is not JSON .*: a whole number has 309 digits"),
        ('{"epoch": ' + "[" * 955 + "]" * 955 + "}\n", "line 1 is not JSON .*: brackets lie in brackets"),
        ('{"epoch": 1, "training": ' + "[" * 955 + "]" * 955 + "}\n", "line 1 is not JSON .*: brackets lie in"),
        ('{"epoch": ' + "[" * 190 + "]" * 190 + "}\n", r"should hold finite numbers, got epoch \[\[\[\[...\]"),
        ('{"epoch": "one"}\n', "should hold finite numbers, got epoch 'one'"),
        ('{"epoch": {}}\n', "should hold finite numbers, got epoch {}"),
        ('{"epoch": 1' + "0" * 308 + "}\n", "line 1 is not JSON .* a whole number has 309 digits, more than 300"),
        ('{"epoch": 1' + "0" * 290 + "}\n", r"line 1 should hold finite numbers, got epoch 1\.0e290$"),
        ('{"epoch": 1, "' + "cost" * 999 + '": {}}\n', "line 1 should hold finite numbers, got costcost.{,60}$"),
        ("\0\xff\n", "line 1 is not JSON"),
        ("[" * 100_000 + "\n", "line 1 is not JSON"),
    ],
)
def test_a_broken_log_is_refused_by_its_line(tmp_path, text, words):
    path = tmp_path / "a.log.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=words):
        read_log(path)


def test_a_last_line_that_is_being_written_is_left_out(tmp_path):
    path = tmp_path / "a.log.jsonl"
    path.write_text(json.dumps({"epoch": 1}) + '\n{"epoch": 2, "co')
    assert read_log(path) == [{"epoch": 1}]


def test_the_extra_is_named_in_python_too(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(SettingError, match=r"pip install 'inkgrad\[tensorboard\]'"):
        Events(tmp_path)
