"""Every page holds: its code runs, its links lead somewhere, and it builds."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
NOT_RUN = re.compile(r"<!-- not run: \S.* -->\s*$")


def name(page):
    return str(page.relative_to(ROOT))


def script(page):
    """Put the blocks of a page together; each stands on its own lines, so that a traceback points into the page."""
    written = page.read_text()
    lines = [""] * (written.count("\n") + 1)
    for block in FENCE.finditer(written):
        if block[2] == "python" and not NOT_RUN.search(written[: block.start()]):
            first = written.count("\n", 0, block.start(3))
            code = [line.removeprefix(block[1]) for line in block[3].splitlines()]
            lines[first : first + len(code)] = code
    return "\n".join(lines)


@pytest.mark.parametrize("page", [page for page in PAGES if script(page).strip()], ids=name)
def test_the_code_of_a_page_runs(page, tmp_path):
    """In order, in one namespace, in an empty folder with a store of its own."""
    (tmp_path / "page.py").write_text(script(page))
    environment = os.environ | {
        "MLOPS_LITE_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, f"{name(page)}:\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_its_language(page):
    assert "" not in {block[2] for block in FENCE.finditer(page.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_to_a_file_leads_somewhere(page):
    written = FENCE.sub("", page.read_text())
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", written))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_the_pages_build_without_a_warning(tmp_path):
    for library in ("material", "mkdocstrings"):  # looked for, not imported: other tests say what this process imported
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed: pip install 'mlops_lite[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "reference" / "api" / "index.html").stat().st_size > 10_000


def test_a_block_that_is_not_run_is_left_out(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\na = 1\n```\n\n<!-- not run: needs a bucket -->\n```python\nb = 2\n```\n")
    assert script(page).split() == ["a", "=", "1"]


def test_the_loop_in_the_readme_takes_fifteen_lines():
    lines = [line for line in script(ROOT / "README.md").splitlines() if line.strip()]
    assert len(lines) <= 15
    assert all(f"ml.{name}" in "\n".join(lines) for name in ("Dataset", "track_run", "Registry", "deploy", "Monitor"))
