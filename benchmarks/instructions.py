"""Instructions: the instruction set that a measurement holds to, in all its processes.

run.py names it in the environment, which every process of a measurement takes over, and those that use kernels call
take().  The rivals that can be held to less than the machine has are held to the same, by settings of their own.
"""

import os

from inkgrad.fast import kernels

NAME = "BENCHMARK_INSTRUCTIONS"  # in the environment
TITLES = {"avx512": "AVX-512", "avx2": "AVX2", "baseline": "the compiler's baseline"}
HELD = {  # of PyTorch, oneDNN and MKL in it, NumPy's OpenBLAS, and JAX; onnxruntime has no such setting
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
}


def of_this_machine() -> list[str]:
    """Return the instruction sets of the machine that there are kernels for, the best first; none without kernels.

    The baseline is left out where there is a better one.
    """
    baseline = kernels.load_kernels("baseline")
    names = [] if baseline is None else list(baseline.instruction_sets())
    return [name for name in names if name != "baseline"] or names


def hold_to(name: str) -> None:
    """Have this process and those that it starts use an instruction set of this machine."""
    os.environ[NAME] = name
    os.environ.update(rivals_held(name, of_this_machine()[0]))
    take()


def rivals_held(name: str, best: str) -> dict[str, str]:
    """Return the rivals' settings where the best of the machine is more than `name`."""
    return {} if name == best else HELD[name]


def take() -> None:
    """Use the kernels of the instruction set that the environment names, the best where it names none."""
    kernels.compiled = kernels.load_kernels(os.environ.get(NAME))


def described(name: str, best: str) -> str:
    """Return a sentence on what inkgrad and its rivals use where the best of the machine is this."""
    if not rivals_held(name, best):
        return f"inkgrad's kernels are those for {TITLES[name]}, the best that the machine has."
    return (
        f"inkgrad's kernels are those for {TITLES[name]}, though the machine has more. PyTorch, NumPy's products and "
        "JAX are held to the same; onnxruntime cannot be."
    )
