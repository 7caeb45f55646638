"""One training step of the convolutions of a recogniser of lines, beside PyTorch."""

from race import race
from standings import table
from tables import threads_text
from workloads import LINE, flop_of_training, line

BATCH = 32
OURS = "inkgrad"
COMPETITORS = {
    OURS: f"inkgrad_line {BATCH}",
    "inkgrad, plain layers": f"inkgrad_line {BATCH} --plain",
    "PyTorch eager": f"torch_line {BATCH}",
    "PyTorch eager, channels-last": f"torch_line {BATCH} --channels-last",
}


def report(rounds: int) -> str:
    parts = [
        f"## One training step of the convolutions of a recogniser of lines, batch {BATCH}, float32",
        "Lines of 32 × 192 pixels; seven convolutions, 5 × 5 with stride 2, 3 × 3, 1 × 5 and 1 × 3, five with "
        "GroupNorm and ReLU, max-pools of 2 × 2 and 2 × 1; half the squared size of what comes out, Adam.",
    ]
    for n_threads in 1, 2:
        results, flop = race(COMPETITORS, rounds, n_threads), flop_of_training(line(), BATCH, LINE)
        parts += [f"{threads_text(n_threads)}:", table(results, OURS, flop, n_threads)]
    return "\n\n".join(parts)
