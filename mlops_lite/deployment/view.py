"""How places, their entries and verdicts look."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_lite.display import badge, card, facts, section, table, text

if TYPE_CHECKING:
    from mlops_lite.deployment.change import Change, History
    from mlops_lite.deployment.handle import Deployment
    from mlops_lite.deployment.outcome import Outcome
    from mlops_lite.deployment.state import State
    from mlops_lite.deployment.verdict import Verdict

__all__ = ["of_change", "of_deployment", "of_gates", "of_history", "of_verdict"]

_SHOWN = 20


def of_deployment(live: Deployment) -> Any:
    """Draw a handle."""
    history = live.history()
    state, last = live.state, history[-1]
    rows = {
        "serves": state.model,
        "since": _since(history, state.model),
        "on trial": _trial(state),
        "can go back to": ", ".join(reversed(state.earlier)) or None,
        "predictions dropped": live.dropped or None,
        "problem": str(live.problem) if live.problem else None,
    }
    status = badge("problem", "warning") if live.problem else badge("serving", "ok")
    return card(
        f"deployment/{live.name}",
        facts(rows, "What serves"),
        section("History", _entries(history[-_SHOWN:]), opened=True),
        subtitle=f"{last.action} by {last.author}, {last.since:%Y-%m-%d %H:%M:%S} UTC",
        status=status,
    )


def _since(history: History, model: str | None) -> Any:
    """Find when the version that serves came to serve this time."""
    since = None
    for change in reversed(history):
        if change.serving != model:
            break
        since = change.since
    return since


def _trial(state: State) -> str | None:
    trial = state.trial
    if trial is None:
        return None
    what = "in the shadow" if trial.share == 0 else f"answers {trial.share:.0%} of the keys"
    return f"{trial.model} {what} ({trial.rollout})"


def of_change(change: Change) -> Any:
    """Draw an entry."""
    rows = {
        "model": change.model,
        "serving": change.serving,
        "on trial": _trial(change.state),
        "since": change.since,
        "until": change.until,
        "why": change.message,
        **{name: value for name, value in change.facts.items() if isinstance(value, (str, int, float))},
    }
    return card(
        change.ref,
        facts(rows, "What was done"),
        of_gates(change.gates) if change.gates else None,
        subtitle=f"{change.author} on {change.host}" if change.host else change.author,
        status=badge(change.action, "ok" if change.ok else "alert"),
    )


def of_history(history: History) -> Any:
    """Draw a history."""
    return _entries(history)


def _entries(history: History) -> Any:
    rows = [
        [one.number, one.action, _short(one.model), _short(one.serving), _when(one.since), one.author, one.message]
        for one in reversed(history)
    ]
    columns = ["entry", "what", "model", "serves then", "since (UTC)", "who", "why"]
    return table(columns, rows, "Entries, the newest first")


def _short(ref: str | None) -> str | None:
    return ref.partition("/")[2] if ref else None


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def of_verdict(verdict: Verdict) -> Any:
    """Draw what the gates said."""
    status = badge("passed", "ok") if verdict.ok else badge("refused", "alert")
    if not len(verdict):
        return card(verdict.model, text("No gate was asked."), subtitle=f"for {verdict.place}", status=status)
    return card(verdict.model, of_gates(verdict.outcomes), subtitle=f"for {verdict.place}", status=status)


def of_gates(outcomes: tuple[Outcome, ...]) -> Any:
    """Draw what each gate said."""
    rows = [
        [one.gate, badge("passed", "ok") if one.ok else badge("refused", "alert"), one.error or one.sentence]
        for one in outcomes
    ]
    return table(["gate", "verdict", "measured"], rows, "Gates")
