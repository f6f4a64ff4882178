"""What differs between two runs: first the causes, in the order in which to look at them, then the effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from mlops_lite import workspace
from mlops_lite.base.digest import short
from mlops_lite.provenance.arguments import argument_names
from mlops_lite.provenance.likeness import IDENTICAL, Likeness, compare_values
from mlops_lite.tracking.artifact import Artifact
from mlops_lite.tracking.describe import Described
from mlops_lite.tracking.pickling import unpickle
from mlops_lite.tracking.run import Run

__all__ = ["CAUSES", "Difference", "causes", "effects", "environment_of", "package_changes"]

CAUSES = ("data", "code", "packages", "seed", "hardware")
_HARDWARE = ("cpu", "cores", "gpus", "machine", "system", "memory_bytes", "threads")


@attrs.frozen
class Difference:
    """One thing that differs.

    Parameters
    ----------
    kind : str
        A cause: ``data``, ``code``, ``packages``, ``seed``, ``hardware``, ``unknown``; or an effect: ``error``,
        ``result``, ``params`` (logged by the function), ``metrics``, ``artifacts``, ``outputs``.
    name : str
        What: an argument, a package, a metric.
    sentence : str
        What differs about it.
    before, after : object
        Both sides, as far as they are short.
    degree : {"equivalent", "different"}
        An effect within the tolerance is equivalent.
    """

    kind: str
    name: str
    sentence: str
    before: Any = attrs.field(default=None, repr=False)
    after: Any = attrs.field(default=None, repr=False)
    degree: str = "different"

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"


# --- causes ----------------------------------------------------------------------------------------------------


def causes(one: Run, other: Run) -> list[Difference]:
    """List what differs in what two runs were made from, in the order data, code, packages, seed, hardware."""
    return [*_data(one, other), *_code(one, other), *_packages(one, other), *_seed(one, other), *_hardware(one, other)]


def _data(one: Run, other: Run) -> Iterator[Difference]:
    before, after = _inputs(one), _inputs(other)
    for ref in sorted(before.keys() | after.keys()):
        left, right = before.get(ref), after.get(ref)
        if left is None or right is None:
            which = "only the second" if left is None else "only the first"
            yield Difference("data", ref, f"{which} used {ref}", left and ref, right and ref)
        elif left != right:
            yield Difference("data", ref, f"{ref} is no longer what it was, or was changed after loading", left, right)
    yield from _params(one, other, "data", given=True)


def _params(one: Run, other: Run, kind: str, *, given: bool) -> Iterator[Difference]:
    """Compare parameters: arguments were given and are causes, what the function logged itself is an effect."""
    arguments = {*argument_names(one), *argument_names(other)}
    for name in sorted(one.params.keys() | other.params.keys()):
        mine, its = one.params.get(name, _Absent), other.params.get(name, _Absent)
        if (name in arguments) == given and not _same_param(mine, its):
            yield Difference(kind, name, f"{name} = {_said(mine)} → {_said(its)}", mine, its)


class _Absent:
    """Not given."""


def _inputs(run: Run) -> dict[str, Any]:
    links = run._state.get("inputs", ())
    return {link["ref"]: (link.get("record", ""), bool(link.get("changed"))) for link in links}


def _same_param(one: Any, other: Any) -> bool:
    if isinstance(one, Described) and isinstance(other, Described):
        return one.digest is not None and (one.type, one.digest) == (other.type, other.digest)
    return bool(compare_values(one, other).degree == "identical")


def _said(value: Any) -> str:
    if value is _Absent:
        return "none"
    text = str(value) if isinstance(value, Described) else repr(value)
    digest = f" ({short(value.digest)})" if isinstance(value, Described) and value.digest else ""
    return (text if len(text) <= 60 else text[:60] + "…") + digest


def _code(one: Run, other: Run) -> Iterator[Difference]:
    before, after = one.code, other.code
    if before is None or after is None or before.digest == after.digest:
        return
    said = False
    texts = {part.name: part.source for part in before.parts} | {before.function: before.source}
    others = {part.name: part.source for part in after.parts} | {after.function: after.source}
    for name in sorted(texts.keys() | others.keys()):
        if texts.get(name) != others.get(name):
            said = True
            yield Difference("code", name, f"{name} is another one", texts.get(name), others.get(name))
    for name in sorted(before.globals.keys() | after.globals.keys()):
        mine, its = before.globals.get(name, _Absent), after.globals.get(name, _Absent)
        if not _same_param(mine, its):
            said = True
            yield Difference("code", name, f"the global {name} = {_said(mine)} → {_said(its)}", mine, its)
    if not said:
        yield Difference("code", "imports", "it imports other names", before.imports, after.imports)


def _packages(one: Run, other: Run) -> Iterator[Difference]:
    before, after = one.environment, other.environment
    if before.python != after.python:
        yield Difference("packages", "python", f"Python {before.python} → {after.python}", before.python, after.python)
    for name, (mine, its) in package_changes(one, other).items():
        if mine and its:
            yield Difference("packages", name, f"{name} {mine} → {its}", mine, its)


def package_changes(one: Run, other: Run) -> dict[str, tuple[str | None, str | None]]:
    """Give the packages whose versions differ, or that only one of two runs had imported."""
    before, after = one.environment.packages, other.environment.packages
    names = sorted(before.keys() | after.keys(), key=str.lower)
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _seed(one: Run, other: Run) -> Iterator[Difference]:
    if one.seed != other.seed:
        yield Difference("seed", "seed", f"seed {one.seed} → {other.seed}", one.seed, other.seed)


def _hardware(one: Run, other: Run) -> Iterator[Difference]:
    before, after = environment_of(one), environment_of(other)
    for name in _HARDWARE:
        if before.get(name) != after.get(name):
            mine, its = before.get(name), after.get(name)
            yield Difference("hardware", name, f"{name} {_said(mine)} → {_said(its)}", mine, its)


def environment_of(run: Run) -> Mapping[str, Any]:
    """Give what is known of a run's machine, by name."""
    found = run.environment
    return {**attrs.asdict(found, recurse=False), **found.details}


# --- effects ---------------------------------------------------------------------------------------------------


def effects(one: Run, other: Run, tolerance: float, ignore: frozenset[str] = frozenset()) -> list[Difference]:
    """List what differs in what came of two runs: error, returned value, metrics, artifacts, outputs."""
    found = [*_error(one, other)]
    if not found and "result" not in ignore:
        found += _result(one, other, tolerance)
    found += _params(one, other, "params", given=False)
    found += _metrics(one, other, tolerance, ignore)
    found += _artifacts(one, other, tolerance, ignore)
    return [*found, *_outputs(one, other, ignore)]


def _effect(kind: str, name: str, likeness: Likeness, before: Any = None, after: Any = None) -> Iterator[Difference]:
    if likeness.degree != "identical":
        sentence = f"{name}{likeness.where}: {likeness.why}"
        yield Difference(kind, name, sentence, before, after, likeness.degree)


def _error(one: Run, other: Run) -> Iterator[Difference]:
    mine, its = (run.error and (run.error.type, run.error.message) for run in (one, other))
    if mine != its:
        said = [str(run.error) if run.error else run.status for run in (one, other)]
        yield Difference("error", "error", f"it ended: {said[0]} → {said[1]}", *said)


def _result(one: Run, other: Run, tolerance: float) -> Iterator[Difference]:
    mine, its = one._state.get("result"), other._state.get("result")
    if mine is None or its is None:
        return
    if _digest(one, mine) is not None and _digest(one, mine) == _digest(other, its):
        return
    what = "the returned value"
    try:
        left, right = _value(one, mine), _value(other, its)
    except LookupError as error:
        yield Difference("result", what, f"{what}: {error}", one.result, other.result)
    else:
        yield from _effect("result", what, compare_values(left, right, tolerance), one.result, other.result)


def _digest(run: Run, result: Mapping[str, Any]) -> str | None:
    value = result.get("value")
    if not isinstance(value, dict):
        return None
    if value.keys() == {"$ref"}:  # a version that was registered again has another number and the same content
        return getattr(workspace.open(value["$ref"], run.store), "digest", None)
    return value["$value"].get("digest") if value.keys() == {"$value"} else None


def _value(run: Run, result: Mapping[str, Any]) -> Any:
    value = result.get("value")
    if isinstance(value, dict) and value.keys() == {"$ref"}:
        found = workspace.open(value["$ref"], run.store)
        return found.load() if hasattr(found, "load") else value
    if "object" in result:
        return unpickle(run.store, result["object"], f"the result of run {run.id}")
    if result.get("exact") or _digest(run, result) is None:
        return result["value"]
    raise LookupError(f"its digests differ, and its content was not kept ({result.get('not_kept', 'it is large')})")


def _metrics(one: Run, other: Run, tolerance: float, ignore: frozenset[str]) -> Iterator[Difference]:
    for name in sorted((one.metrics.keys() | other.metrics.keys()) - ignore):
        mine, its = one.metrics.get(name), other.metrics.get(name)
        if mine is None or its is None:
            yield Difference("metrics", name, f"{name}: {_said(mine)} → {_said(its)}", mine, its)
            continue
        curves = [run.history(name) for run in (one, other)]
        likeness = IDENTICAL
        for column in ("step", "value"):
            left, right = (curve[column].to_numpy() for curve in curves)
            likeness |= compare_values(left, right, tolerance)
        yield from _effect("metrics", name, likeness, mine, its)


def _artifacts(one: Run, other: Run, tolerance: float, ignore: frozenset[str]) -> Iterator[Difference]:
    for name in sorted((set(one.artifacts) | set(other.artifacts)) - ignore):
        if name not in one.artifacts or name not in other.artifacts:
            which = "second" if name not in one.artifacts else "first"
            yield Difference("artifacts", name, f"only the {which} kept {name}")
            continue
        mine, its = one.artifacts[name], other.artifacts[name]
        if mine.digest != its.digest:
            yield from _effect("artifacts", name, _alike(mine, its, tolerance), mine, its)


def _alike(one: Artifact, other: Artifact, tolerance: float) -> Likeness:
    if one.kind != other.kind or one.kind not in ("frame", "object"):
        return Likeness("different", "", f"{one.kind} of {one.nbytes:,} → {other.kind} of {other.nbytes:,} bytes")
    return compare_values(one.load(), other.load(), tolerance)


def _outputs(one: Run, other: Run, ignore: frozenset[str]) -> Iterator[Difference]:
    """Compare the names of what was made; a version registered again has another number and the same name."""
    mine, its = ([f"{ref.kind}/{ref.name}" for ref in run.outputs] for run in (one, other))
    if mine != its and "outputs" not in ignore:
        said = [", ".join(names) or "nothing" for names in (mine, its)]
        yield Difference("outputs", "outputs", f"made {said[0]} → {said[1]}", mine, its)
