"""Seconds for a full gradient check of 784-100-10 on 32 digits, beside torch.autograd.gradcheck; and along directions.

PyTorch's takes half a minute for a network, so it is run once, ours five times.
"""

import subprocess
import sys
import time
from importlib.util import find_spec
from statistics import median

import numpy as np
from race import environment

from inkgrad.check import check_network
from inkgrad.check.lessons import LESSONS, checked
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import as_inputs, mnist
from inkgrad.layers import Chain, Dense, ReLU, Tanh
from inkgrad.training import Objective

HAS_TORCH = find_spec("torch") is not None  # which is imported where it is measured: that takes seconds
N_EXAMPLES = 32
ROUNDS = 5


def seconds(work, rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def of_torch(theta, objective, x, t, activation: str) -> float:
    import torch

    parts = [torch.tensor(part.copy(), requires_grad=True) for part in objective.layout.parts(theta).values()]
    x, t = torch.tensor(x), torch.tensor(t.astype(np.int64))
    f = getattr(torch, activation)

    def cost(w1, b1, w2, b2):
        return torch.nn.functional.cross_entropy(f(x @ w1 + b1) @ w2 + b2, t)

    return seconds(lambda: torch.autograd.gradcheck(cost, parts), rounds=1)


def report(rounds: int) -> str:
    """Return the table, measured in a process of its own that has one thread."""
    command = [sys.executable, __file__]
    found = subprocess.run(command, env=environment(1), capture_output=True, text=True, check=True)
    return found.stdout


def measure() -> str:
    examples = mnist().train
    x = as_inputs(examples.x[:N_EXAMPLES], np.float64).reshape(N_EXAMPLES, 784)
    t = examples.t[:N_EXAMPLES]
    lines = [
        f"## A full gradient check of 784-100-10, {N_EXAMPLES} digits, float64, one thread",
        "",
        "| | inkgrad, every entry | torch.autograd.gradcheck | times ours | inkgrad, directions | torch / directions |",
        "|--|--|--|--|--|--|",
    ]
    for activation in Tanh(), ReLU():
        network = Chain((Dense(784, 100), activation, Dense(100, 10)))
        objective = Objective(network, SoftmaxCrossEntropy())
        theta = objective.init(np.random.default_rng(0), np.float64)
        arguments = network, objective.cost, x, t, theta
        full = seconds(lambda arguments=arguments: check_network(*arguments, every_entry=True))
        quick = seconds(lambda arguments=arguments: check_network(*arguments, every_entry=False))
        name = str(activation).lower().removesuffix("()")
        if not HAS_TORCH:
            lines.append(f"| {name} | {full:.2f} s | not installed | | {quick:.3f} s | |")
            continue
        theirs = of_torch(theta, objective, x, t, name)
        lines.append(
            f"| {name} | {full:.2f} s | {theirs:.1f} s | {theirs / full:.0f} | {quick:.3f} s | {theirs / quick:.0f} |"
        )
    exhibits = [exhibit for lesson in LESSONS.values() for exhibit in lesson.make()]
    named = max(seconds(lambda each=each: checked(each.wrong)) for each in exhibits)
    what = f"each of {len(exhibits)} small networks and functions"
    lines += ["", f"Finding and naming the mistake in {what}: {named:.2f} s at most."]
    return "\n".join(lines)


if __name__ == "__main__":
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
    print(measure())
