"""What several test modules share."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inkgrad.data import Examples, mnist, write_idx
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.fast import kernels
from inkgrad.reader import Reader

INSTRUCTION_SETS = {  # with what of a processor each needs, in the words of Linux
    "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
    "avx2": {"avx2", "fma"},
    "baseline": set(),
}


@pytest.fixture(scope="session")
def digits():
    return mnist()


@pytest.fixture(scope="session")
def some(digits):
    """Training digits of MNIST that the shipped reader was not trained on."""
    return Examples(digits.train.x[-10_000:], digits.train.t[-10_000:])


@pytest.fixture(scope="session")
def reader():
    return Reader()


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory, digits):
    """MNIST's four files with only its first 1,000 training and 200 test digits."""
    folder = tmp_path_factory.mktemp("small")
    for part, examples, n in ("train", digits.train, 1000), ("test", digits.test, 200):
        write_idx(folder / f"{IMAGES[part]}.gz", examples.x[:n, :, :, 0])
        write_idx(folder / LABELS[part], examples.t[:n])
    return folder


@pytest.fixture(scope="module")
def client():
    """A client of a playground."""
    from support.playground import opened  # what it needs is an extra

    with opened() as client:
        yield client


@pytest.fixture
def inkgrad_here(capsys, monkeypatch):
    """Run inkgrad in this process, which is faster than in its own; return what a process would."""
    from inkgrad.cli import main  # it imports more than most tests need

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["inkgrad", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(words, ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def local_ray():
    """A Ray of four cores on this machine, for all tests that need one."""
    ray = pytest.importorskip("ray", reason="Ray, an extra, is not installed")
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def runnable(name):
    """Whether there are kernels for this instruction set, and this machine says that it has it."""
    about = Path("/proc/cpuinfo")  # under qemu that of another kind of processor
    x86 = platform.machine() in ("x86_64", "AMD64")
    can = set(about.read_text().split()) if x86 and about.exists() else set()
    return kernels.compiled is not None and INSTRUCTION_SETS[name] <= can


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.skipif(not runnable(name), reason=f"no {name} kernels run here"))
        for name in INSTRUCTION_SETS
    ]
)
def instructions(request, monkeypatch):
    """The kernels of each instruction set in turn, as far as this machine has it."""
    monkeypatch.setattr(kernels, "compiled", kernels.load_kernels(request.param))
    return request.param
