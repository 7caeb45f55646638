"""What MkDocs does not do by itself: pages made at build from the source, with no copy of any text.

In a page a line `<!-- code: inkgrad.layers.Dense -->` becomes the lines of code that compute it, and
`<!-- include: benchmarks/**/RESULTS.md -->` those files of the project, and `<!-- table: kinds -->` the table of the
checker's kinds.  Formulas are TeX between dollars.  In the navigation `folder/*` stands for all pages of a folder that
have no place yet.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from command_line import command_line_page
from derivations import code_of
from formulas import with_mathml, write_font
from links import ROOT, relinked, source_pages
from mistakes import kinds_table, mistake_pages
from mkdocs.structure.files import File, Files, InclusionLevel
from reference import reference_pages

MARKER = re.compile(r"^<!-- (code|include|table): (\S+) -->$", re.MULTILINE)
HEADING = re.compile(r"^(#+ )", re.MULTILINE)
FENCE = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)


def _made() -> dict[str, str]:
    """Return the pages that are made of the source alone, by their paths."""
    return {**mistake_pages(), **reference_pages(), "reference/command-line.md": command_line_page()}


def on_config(config: Any) -> Any:
    """Give every page of a folder/* its place in the navigation."""
    folder = Path(config.docs_dir)
    pages = sorted({*_made(), *(str(path.relative_to(folder)) for path in folder.rglob("*.md"))}, key=_order)
    placed = set(re.findall(r"\S+\.md", str(config.nav).replace("'", " ")))
    config.nav = [_expanded(each, pages, placed) for each in config.nav]
    return config


def _order(page: str) -> tuple[bool, str]:
    return not page.endswith("index.md"), page.removesuffix(".md")


def _expanded(item: Any, pages: list[str], placed: set[str]) -> Any:
    ((title, value),) = item.items() if isinstance(item, dict) else [(None, item)]
    if isinstance(value, str) and value.endswith("/*"):
        value = [page for page in pages if page.startswith(value[:-1]) and page not in placed]
    elif isinstance(value, list):
        value = [_expanded(each, pages, placed) for each in value]
        value = [each for part in value for each in (part if isinstance(part, list) else [part])]
    return value if title is None else {title: value}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made, and one for each source file that a page links to."""
    for path, content in _made().items():
        files.append(File.generated(config, path, content=content))
    written = {file.src_uri: file.content_string for file in files.documentation_pages()}
    for path, content in source_pages(written).items():
        files.append(File.generated(config, path, content=content, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in what a page asks for, and mend the links that lead out of docs/."""
    if page.file.src_uri.startswith("source/"):
        return markdown
    return relinked(MARKER.sub(_filled, markdown), page.file.src_uri)


def on_page_content(html: str, **_: Any) -> str:
    """Turn the formulas of a page into MathML."""
    return with_mathml(html)


def on_post_page(output: str, **_: Any) -> str:
    """Give the dialog of the search a name, which Material leaves out, for those who hear the page."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')


def on_post_build(config: Any) -> None:
    """Write the font of the formulas."""
    write_font(Path(config.site_dir))


def _filled(marker: re.Match[str]) -> str:
    if marker[1] == "code":
        return code_of(marker[2])
    if marker[1] == "table":
        return {"kinds": kinds_table}[marker[2]]()
    paths = sorted(ROOT.glob(marker[2]), key=lambda path: (len(path.parts), path))
    return "\n\n".join(_one_level_down(path.read_text()) for path in paths)


def _one_level_down(text: str) -> str:
    parts = FENCE.split(text)  # a "#" in code is no heading
    return "".join(part if i % 2 else HEADING.sub(r"#\1", part) for i, part in enumerate(parts))
