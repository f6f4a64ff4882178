"""What was captured of a run, as it is read: code, surroundings, commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite.base import canonical
from mlops_lite.display import Drawn
from mlops_lite.tracking.describe import restore
from mlops_lite.tracking.parts import Module, Part

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Code", "Environment", "Git", "read_code", "read_environment", "read_git"]


@attrs.frozen(repr=False)
class Code(Drawn):
    """The code that a run was of.

    Parameters
    ----------
    source : str
        The function, decorators included; of a block the script or cell that it stands in.
    function, module, file : str
        Where it stood.
    line : int
    digest : str
        Of everything below: equal digests did the same.
    parts : tuple of Part
        What the function calls in the project or the notebook.
    modules : tuple of Module
        What these need besides each other: imports and globals.
    edited : tuple of str
        Files that had been changed since they were imported: what ran was not what stands there.
    """

    source: str
    function: str = ""
    module: str = ""
    file: str = ""
    line: int = 0
    digest: str = ""
    parts: tuple[Part, ...] = ()
    modules: tuple[Module, ...] = ()
    edited: tuple[str, ...] = ()

    @property
    def imports(self) -> tuple[str, ...]:
        """The lines that bind names of other packages."""
        own = {module.name for module in self.modules}
        lines = {line for module in self.modules for line in module.imports}
        return tuple(sorted(line for line in lines if line.split()[1] not in own))

    @property
    def globals(self) -> Mapping[str, Any]:
        """Values that it reads, described; those of other modules than its own with the module in front."""
        return {
            name if module.name == self.module else f"{module.name}.{name}": value
            for module in self.modules
            for name, value in module.globals.items()
        }

    def script(self) -> str:
        """Write it as one text: imports, plain globals, what is called, the function."""
        plain = [f"{name} = {value!r}" for name, value in self.globals.items() if _is_literal(name, value)]
        parts = [part.source.rstrip() for part in self.parts if part.source]
        return "\n\n".join(["\n".join([*self.imports, *plain]), *parts, self.source.rstrip()]).strip() + "\n"

    def __repr__(self) -> str:
        return f"<Code of {self.function or self.file or 'a block'}, {len(self.source.splitlines())} lines>"

    def _view(self) -> Any:
        from mlops_lite.tracking.facts_view import look_of_code

        return look_of_code(self)


@attrs.frozen(repr=False)
class Environment(Drawn):
    """What a run took place in.

    Parameters
    ----------
    python, implementation, system, release, machine, cpu : str
    cores : int
    memory_bytes : int, optional
    gpus : tuple of str
    packages : mapping of str to str
        What was imported, with versions.
    elsewhere : mapping of str to str
        The line that installs a package that came from no index.
    details : mapping
        The rest.
    """

    python: str = ""
    implementation: str = ""
    system: str = ""
    release: str = ""
    machine: str = ""
    cpu: str = ""
    cores: int = 0
    memory_bytes: int | None = None
    gpus: tuple[str, ...] = ()
    packages: Mapping[str, str] = attrs.field(factory=dict)
    elsewhere: Mapping[str, str] = attrs.field(factory=dict)
    details: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def requirements(self) -> str:
        """The packages as a file for ``pip install -r``."""
        lines = [self.elsewhere.get(name, f"{name}=={version}") for name, version in self.packages.items()]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return f"<Environment: Python {self.python}, {self.system}, {len(self.packages)} packages>"

    def _view(self) -> Any:
        from mlops_lite.tracking.facts_view import look_of_environment

        return look_of_environment(self)


@attrs.frozen
class Git:
    """The commit that the code stood at, and what was changed since.

    Parameters
    ----------
    commit, branch, remote, root : str
    dirty : bool, optional
        Something was changed and not committed; None where git gave no answer in time.
    diff : str
        What was.
    untracked : mapping of str to str
        Imported files that git did not know, by path.
    time : datetime, optional
        When all this was true.
    """

    commit: str = ""
    branch: str = ""
    remote: str = ""
    root: str = ""
    dirty: bool | None = None
    diff: str = attrs.field(default="", repr=False)
    untracked: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    time: datetime | None = None


def read_code(store: Store, fact: Mapping[str, Any]) -> Code | None:
    """Read the code that a fact points at; None where there is none."""
    if "object" not in fact:
        return None
    found = canonical.decode(store.objects.read(fact["object"]))
    parts = tuple(Part(name, module, "", 0, source) for module, name, source in found["parts"])
    return Code(
        found["source"],
        found["function"],
        found["module"],
        found["file"],
        found["line"],
        found.get("digest", ""),
        parts,
        tuple(_module(name, said) for name, said in sorted(found["modules"].items())),
        tuple(fact.get("edited", ())),
    )


def _module(name: str, said: Mapping[str, Any]) -> Module:
    return Module(name, tuple(said["imports"]), restore(said["globals"]), said["kept"], said["lost"])


def read_environment(store: Store, facts: Mapping[str, Any]) -> Environment:
    """Read machine and packages."""
    machine = _object(store, facts.get("environment", {}))
    packages = _object(store, facts.get("packages", {}))
    known = {field.name for field in attrs.fields(Environment)} - {"packages", "elsewhere", "details"}
    own = {name: value for name, value in machine.items() if name in known}
    own["gpus"] = tuple(own.get("gpus", ()))
    rest = {name: value for name, value in machine.items() if name not in known}
    return Environment(
        **own, packages=packages.get("versions", {}), elsewhere=packages.get("elsewhere", {}), details=rest
    )


def read_git(store: Store, fact: Mapping[str, Any]) -> Git | None:
    """Read commit and difference; None outside a working copy."""
    if not fact:
        return None
    text = {path: store.objects.read(digest).decode() for path, digest in fact.get("untracked", {}).items()}
    return Git(
        fact.get("commit", ""),
        fact.get("branch", ""),
        fact.get("remote", ""),
        fact.get("root", ""),
        fact.get("dirty"),
        store.objects.read(fact["diff"]).decode() if "diff" in fact else "",
        text,
        fact.get("time"),
    )


def _object(store: Store, fact: Mapping[str, Any]) -> Mapping[str, Any]:
    if "object" not in fact:
        return {}
    found: Mapping[str, Any] = canonical.decode(store.objects.read(fact["object"]))
    return found


def _is_literal(name: str, value: Any) -> bool:
    return name.isidentifier() and (value is None or isinstance(value, (bool, int, float, str, bytes, list, dict)))
