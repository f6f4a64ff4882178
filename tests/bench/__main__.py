"""Run benchmarks and print a table."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys

from tests import bench


def machine() -> str:
    """Name the machine that was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores {platform.machine()}, {memory:.0f} GiB, {system}"


def amount(value: float | None, unit: str) -> str:
    """Write a figure with its unit."""
    if value is None:
        return "–"
    if unit == "s":
        return f"{value:.3f} s" if value >= 1 else f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} µs"
    return f"{value:,.4g} {unit}"


def main(wanted: list[str]) -> None:
    """Run what was asked for, or everything."""
    areas = [found.name for found in pkgutil.iter_modules(bench.__path__) if not found.name.startswith("_")]
    for area in areas:
        if not wanted or any(name.split(".")[0] == area for name in wanted):
            importlib.import_module(f"tests.bench.{area}")
    print(f"Measured on {machine()}.\n")
    print("| case | ours | floor | ratio | peers | mark | holds |\n|---|---|---|---|---|---|---|")
    for name, function in bench.CASES.items():
        if wanted and not any(name == one or name.startswith(one + ".") for one in wanted):
            continue
        for row in function():
            ratio = f"{row.ratio:.2f}" if row.ratio is not None else "–"
            peers = ", ".join(f"{peer} {amount(value, row.unit)}" for peer, value in row.peers.items()) or "–"
            holds = {None: "–", True: "yes", False: "**no**"}[row.holds]
            print(
                f"| {row.name} | {amount(row.ours, row.unit)} | {amount(row.floor, row.unit)} | {ratio} "
                f"| {peers} | {row.mark} | {holds} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
