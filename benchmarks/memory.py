"""The most memory that `inkgrad train` takes."""

import subprocess
import sys

from race import COMMAND

PROGRAM = """
import resource, subprocess, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, sys.argv[1], "train"], cwd=folder, capture_output=True, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""  # in a process of its own, as the figure is that of the largest child ever waited for


def report(rounds: int) -> str:
    found = subprocess.run([sys.executable, "-c", PROGRAM, COMMAND], capture_output=True, text=True, check=True)
    megabytes = int(found.stdout) / 1024
    return f"## Memory\n\n`inkgrad train` as it comes, to the curves: {megabytes:.0f} MB at its peak."
