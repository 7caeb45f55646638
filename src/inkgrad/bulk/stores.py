"""Stores: files at addresses that fsspec knows, such as s3://bucket/scans."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inkgrad.errors import DataError, SettingError
from inkgrad.extras import extra


def is_address(name: str) -> bool:
    """Return whether a name is an address of a store, and no path on this machine."""
    return "://" in name


def store_of(address: str) -> tuple[Any, str]:
    """Return the file system that an address belongs to, and the path in it.

    Raises SettingError when there is no such kind of store, or a package for it is missing.
    """
    with extra("stores", f"{address} needs"):
        import fsspec
    try:
        with _one_line(address):
            store, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SettingError(f"{address} needs a package that is not installed: pip install {_package(error)}") from None
    except DataError:
        raise
    except ValueError as error:
        raise SettingError(f"{address} is in no store that fsspec knows: {error}") from None
    return store, str(path)


def _package(error: ImportError) -> str:
    """Return the packages that the file systems say they miss, each in words of its own."""
    wanted = re.search(r"[Ii]nstall (\w+)|requires (.+) to be installed", str(error))
    names = (wanted[1] or wanted[2]) if wanted else str(error)
    return " ".join(re.findall(r"[\w.-]+", names.replace(" and ", " ")))


def address_of(store: Any, path: str, given: str) -> str:
    """Return the address of a path in the same store as that of the address given, chained where that was."""
    _, colons, chain = given.partition("::")
    return f"{store.unstrip_protocol(path)}{colons}{chain}"


@contextmanager
def opened(name: str) -> Iterator[Any]:
    """Yield a file to read, at an address or on this machine."""
    if is_address(name):
        store, path = store_of(name)
        with _one_line(name), store.open(path, "rb") as file:
            yield file
    else:
        with open(name, "rb") as file:
            yield file


def fetched(address: str) -> bytes:
    """Return the bytes at an address."""
    store, path = store_of(address)
    with _one_line(address):
        return bytes(store.cat_file(path))


@contextmanager
def _one_line(address: str) -> Iterator[None]:
    """Make one of our errors of what a store raises: those of each have a tree of their own."""
    try:
        yield
    except (ImportError, ValueError):
        raise
    except FileNotFoundError:
        raise DataError(f"{address}: there is no such file") from None
    except Exception as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(f"{address} cannot be read: {first}") from error


def listed(store: Any, path: str, address: str, endings: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the paths, and what is known of them, of the files of an address: a file, a pattern, or a folder.

    A folder is walked as on this machine: files with these endings, by name, then its folders.
    """
    with _one_line(address):
        if glob.has_magic(path) and not store.exists(path):
            fitting = store.glob(path, detail=True)
            yield from ((name, about) for name, about in sorted(fitting.items()) if about["type"] == "file")
        elif store.isdir(path):
            yield from _walked(store, path, endings)
        else:
            yield path, store.info(path)


def _walked(store: Any, path: str, endings: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is in a folder; not with store.walk, which leaves out folders that it may not open."""
    inside = [(str(about["name"]).rstrip("/"), about) for about in store.ls(path, detail=True)]
    inside = sorted((each for each in inside if each[0] != path.rstrip("/")), key=lambda each: each[0])
    named = [(name.rpartition("/")[2], name, about) for name, about in inside]
    for last, name, about in named:
        if about["type"] == "file" and not last.startswith(".") and last.lower().endswith(endings):
            yield name, about
    for last, name, about in named:
        if about["type"] == "directory" and not last.startswith("."):
            yield from _walked(store, name, endings)
