"""CTC beside PyTorch's: the time of a step's cost, and how exact float32 is."""

import subprocess
import sys
from collections.abc import Callable
from math import ceil

import numpy as np
from quiet import measured
from race import Result, environment
from standings import ratio_text
from tables import markdown, time_text

from inkgrad.arrays import NDArray
from inkgrad.costs import CTC, line_targets
from inkgrad.decoding import align, beam_search, best_path
from inkgrad.layers import Chain, Conv2D, ReLU
from inkgrad.layout import Layout

N_LINES, N_FRAMES, N_CLASSES, N_SAID = 64, 100, 30, 12
ROUNDS = 15
SHORTEST = 0.2  # seconds of a sample


def report(rounds: int) -> str:
    """Return the table, measured in a process of its own where all libraries have one thread."""
    command = [sys.executable, __file__, str(min(rounds, ROUNDS))]
    return subprocess.run(command, env=environment(1), stdout=subprocess.PIPE, text=True, check=True).stdout


def measure(rounds: int) -> str:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(N_LINES, N_FRAMES, N_CLASSES)).astype(np.float32)
    t = line_targets(rng.integers(1, N_CLASSES, (N_LINES, N_SAID)).tolist(), N_FRAMES)
    gradients = {"inkgrad": lambda: CTC().value_and_gradient(y, t)[1]} | _theirs(y, t)
    log_q = np.log(CTC().probabilities(4 * y[0]))
    others: dict[str, Callable[[], object]] = {
        "two convolutions of such lines, forward and back": _convolutions,
        "best path of one line": lambda: best_path(log_q),
        "beam search of one line, width 16": lambda: beam_search(log_q),
        "alignment of 12 classes in one line": lambda: align(log_q, t[0, 1:].tolist()),
        "beam search of one line, width 64": lambda: beam_search(log_q, width=64),
    }
    results = _raced(gradients | others, rounds)
    _, exact = CTC().value_and_gradient(y.astype(np.float64), t)
    ours, rows = results["inkgrad"], []
    for name, gradient in gradients.items():
        error = f"{N_LINES * np.abs(gradient() - exact).max():.1e}"
        rows.append(
            [f"CTC and its gradient, {name}", time_text(results[name].median), ratio_text(results[name], ours), error]
        )
    rows += [[name, time_text(results[name].median), "", ""] for name in others]
    title = f"## Lines: {N_LINES} of {N_FRAMES} frames, {N_CLASSES} classes, {N_SAID} said, float32, one thread\n\n"
    return title + markdown(["", "median", "times ours", "largest error of a probability in the gradient"], rows)


def _theirs(y: NDArray, t: NDArray) -> dict[str, Callable[[], NDArray]]:
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    labellings, n_frames, n_said = torch.tensor(t[:, 1:]), torch.tensor(t[:, 0]), torch.full((len(t),), N_SAID)

    def gradient() -> NDArray:
        logits = torch.tensor(y, requires_grad=True)
        log_q = logits.log_softmax(2).transpose(0, 1)
        losses = torch.nn.functional.ctc_loss(log_q, labellings, n_frames, n_said, reduction="none")
        losses.mean().backward()
        return logits.grad.numpy()

    return {"PyTorch": gradient}


def _raced(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, Result]:
    """Return the samples of each work, done in turn."""
    results = {name: Result() for name in works}
    for work in works.values():
        work()
    repeats = {name: max(1, ceil(SHORTEST / measured(work).seconds)) for name, work in works.items()}
    for _ in range(rounds):
        for name, work in works.items():
            sample = measured(lambda work=work, n=repeats[name]: [work() for _ in range(n)])
            results[name].samples.append(sample._replace(seconds=sample.seconds / repeats[name]))
    return results


def _convolutions() -> None:
    """Pass so many lines of 32 × 400 pixels forward and back through the first layers of a network for them."""
    network = Chain((Conv2D(1, 32, kernel=5, stride=2), ReLU(), Conv2D(32, 32), ReLU()))
    layout, rng = Layout(network.shapes()), np.random.default_rng(0)
    p, g = (layout.views(np.zeros(layout.size, np.float32)) for _ in range(2))
    network.init(p, rng)
    y, cache = network.forward(p, rng.random((N_LINES, 32, 4 * N_FRAMES, 1), np.float32))
    network.parameter_gradient(p, g, cache, y)


if __name__ == "__main__":
    print(measure(int(sys.argv[1])))
