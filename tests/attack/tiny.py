"""Tiny: trainings and sweeps of a tenth of a second, whose steps, checkpoints and files are those of large ones."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution

from inkgrad.data import write_idx
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.fast import Fast
from inkgrad.models import load
from inkgrad.sessions import Paths, SweepPaths, resume, start
from inkgrad.sweeps import Plan, Sweep

N_TRAIN, N_TEST, BATCH_SIZE = 60, 20, 10


def write_digits(folder: Path) -> Path:
    """Write a folder of a few random images with labels."""
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for part, n in ("train", N_TRAIN), ("test", N_TEST):
        write_idx(folder / IMAGES[part], rng.integers(0, 256, (n, 28, 28)).astype(np.uint8))
        write_idx(folder / LABELS[part], (np.arange(n) % 10).astype(np.uint8))
    return folder


@dataclass(frozen=True)
class TinyTraining:
    """A training of the smallest network, as `inkgrad train` does it."""

    paths: Paths
    data: Path
    epochs: int = 3

    @classmethod
    def make(cls, folder: Path, epochs: int = 3) -> TinyTraining:
        """Return one in a folder, with its data there."""
        return cls(Paths(folder / "tiny.safetensors"), write_digits(folder / "data"), epochs)

    def train(self) -> None:
        """Train to the end, going on from a checkpoint where there is one."""
        given = {"model": "seed", "epochs": self.epochs, "batch_size": BATCH_SIZE}
        if self.paths.checkpoint.exists():
            session = resume(self.paths, {}, None, Fast(1))
        else:
            session = start(self.paths, given, self.data, engine=Fast(1))
        with closing(session.steps()) as steps:
            for _ in steps:
                pass
        session.save_model()

    def theta(self) -> bytes:
        """Return the parameters of the model that came of it."""
        return load(self.paths.model).theta.tobytes()


@dataclass(frozen=True)
class TinySweep:
    """A sweep of three trainings like that, as `inkgrad sweep` does it."""

    paths: SweepPaths
    data: Path

    @classmethod
    def make(cls, folder: Path) -> TinySweep:
        """Return one in a folder, with its data there."""
        return cls(SweepPaths(folder / "tiny.safetensors"), write_digits(folder / "data"))

    @property
    def plan(self) -> Plan:
        """What it tries."""
        space = {"lr": FloatDistribution(0.01, 0.3, log=True), "batch_size": CategoricalDistribution((10, 20))}
        return Plan({"model": "seed", "epochs": 2}, space, trials=3, validation_fraction=0.2)

    def train(self) -> None:
        """Run it to the end, going on from a journal where there is one."""
        with self.paths.take() as lock:
            sweep = Sweep(self.paths, self.plan, self.data, lock, resume=self.paths.journal.exists())
            sweep.run()
            sweep.write_results()
            session = sweep.session(Fast(1))
            with closing(session.steps()) as steps:
                for _ in steps:
                    pass
            session.save_model()
            sweep.finish()

    def theta(self) -> bytes:
        """Return the parameters of the model that came of it."""
        return load(self.paths.model).theta.tobytes()
