"""Many small pictures of digits, cheaply made, and the workers that read them."""

import os
import signal
from pathlib import Path

import numpy as np
from PIL import Image


def write_pictures(folder, n, digits, seed=0):
    """Write n pictures of 1 to 5 digits to a folder, and return their paths in order."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:06}.png" for number in range(n)]
    for path in paths:
        images = digits.x[rng.integers(0, len(digits), rng.integers(1, 6)), :, :, 0]
        Image.fromarray(255 - np.concatenate(list(images), axis=1)).save(path, compress_level=1)
    return paths


def workers_of(pid):
    """Return the processes that read for this one, of its own or of a Ray that it started."""
    parents = {}
    reading = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if (title.startswith(b"ray::") and b"ReadParts" in title) or b"loky.backend.popen" in title:
            reading.append(int(folder.name))
    return [worker for worker in sorted(reading) if pid in _ancestors(worker, parents)]


def _ancestors(pid, parents):
    found = []
    while pid := parents.get(pid, 0):
        found.append(pid)
    return found


class Killer:
    """Shown how far a reading is, kills a worker with SIGKILL at each of some numbers of pictures done."""

    def __init__(self, *moments):
        self.moments, self.killed = list(moments), []

    def __call__(self, tally):
        if self.moments and tally.n_done >= self.moments[0]:
            victims = [pid for pid in workers_of(os.getpid()) if pid not in self.killed]
            if victims:
                del self.moments[0]
                os.kill(victims[0], signal.SIGKILL)
                self.killed.append(victims[0])
