"""Answers of the 32-64 network for 10,000 digits and one, and of 784-100-10 for one, beside onnxruntime and PyTorch."""

from race import race
from standings import table
from tables import threads_text
from workloads import answering, flop_of_inference

OURS = "inkgrad"
PREPARED = "inkgrad, prepared"


def competitors(widths: str, images: int) -> dict[str, str]:
    one = {PREPARED: f"inkgrad_inference {widths} --images 1 --prepared"} if images == 1 else {}
    return one | {
        OURS: f"inkgrad_inference {widths} --images {images}",
        "onnxruntime": f"onnxruntime_inference {widths} --images {images}",
        "PyTorch": f"torch_inference {widths} --images {images}",
        "PyTorch, channels-last": f"torch_inference {widths} --images {images} --channels-last",
    }


def report(rounds: int) -> str:
    parts = [
        "## Answers, float32",
        "inkgrad is asked as a user does, by `Model.probabilities` with bytes, and checks what it is given; for one "
        "digit also by `Model.prepared`. The others have floats ready in memory, 50 images at a time, where they are "
        "fastest.",
    ]
    for what, widths, images in (
        ("10,000 digits, 32-64 network", "32 64", 10_000),
        ("one digit, 32-64 network", "32 64", 1),
        ("one digit, 784-100-10", "100", 1),
    ):
        for n_threads in 1, 2:
            flop = flop_of_inference(answering([int(width) for width in widths.split()]), images)
            results = race(competitors(widths, images), rounds, n_threads)
            ours = PREPARED if images == 1 else OURS
            parts += [f"{what}, {threads_text(n_threads)}:", table(results, ours, flop, n_threads)]
    return "\n\n".join(parts)
