"""Full disks, and two processes on one file: what stood there stays, and what goes on comes to the same."""

from __future__ import annotations

import errno
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from attack.broken_files import small_model
from attack.kills import Undisturbed, WrittenEvents, clear, epochs_kept, result_of, undisturbed
from attack.swarm import Attack, Finding, forked, refuse_bad_message, waited
from attack.tiny import TinySweep, TinyTraining
from inkgrad.errors import SettingError
from inkgrad.models import load

REFUSED, LOCKED = 10, 11  # exit statuses of children
Work = TinyTraining | TinySweep


def refused(work: Work) -> None:
    """Do the work; end with a status that says how it was refused, if it was."""
    try:
        work.train()
    except OSError as error:
        refuse_bad_message(f"{error.filename}: {error.strerror}")
        os._exit(REFUSED)
    except SettingError as error:
        refuse_bad_message(str(error))
        os._exit(LOCKED if "is held by" in str(error) else 1)


def strike_full(rng: Random, state: tuple[Work, Path, Undisturbed]) -> Counter[str]:
    """Let the disk be full at some moment, once or more, then empty it and go on."""
    work, folder, about = state
    clear(folder)
    epochs, counts = 0, Counter[str]()
    for _ in range(rng.randint(1, 4)):
        status = waited(forked(lambda: _on_full_disk(rng, work, folder, about)))
        if status not in (0, REFUSED):
            raise Finding(f"on a full disk it ended with {status}")
        counts["full disks"] += status == REFUSED
        epochs = epochs_kept(work, epochs)
    if status := waited(forked(work.train)):
        raise Finding(f"after a full disk it ended with {status}")
    if result_of(work) != about.result:
        raise Finding("what came of it is not what comes of it undisturbed")
    if (names := sorted(path.name for path in folder.iterdir())) != about.names:
        raise Finding(f"it left {names} and not {about.names}")
    return counts + Counter(resumed=1)


def _on_full_disk(rng: Random, work: Work, folder: Path, about: Undisturbed) -> None:
    """Train where files may only grow to some size, or where one writing finds no space."""
    if rng.random() < 0.5:
        largest = int(10 ** rng.uniform(0, 6))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    else:

        def no_space() -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

        sys.addaudithook(WrittenEvents(folder, rng.randint(1, about.n_events), no_space))
    refused(work)


def prepare_full(folder: Path) -> tuple[Work, Path, Undisturbed]:
    """Make a training, and what comes of it undisturbed."""
    work = TinyTraining.make(folder)
    return work, folder, undisturbed(work, folder)


def strike_two(rng: Random, state: tuple[Work, Path, Undisturbed]) -> Counter[str]:
    """Start two trainings on one file: one is refused in one line, or comes after the other has ended."""
    work, folder, about = state
    clear(folder)
    first = forked(lambda: refused(work))
    time.sleep(rng.choice([0, 0, rng.uniform(0, about.seconds)]))
    second = forked(lambda: refused(work))
    statuses = sorted((waited(first), waited(second)))
    if statuses not in ([0, 0], [0, LOCKED]):
        raise Finding(f"two trainings on one file ended with {statuses}")
    if result_of(work) != about.result:
        raise Finding("two trainings on one file did not come to what one does")
    return Counter({"pairs": 1, "locked out": statuses.count(LOCKED)})


def strike_saves(rng: Random, folder: Path) -> Counter[str]:
    """Let two processes save two models at one path, while a third one loads: it is always one of the two."""
    path, model = folder / "model.safetensors", small_model()
    models = [model, type(model)(model.network, model.cost, -model.theta, model.labels, model.input_shape)]
    models[0].save(path)

    def save(which: int) -> None:
        for _ in range(20):
            models[which].save(path)

    savers = [forked(lambda which=which: save(which)) for which in (0, 1)]  # type: ignore[misc]
    for _ in range(rng.randint(10, 40)):
        theta = load(path).theta
        if not any(np.array_equal(theta, each.theta) for each in models):
            raise Finding("a model was loaded that is none of the two that were saved")
    if statuses := [status for pid in savers if (status := waited(pid))]:
        raise Finding(f"saving ended with {statuses}")
    if (names := os.listdir(folder)) != [path.name]:
        raise Finding(f"it left {names}")
    return Counter(saves=40)


def strike_device(rng: Random, folder: Any) -> Counter[str]:
    """Run commands whose answers go to /dev/full: they end with 2 and one line."""
    words = rng.choice(
        [["--version"], ["--help"], ["train", "--help"], ["sweep", "--example"], ["train", "--out", "/dev/full"]]
    )
    read, write = os.pipe()

    def run() -> None:
        from inkgrad.cli import main

        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        os.dup2(write, 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        sys.argv = ["inkgrad", *words]
        try:
            main()
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(int(end.code or 0))

    status = waited(forked(run))
    os.close(write)
    with open(read, "rb") as said:
        text = said.read().decode()
    if status != 2 or not text.startswith("inkgrad: ") or text.count("\n") != 1:
        raise Finding(f"{words} > /dev/full ended with {status} and said {text[-300:]!r}")
    return Counter(devices=1)


def attacks() -> list[Attack]:
    """Return the attacks by full disks and by others who write the same files."""
    found = [
        Attack("full-disk", prepare_full, strike_full, seconds=120),
        Attack("two-trainings", prepare_full, strike_two, seconds=120),
        Attack("two-saves", lambda folder: folder, strike_saves, seconds=60, share=0.5),
    ]
    if Path("/dev/full").exists():
        found.append(Attack("dev-full", lambda folder: folder, strike_device, seconds=60, share=0.5))
    return found
