"""Try an installed inkgrad: python smoke.py --kernels page.jpg 1.2.3, or --no-kernels; without a version any will do.

It imports what inkgrad itself needs, and nothing of the source tree, and stops at the first thing that is not so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import inkgrad
from inkgrad.check import check_layer, check_network
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import batches, mnist
from inkgrad.fast import fuse, instruction_set
from inkgrad.layers import Chain, Dense, Flatten, ReLU
from inkgrad.optimizers import Adam
from inkgrad.training import Objective, train

EXTRAS = "sklearn", "onnx", "onnxruntime", "ray", "torch", "starlette", "huggingface_hub", "tensorboardX"
SCRIPT = Path(sys.executable).with_name("inkgrad")
PAGE = ["79018923", "84282", "4650087", "85834713", "149134"]
NETWORK = Chain((Flatten(), Dense(784, 30), ReLU(), Dense(30, 10)))
DIGITS = [7, 2, 1, 0, 4]  # the first that MNIST tests with


@dataclass(frozen=True)
class MeanForSum(Dense):
    """A mistake to find: the bias gradient is a mean over the batch."""

    def parameter_gradient(self, p, g, x, dy):
        super().parameter_gradient(p, g, x, dy)
        g.b = dy.mean(axis=0)


def main() -> None:
    """Try everything in turn, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", action=argparse.BooleanOptionalAction, required=True)
    parser.add_argument("page", help="the page of digits in examples/")
    parser.add_argument("version", nargs="?", default=inkgrad.__version__, help="the version that it must be")
    asked = parser.parse_args()
    is_installed_alone(asked.version)
    says_its_version(asked.version, asked.kernels)
    trains()
    checks_gradients()
    answers_with_the_model_that_comes_along()
    reads(asked.page)
    names_a_missing_extra()
    has_kernels(asked.kernels)


def is_installed_alone(wanted: str) -> None:
    """Have the right version, from this environment, with its types and no extras."""
    place = Path(inkgrad.__file__)
    assert place.is_relative_to(sys.prefix), f"{place} is not in {sys.prefix}"
    assert inkgrad.__version__ == version("inkgrad") == wanted, (inkgrad.__version__, version("inkgrad"), wanted)
    assert (files("inkgrad") / "py.typed").is_file()
    there = [name for name in EXTRAS if find_spec(name)]
    assert not there, f"the environment is not clean: it has {there}"
    print(f"inkgrad {wanted} imports without any extra")


def says_its_version(wanted: str, kernels: bool) -> None:
    """Tell on the command line which version it is, and whether it has fast layers."""
    first, second = command("--version").stdout.splitlines()
    assert first == f"inkgrad {wanted}", first
    assert second.startswith("fast layers: compiled" if kernels else "fast layers: none"), second
    print(f"inkgrad --version: {first}; {second}")


def trains() -> None:
    """Learn digits in 300 steps."""
    data, rng = mnist(), np.random.default_rng(0)
    objective = Objective(NETWORK, SoftmaxCrossEntropy())
    costs = []
    for step in train(objective, objective.init(rng), batches(data.train, 100, rng), Adam(lr=0.005)):
        costs.append(step.cost)
        if step.number == 300:
            break
    theta, start, end = step.theta, float(np.mean(costs[:10])), float(np.mean(costs[-10:]))
    assert end < start / 4, (start, end)
    report = check_network(NETWORK, objective.cost, data.test.x[:3] / 255.0, data.test.t[:3], theta.astype(float))
    assert report.ok, report
    print(f"300 steps: cost from {start:.2f} to {end:.2f}, and its gradient there is right")


def checks_gradients() -> None:
    """Leave a right layer in peace, and name what is wrong with a wrong one."""
    x = np.random.default_rng(0).normal(size=(7, 4))
    assert check_layer(Dense(4, 3), x).ok
    (finding,) = check_layer(MeanForSum(4, 3), x, raises=False).findings
    assert (finding.array, finding.kind) == ("b", "factor"), finding
    print(f"a wrong layer: {finding.message}")


def answers_with_the_model_that_comes_along() -> None:
    """Load the shipped network and the shipped data."""
    found = inkgrad.load("cnn").predict(mnist().test.x[:5]).tolist()
    assert found == DIGITS, found
    print(f"the model that comes along reads {found}")


def reads(page: str) -> None:
    """Read the page of the examples."""
    found = command("read", page).stdout.split()
    assert found == PAGE, found
    print(f"inkgrad read: {' '.join(found)}")


def names_a_missing_extra() -> None:
    """Say in one line which extra a command needs."""
    done = command("serve", status=2)
    (line,) = done.stderr.splitlines()
    assert "inkgrad[web]" in line, line
    print(line)


def has_kernels(wanted: bool) -> None:
    """Put fast layers in where they were compiled, with the same answers; else leave the plain ones."""
    fused = fuse(NETWORK)
    assert (instruction_set() is not None) == (fused != NETWORK) == wanted, (instruction_set(), fused)
    objective, x = Objective(NETWORK, SoftmaxCrossEntropy()), mnist().test.x[:50] / np.float32(255)
    theta = objective.init(np.random.default_rng(0))
    t = mnist().test.t[:50]
    plain, fast = (Objective(network, objective.cost)(theta, x, t)[1] for network in (NETWORK, fused))
    far = float(np.abs(plain - fast).max())
    assert far < 1e-6, far
    print(f"fast layers: at most {far:.0e} from the plain ones" if wanted else "plain layers alone")


def command(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command `inkgrad` of this environment."""
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True)
    assert done.returncode == status, (arguments, done)
    return done


if __name__ == "__main__":
    main()
