"""What the commands of `python -m bench` share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results/bench"),
    show_default=True,
    help="Folder of the JSON.",
)
quick_option = click.option("--quick", is_flag=True, help="Tiny rounds on small data: shows that it runs, no more.")


def choose(only: tuple[str, ...], names: list[str]) -> list[str]:
    """Those asked for, or all. Raises `click.BadParameter` for one that does not exist."""
    for name in only:
        if name not in names:
            raise click.BadParameter(f"{name!r} is none of: {', '.join(names)}")
    return [name for name in names if not only or name in only]


def tiny(quick: bool) -> dict[str, Any]:
    """The settings of a quick measurement of the limits."""
    return {"rounds": 1, "seconds": 0.001} if quick else {}


def save(out: Path, name: str, tree: dict[str, Any], device: str = "cpu") -> None:
    """Write `out`/`name`.json with the facts of the machine."""
    from ablations.execution.environment import environment

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.json"
    path.write_text(json.dumps(tree | {"environment": environment(device)}, indent=1) + "\n")
    click.echo(f"written: {path}")
