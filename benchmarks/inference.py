"""Answers of the 32-64 network for 10,000 digits and for one, beside onnxruntime and PyTorch."""

from race import race
from standings import table
from tables import threads_text
from workloads import cnn, flop_of_inference

OURS = "inkgrad"


def competitors(images: int) -> dict[str, str]:
    return {
        OURS: f"inkgrad_inference 32 64 --images {images}",
        "onnxruntime": f"onnxruntime_inference 32 64 --images {images}",
        "PyTorch": f"torch_inference 32 64 --images {images}",
        "PyTorch, channels-last": f"torch_inference 32 64 --images {images} --channels-last",
    }


def report(rounds: int) -> str:
    parts = [
        "## Answers of the 32-64 network, float32",
        "inkgrad is asked as a user does, by `Model.probabilities` with bytes, and checks what it is given; the others "
        "have floats ready in memory, 50 images at a time, where they are fastest.",
    ]
    for images in 10_000, 1:
        for n_threads in 1, 2:
            results, flop = race(competitors(images), rounds, n_threads), flop_of_inference(cnn(32, 64), images)
            what = "one digit" if images == 1 else f"{images:,} digits"
            parts += [f"{what}, {threads_text(n_threads)}:", table(results, OURS, flop, n_threads)]
    return "\n\n".join(parts)
