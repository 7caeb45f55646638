"""Print the lines of each package beside those of the last release: python scripts/lines.py.

With --keep those of today are written down, in scripts/release/lines.json, as those of the release that is being made.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "scripts" / "release" / "lines.json"
SOURCES = {".py", ".cpp", ".hpp"}


def lines_of(root: Path) -> dict[str, int]:
    """Return the lines of Python and C++ of each package in src/inkgrad, of its other files, and of lab."""
    package, lines = root / "src" / "inkgrad", Counter[str]()
    for path in [*package.rglob("*"), *(root / "lab").rglob("*")]:
        if path.suffix in SOURCES:
            top = path.relative_to(package if path.is_relative_to(package) else root).parts
            lines[top[0] if len(top) > 1 else "files at the top"] += path.read_bytes().count(b"\n")
    return dict(sorted(lines.items()))


def version_of(root: Path) -> str:
    """Return the version that the newest entry of the changelog names."""
    found = re.search(r"^## (\d\S*) - ", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    return found[1] if found else "none"


def table(now: dict[str, int], before: dict[str, int], version: str) -> str:
    """Return a line for each part, one for inkgrad as a whole, and lab: lines now, of the release, the difference."""
    parts = sorted((now.keys() | before.keys()) - {"lab"})
    rows = [(name, now.get(name, 0), before.get(name, 0)) for name in parts]
    rows.append(("inkgrad", *(sum(counts[1:][k] for counts in rows) for k in (0, 1))))
    rows.append(("lab", now.get("lab", 0), before.get("lab", 0)))
    head = f"{'lines':<18}{'now':>8}{version:>9}{'':>9}"
    return "\n".join([head, *(f"{name:<18}{new:>8,}{old:>9,}{new - old:>+9,}" for name, new, old in rows)])


def main() -> None:
    """Print the table, or keep the lines of today."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--keep", action="store_true", help="write the lines of today down as the release's")
    now = lines_of(ROOT)
    if parser.parse_args().keep:
        KEPT.write_text(json.dumps({"version": version_of(ROOT), "lines": now}, indent=1) + "\n")
    kept = json.loads(KEPT.read_text())
    print(table(now, kept["lines"], kept["version"]))


if __name__ == "__main__":
    main()
