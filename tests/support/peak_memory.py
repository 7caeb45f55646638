"""The most memory that a process has had."""

import resource
import sys
from pathlib import Path

# for a program in a process of its own
IMPORT_PEAK = f"import sys; sys.path.append({str(Path(__file__).parent)!r}); from peak_memory import peak_bytes\n"


def peak_bytes(process="self"):
    """Return the most memory that this process, or another one by its number, has had.

    What getrusage says begins, in a new process, with what the one had that started it.
    """
    status = Path(f"/proc/{process}/status")
    if status.exists():
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
