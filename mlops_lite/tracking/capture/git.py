"""The commit that the code stands at, and what was changed since.

The command is asked beside the run, never in its way: a run begins with what is known, and the first one of a process
waits for the answer at its end. What is known is asked again once it is a few seconds old, and carries the time at
which it was true. Files that git does not know are kept only if they were imported; names that begin with a dot never.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import clock
from mlops_lite.tracking.masking import mask_text

if TYPE_CHECKING:
    from mlops_lite.tracking.capture import Call

__all__ = ["after", "before"]

_FRESH_S = 5.0
_PATIENCE_S = 1.0  # a huge repository must not hold anybody up; what was not answered is said so
_MOST_DIFF = 4 << 20
_MOST_FILE = 256 << 10
_NO_DOTS = (":(exclude,glob)**/.*", ":(exclude,glob)**/.*/**")


@attrs.frozen
class _Answer:
    at: float
    time: datetime
    facts: Mapping[str, Any]
    texts: Mapping[str, bytes]  # the difference, and files that git does not know


class _Repository:
    """What is known of one working copy."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.answer: _Answer | None = None
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None

    def refresh(self) -> None:
        if self.answer is not None and time.monotonic() - self.answer.at < _FRESH_S:
            return
        with self._lock:
            if self._asking is None or not self._asking.is_alive():
                self._asking = threading.Thread(target=self._ask, name="mlops_lite git", daemon=True)
                self._asking.start()

    def wait(self) -> None:
        asking = self._asking
        if self.answer is None and asking is not None:
            asking.join(_PATIENCE_S)

    def _ask(self) -> None:
        with contextlib.suppress(Exception):
            self.answer = _ask(self.root)


_repositories: dict[str, _Repository | None] = {}  # by folder; None where there is no repository
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_repositories.clear)  # a thread that was asking is not here


def before(call: Call) -> Mapping[str, Any] | None:
    """Begin with what is known, or with what the files of git say at a glance."""
    repository = _repository(call)
    if repository is None:
        return None
    repository.refresh()
    if repository.answer is not None:
        return _facts(call, repository.answer)
    return {"root": str(repository.root), **_glance(repository.root)}


def after(call: Call) -> Mapping[str, Any] | None:
    """End with the answer, if the run began without one."""
    repository = _repository(call)
    if repository is None or "time" in call.state["facts"].get("git", {}):
        return None
    repository.wait()
    if repository.answer is None:
        return {"unanswered": f"git took longer than {_PATIENCE_S:g} s"}
    return _facts(call, repository.answer)


def _facts(call: Call, answer: _Answer) -> dict[str, Any]:
    found = {**answer.facts, "time": answer.time}
    if "diff" in answer.texts:
        found["diff"] = call.keep(answer.texts["diff"])
    files = {path: call.keep(text) for path, text in answer.texts.items() if path != "diff"}
    return {**found, "untracked": files} if files else found


def _repository(call: Call) -> _Repository | None:
    """Find the working copy of the function's file; of a cell or a loose script, that of the working folder."""
    own = _of_folder(os.path.dirname(call.file)) if os.path.isabs(call.file) else None
    return own or _of_folder(os.getcwd())


def _of_folder(folder: str) -> _Repository | None:
    if folder not in _repositories:
        root = _root(Path(folder))
        _repositories[folder] = _Repository(root) if root else None
    return _repositories[folder]


def _root(folder: Path) -> Path | None:
    return next((up for up in (folder, *folder.parents) if (up / ".git").exists()), None)


def _glance(root: Path) -> dict[str, Any]:
    """Read branch and commit from git's own files, where they stand in the simplest way."""
    with contextlib.suppress(OSError):
        head = (root / ".git" / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return {"commit": head}
        ref = head[5:]
        found = {"branch": ref.removeprefix("refs/heads/")}
        with contextlib.suppress(OSError):
            found["commit"] = (root / ".git" / ref).read_text().strip()
        return found
    return {}


def _ask(root: Path) -> _Answer:
    now = clock.now()
    questions = {
        "commit": ["rev-parse", "HEAD"],
        "branch": ["symbolic-ref", "--short", "-q", "HEAD"],
        "remote": ["config", "--get", "remote.origin.url"],
        "diff": ["diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--", ".", *_NO_DOTS],
        "others": ["ls-files", "--others", "--exclude-standard", "-z"],
    }
    running = {name: _command(root, words) for name, words in questions.items()}
    said = {name: _output(process) for name, process in running.items()}
    facts: dict[str, Any] = {"root": str(root)}
    for name in ("commit", "branch", "remote"):
        text = said[name].decode("utf-8", "replace").strip()
        if text:
            facts[name] = mask_text(text)
    diff = mask_text(said["diff"].decode("utf-8", "replace"), assigned=True).encode()
    facts["dirty"] = bool(diff)
    texts = {"diff": diff[:_MOST_DIFF]} if diff else {}
    if len(diff) > _MOST_DIFF:
        facts["diff_cut"] = len(diff)
    return _Answer(time.monotonic(), now, facts, {**texts, **_imported(root, said["others"])})


def _command(root: Path, words: list[str]) -> subprocess.Popen[bytes] | None:
    # no optional locks: the user's own git must not meet an index.lock of ours; no monitor: nothing is to be started
    command = ["git", "-C", str(root), "--no-optional-locks", "-c", "core.fsmonitor=false", *words]
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
    return None


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _output(process: subprocess.Popen[bytes] | None) -> bytes:
    if process is None:
        return b""
    try:
        return process.communicate(timeout=30)[0] if process.args else b""
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return b""


def _imported(root: Path, others: bytes) -> dict[str, bytes]:
    """Read the files that git does not know, if they were imported."""
    names = [os.fsdecode(name) for name in others.split(b"\0") if name]
    if not names:
        return {}
    loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found = {}
    for name in names:
        path = root / name
        if str(path) not in loaded or any(part.startswith(".") for part in Path(name).parts):
            continue
        with contextlib.suppress(OSError):
            if path.stat().st_size <= _MOST_FILE:
                found[name] = mask_text(path.read_text("utf-8", "replace"), assigned=True).encode()
    return found
