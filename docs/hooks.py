"""What the documentation takes from elsewhere: its navigation from the folders, the public names from the package."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

_SECTIONS = {
    "Learn": "tutorials",
    "Do": "how-to",
    "Look up": "reference",
    "Understand": "explanation",
    "Performance": "performance",
}
_NAMES = "<!-- public names -->"
_SIBLINGS = "<!-- pages beside this one -->"


def on_config(config: Any) -> Any:
    """Make the navigation: four kinds of page, each folder in the order of its names, its index first."""
    docs = Path(config.docs_dir)
    sections = [{title: _pages(docs, docs / folder)} for title, folder in _SECTIONS.items() if (docs / folder).is_dir()]
    config.nav = [{"Home": "index.md"}, *sections]
    return config


def _pages(docs: Path, folder: Path) -> list[Any]:
    files = sorted(folder.glob("*.md"), key=lambda path: (path.stem not in ("index", "quickstart"), path.stem))
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and any(path.glob("*.md"))]
    below = [{path.name.replace("-", " ").capitalize(): _pages(docs, path)} for path in inner]
    return [str(path.relative_to(docs)) for path in files] + below


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put in what a page asks for: the public names, from their docstrings; the pages beside it."""
    if _NAMES in markdown:
        markdown = markdown.replace(_NAMES, _public_names())
    if _SIBLINGS in markdown:
        markdown = markdown.replace(_SIBLINGS, _siblings(Path(page.file.abs_src_path)))
    return markdown


def _siblings(page: Path) -> str:
    pages = sorted(path for path in page.parent.glob("*.md") if path != page)
    return "\n".join(f"* [{path.read_text().splitlines()[0].lstrip('# ')}]({path.name})" for path in pages)


def _public_names() -> str:
    import mlops_lite

    paths = {
        name: home if inspect.ismodule(getattr(mlops_lite, name)) else f"{home}.{name}"
        for name, home in mlops_lite._HOMES.items()
    }
    return "\n\n".join(f"::: {paths[name]}" for name in sorted(paths, key=str.lower))
