"""A measurement holds all its processes to one instruction set, and writes a file for each."""

import os
import sys

import pytest
from support import ROOT
from support.commands import completed, output_of

from inkgrad.fast import kernels

BENCHMARKS = ROOT / "benchmarks"
SAY = "from inkgrad.fast import instruction_set; print(instruction_set())"

pytestmark = pytest.mark.skipif(
    kernels.compiled is None, reason="installed without a C++ compiler, so there are no kernels"
)


def environment(instructions=None):
    named = {} if instructions is None else {"BENCHMARK_INSTRUCTIONS": instructions}
    return os.environ | {"PYTHONPATH": str(BENCHMARKS)} | named


def test_a_competitor_uses_the_instructions_that_are_named():
    assert output_of(f"import compete; {SAY}", env=environment("baseline")) == "baseline\n"
    assert output_of(f"import compete; {SAY}", env=environment()) == f"{kernels.load_kernels().INSTRUCTIONS}\n"


def test_so_does_the_command_that_trains():
    found = completed([sys.executable, BENCHMARKS / "inkgrad_command.py", "--version"], env=environment("baseline"))
    assert "using baseline, " in found.stdout


def test_the_process_that_measures_hands_on_what_it_holds_to():
    program = f"""
import instructions, subprocess, sys
from race import environment
best = instructions.of_this_machine()[0]
instructions.hold_to(best)
{SAY}
subprocess.run([sys.executable, "-c", "import compete; {SAY}"], env=environment(1), check=True)
print(best)
"""
    assert len(set(output_of(program, env=environment()).split())) == 1


def test_rivals_are_held_to_less_than_the_machine_has_and_the_page_says_so():
    program = """
import instructions
for best in "avx2", "avx512":
    print(instructions.rivals_held("avx2", best).get("ATEN_CPU_CAPABILITY"))
    print(instructions.described("avx2", best))
"""
    alone, sentence, held, other = output_of(program, env=environment()).splitlines()
    assert (alone, held) == ("None", "avx2")
    assert sentence == "inkgrad's kernels are those for AVX2, the best that the machine has."
    assert other.endswith("are held to the same; onnxruntime cannot be.")


def test_instructions_that_the_machine_lacks_are_refused():
    found = completed([sys.executable, BENCHMARKS / "run.py", "--instructions", "sse9"], env=environment())
    assert found.returncode == 2
    assert "--instructions: invalid choice: 'sse9'" in found.stderr


@pytest.mark.slow
def test_a_measurement_is_written_with_its_instructions_and_machine(tmp_path):
    words = [sys.executable, BENCHMARKS / "run.py", "--only", "imports", "--rounds", "1"]
    name = kernels.load_kernels().INSTRUCTIONS
    found = completed([*words, "--instructions", name, "--out", tmp_path / "R.md"], env=environment(), timeout=900)
    assert found.returncode == 0, found.stderr
    written = (tmp_path / "R.md").read_text()
    assert written.startswith("# Results with ")
    assert f"inkgrad's kernels: {name}. " in written
    assert "## What importing costs" in written
