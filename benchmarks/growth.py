"""How cost grows with the hidden size, the number of images, the batch and the channels."""

from race import race
from standings import peak, ratio_text
from tables import markdown, time_text
from workloads import cnn, flop_of_training, mlp

MOST_ROUNDS = 5  # for each of 13 pairs


def report(rounds: int) -> str:
    rounds = min(rounds, MOST_ROUNDS)
    return "\n\n".join(
        [
            "## How cost grows, one thread",
            *_table(
                "An epoch of 784-h-10 on 6,000 digits, batch 100, as the hidden size h grows:",
                [(f"h = {h}", "mlp", f"{h} --images 6000", flop_of_training(mlp(h), 6000)) for h in (100, 400, 2048)],
                rounds,
            ),
            *_table(
                "An epoch of 784-100-10, batch 100, as the number of images grows:",
                [
                    (f"{n:,} images", "mlp", f"100 --images {n}", flop_of_training(mlp(100), n))
                    for n in (6_000, 20_000, 60_000)
                ],
                rounds,
            ),
            *_table(
                "A step of the 32-64 network, as the batch grows:",
                [(f"batch {n}", "cnn", f"32 64 --batch {n}", flop_of_training(cnn(32, 64), n)) for n in (32, 128, 512)],
                rounds,
            ),
            *_table(
                "A step at batch 128, as the channels grow:",
                [
                    (f"{c}-{2 * c}", "cnn", f"{c} {2 * c}", flop_of_training(cnn(c, 2 * c), 128))
                    for c in (8, 16, 32, 64)
                ],
                rounds,
            ),
        ]
    )


def _table(title: str, cases: list[tuple[str, str, str, float]], rounds: int) -> list[str]:
    """Return a title and a table of cases: a name, "mlp" or "cnn", the competitors' arguments, and the operations."""
    head = ["", "inkgrad", "times the row above", "GFLOP/s", "of sgemm's", "PyTorch eager", "times the row above"]
    head.append("times ours")
    rows, before = [], None
    for name, kind, arguments, flop in cases:
        results = race({"inkgrad": f"inkgrad_{kind} {arguments}", "PyTorch": f"torch_{kind} {arguments}"}, rounds)
        ours, theirs = (result.median for result in results.values())
        ratio = ratio_text(results["PyTorch"], results["inkgrad"])
        grown = [f"{now / then:.2f}" for now, then in zip((ours, theirs), before, strict=True)] if before else ["", ""]
        rate = [f"{flop / ours / 1e9:.1f}", f"{100 * flop / ours / peak(1):.0f} %"]
        rows.append([name, time_text(ours), grown[0], *rate, time_text(theirs), grown[1], ratio])
        before = ours, theirs
    return [title, markdown(head, rows)]
