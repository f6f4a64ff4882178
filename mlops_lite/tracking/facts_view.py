"""How the code and the surroundings of a run look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_lite.display import Element, card, code, facts, format, section, table

if TYPE_CHECKING:
    from mlops_lite.tracking.facts import Code, Environment

__all__ = ["look_of_code", "look_of_environment"]

_MOST_LINES = 60
_MOST = 30


def look_of_code(found: Code) -> Element:
    """Draw code: the function, where it stood, and what it calls."""
    lines = found.source.rstrip().splitlines()
    shown = lines[:_MOST_LINES] + ["…"] * (len(lines) > _MOST_LINES)
    where = {"file": found.file and f"{found.file}, line {found.line}", "edited after import": ", ".join(found.edited)}
    calls = table(["name", "module"], [[part.name, part.module] for part in found.parts], "In the project", most=_MOST)
    return card(
        f"Code of {found.function}" if found.function else "Code",
        code("\n".join(shown)),
        facts({name: said or None for name, said in where.items()}, "Where it stood"),
        section("What it calls", calls) if found.parts else None,
        subtitle=found.digest[:12],
    )


def look_of_environment(found: Environment) -> Element:
    """Draw the machine and the packages."""
    machine = {
        "Python": f"{found.implementation} {found.python}".strip() or None,
        "system": f"{found.system} {found.release}".strip() or None,
        "processor": f"{found.cpu or found.machine}, {found.cores} cores" if found.cores else None,
        "memory": format.size(found.memory_bytes) if found.memory_bytes else None,
        "graphics cards": ", ".join(found.gpus) or None,
    }
    rows = found.packages.items()
    return card(
        "Environment",
        facts(machine, "The machine"),
        table(["package", "version"], rows, f"{len(rows)} packages that were imported", most=_MOST),
    )
