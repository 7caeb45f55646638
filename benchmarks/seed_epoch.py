"""Seconds for one epoch of the seed network, 784-100-10 at batch 100, beside the rivals."""

from race import race, table

OURS = "inkgrad_plain"
NAMES = [OURS, "pytorch_eager", "scikit_learn"]


def report(rounds: int) -> str:
    parts = ["## One epoch of the seed network: 60,000 digits, 784-100-10, batch 100, float32"]
    for n_threads in (1, 2):
        parts += [f"{n_threads} thread{'s' * (n_threads > 1)}, {rounds} rounds:"]
        parts += [table(race(NAMES, rounds, n_threads), OURS)]
    return "\n\n".join(parts)
