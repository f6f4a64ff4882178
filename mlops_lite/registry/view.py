"""How models, their versions and signatures look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.display import Element, badge, card, facts, format, section, table, text

if TYPE_CHECKING:
    from mlops_lite.registry.registry import Registry
    from mlops_lite.registry.signature import Signature
    from mlops_lite.registry.version import ModelVersion
    from mlops_lite.registry.versions import Versions

__all__ = ["of_registry", "of_signature", "of_version", "of_versions"]

_SHOWN = 20
_METRICS = 4  # of a version in a list


def of_version(version: ModelVersion) -> Any:
    """Draw a model version."""
    aliases, approvals = version.aliases, version.approvals
    said = {
        "class": version.kind,
        "format": version.format,
        "size": format.size(version.nbytes),
        "digest": version.digest[:12],
        "opens with": f"trusted={version.trust!r}",
        "run": version.run,
        "made from": ", ".join(version.datasets) or None,
        "message": version.message,
        "approved by": ", ".join(one.author for one in approvals) or None,
        **{f"tag {name}": value for name, value in version.tags.items()},
    }
    return card(
        version.ref,
        facts(said, "What it is", most=_SHOWN),
        facts(version.metrics, "Metrics", most=_SHOWN) if version.metrics else None,
        section("Parameters", facts(version.params, "Parameters", most=_SHOWN)) if version.params else None,
        section("Signature", *_signature(version.signature)) if version.signature else None,
        *(text(f"{one.author}: {one.text}", quiet=True) for one in version.notes),
        subtitle=f"{version.author}, {format.time(version.created_at)}",
        status=badge(", ".join(aliases), "ok") if aliases else None,
    )


def of_versions(versions: Versions) -> Any:
    """Draw the versions of a model, the newest first, with their metrics."""
    shown = list(reversed(versions))[:_SHOWN]
    metrics = list(dict.fromkeys(name for version in shown for name in version.metrics))[:_METRICS]
    rows = [
        [
            version.version,
            ", ".join(version.aliases),
            *(version.metrics.get(name) for name in metrics),
            version.created_at,
            version.author,
            version.message,
            format.size(version.nbytes),
            ", ".join(version.datasets),
            version.run,
        ]
        for version in shown
    ]
    columns = ["version", "aliases", *metrics, "when", "author", "message", "size", "made from", "run"]
    title = f"model/{shown[0].name}" if shown else "no versions"
    more = f" ({len(versions) - len(shown)} more)" if len(versions) > len(shown) else ""
    return card(title, table(columns, rows, f"Versions, newest first{more}"))


def of_signature(signature: Signature) -> Any:
    """Draw what inputs a model takes."""
    return card("Signature", *_signature(signature))


def _signature(signature: Signature) -> list[Element]:
    shown = [_input(signature, "What it takes")]
    return [*shown, _input(signature.output, "What it gives")] if signature.output else shown


def _input(signature: Signature, caption: str) -> Element:
    if signature.schema is None:
        said = {"kind": signature.container, "type": signature.dtype, "shape": _shape(signature.shape)}
        return facts(said, caption)
    rows = [
        [column.name, column.type, column.nullable, column.name in signature.optional] for column in signature.schema
    ]
    return table(["column", "type", "may be null", "optional"], rows, f"{caption}: {signature.container}", most=_SHOWN)


def _shape(shape: tuple[int | None, ...] | None) -> str | None:
    return None if shape is None else " × ".join("any" if each is None else str(each) for each in shape)


def of_registry(registry: Registry) -> Any:
    """Draw the models of a registry, by name."""
    store = registry.store
    names = registry.models()
    rows = [
        [name, len(store.log("model", name)), _aliases(store.labels("model", name).all())] for name in names[:_SHOWN]
    ]
    shown = (
        table(["model", "versions", "aliases"], rows, format.count(len(names), "model"))
        if rows
        else text("No model yet.")
    )
    return card("Registry", shown, subtitle=store.url)


def _aliases(labels: dict[str, int]) -> str:
    return ", ".join(f"{name} → {number}" for name, number in sorted(labels.items())) or "–"
