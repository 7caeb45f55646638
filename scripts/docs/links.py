"""Links from the pages to files outside docs/: on GitHub they lead to the files, here to pages made of them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
RESULTS = {str(path.relative_to(ROOT)) for path in ROOT.glob("benchmarks/**/RESULTS.md")}
PAGES = {"README.md": "index.md", **dict.fromkeys(RESULTS, "benchmarks.md")}  # what is on a page already
LANGUAGES = {".py": "python", ".hpp": "cpp", ".cpp": "cpp", ".toml": "toml", ".md": "markdown"}


def outside(markdown: str, page: str) -> dict[str, str]:
    """Return the files outside docs/ that a page links to: the link as it is written, and the file in the project."""
    found = {}
    for link in {match[1] for match in LINK.finditer(markdown)}:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
        if not target.startswith("docs/"):
            found[link] = target
    return found


def page_of(target: str) -> str:
    """Return the page, in docs/, that stands for a file of the project."""
    return PAGES.get(target, f"source/{target}.md")


def relinked(markdown: str, page: str) -> str:
    """Return a page whose links outside lead to the pages that stand for the files."""
    places = outside(markdown, page)

    def replace(match: re.Match[str]) -> str:
        if match[1] not in places:
            return match[0]
        here = posixpath.relpath(page_of(places[match[1]]), posixpath.dirname(page) or ".")
        return f"]({here}{match[2] or ''})"

    return LINK.sub(replace, markdown)


def source_pages(pages: dict[str, str]) -> dict[str, str]:
    """Return a page for each file that pages link to, by its path; those that have a page already are left out."""
    targets = {target for page, markdown in pages.items() for target in outside(markdown, page).values()}
    return {page_of(target): _source_page(target) for target in sorted(targets - PAGES.keys())}


def _source_page(target: str) -> str:
    text = (ROOT / target).read_text()
    fence = "````" if "```" in text else "```"
    language = LANGUAGES.get(Path(target).suffix, "text")
    hidden = "---\nsearch:\n  exclude: true\nhide: [toc]\n---"
    return f"{hidden}\n\n# {target}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"
