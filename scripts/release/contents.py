"""What is inside a wheel and an sdist, and what must be and must not."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path, PurePosixPath

DATA = "data/mnist/"
MODELS = "models/trained/"
IN_BOTH = (  # below the package
    "py.typed",
    "check/mistakes/factor.md",
    "fast/LICENCES.md",
    f"{DATA}README.md",
    f"{DATA}SHA256SUMS",
    f"{DATA}train-images-idx3-ubyte.gz",
    f"{DATA}train-labels-idx1-ubyte.gz",
    f"{DATA}t10k-images-idx3-ubyte.gz",
    f"{DATA}t10k-labels-idx1-ubyte.gz",
    *(
        f"data/composed/composed-{part}-{kind}-ubyte.gz"
        for part in ("train", "test")
        for kind in ("images-idx3", "labels-idx1")
    ),
    f"{MODELS}README.md",
    f"{MODELS}cnn.safetensors",
    f"{MODELS}reader.safetensors",
    "web/page/index.html",
)
IN_SDIST = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CMakeLists.txt",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "PKG-INFO",
    "README.md",
    "lab/synthetic/__init__.py",
    "pyproject.toml",
    "src/inkgrad/fast/cpp/module.cpp",
    "tests/support/catalogue.py",
)
CPP = "src/inkgrad/fast/cpp/"
KERNELS = re.compile(r"inkgrad/fast/_kernels_(\w+)\.[\w.-]+")
OURS_ALONE = {"build", "dist", "run", "site"}  # made here, at the top of the tree
PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
BUILT = {".a", ".dll", ".dylib", ".o", ".pyc", ".so"}
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")


def files_of(archive: Path) -> dict[str, int]:
    """Return the files in a wheel or an sdist with their sizes in bytes; the sdist's own folder is left out."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {info.filename: info.file_size for info in wheel.infolist() if not info.is_dir()}
    with tarfile.open(archive) as sdist:
        return {member.name.partition("/")[2]: member.size for member in sdist if not member.isdir()}


def wrong_in_sdist(files: dict[str, int], readme: str) -> Iterator[str]:
    """Yield what is wrong with an sdist of these files and this README, a line each."""
    for name in (*IN_SDIST, *(f"src/inkgrad/{name}" for name in IN_BOTH)):
        if name not in files:
            yield f"{name} is missing"
    for link in relative_links(readme):
        if link not in files:
            yield f"{link}, which the README links to, is missing"
    for path in map(PurePosixPath, files):
        hidden = [part for part in path.parts if part.startswith(".") and part != ".gitignore"]
        if hidden or "__pycache__" in path.parts or path.suffix in BUILT or path.parts[0] in OURS_ALONE:
            yield f"{path} does not belong there"
        elif path.parts[0] == "tests" and path.suffix in PICTURES:
            yield f"{path} is a picture of the tests"


def wrong_in_wheel(wheel: str, files: dict[str, int], sdist: dict[str, int], metadata: str) -> Iterator[str]:
    """Yield what is wrong with a wheel of this name, files and METADATA, made from an sdist of those, a line each."""
    about = message_from_string(metadata)
    info = f"{about['Name']}-{about['Version']}.dist-info/"
    package = {name for name in files if not name.startswith(info)}
    kernels = {name: found[1] for name in package if (found := KERNELS.fullmatch(name))}
    wanted = {name.removeprefix("src/") for name in sdist if name.startswith("src/") and not name.startswith(CPP)}
    if not kernels:
        yield "the compiled kernels are missing: a wheel needs a C++ compiler"
    if "-abi3-" in wheel:
        yield from (f"{name} is for one version of Python" for name in sorted(kernels) if ".abi3." not in name)
    for instructions in ("baseline", "avx2", "avx512") if "x86_64" in wheel and kernels else ():
        if instructions not in kernels.values():
            yield f"the kernels for {instructions} are missing"
    yield from (f"{name} is missing" for name in sorted(wanted - package))
    yield from (f"{name} does not belong there" for name in sorted(package - wanted - kernels.keys()))
    for name in about.get_all("License-File", ["LICENSE"]):
        if f"{info}licenses/{name}" not in files:
            yield f"the licence {name} is missing"


def metadata_of(wheel: Path) -> str:
    """Return the METADATA of a wheel: name, version, requirements and the README."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return opened.read(name).decode()


def relative_links(markdown: str) -> list[str]:
    """Return the files of the project that a page links to or shows; on an index of packages these lead nowhere."""
    return list(dict.fromkeys(LINK.findall(markdown)))
