"""`ablations list`: what the catalog has."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import (
    json_option,
    parts_option,
    print_json,
    print_table,
    store_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.config import Study, Variant

FEW = 4
PARTS_HEADER = ("part", "name", "reads the settings", "of")


@click.command("list")
@click.argument("study", required=False)
@parts_option
@click.option("--stored", is_flag=True, help="What the archive has, instead of what can be run.")
@store_option
@traceback_option
@json_option
def command(study: str | None, stored: bool, location: str, as_json: bool) -> None:
    """List the studies, recipes, axes, parts and metrics; with STUDY, its variants and the contrasts asked of them.

    With --stored, the studies of the archive, or the variants of STUDY there, by how their runs ended.
    """
    if stored:
        from ablations.commands.stored_listing import show_stored
        from ablations.store.reading import existing

        show_stored(existing(location), study, as_json)
        return
    from ablations.commands.study_files import find_study

    if study is not None:
        found = find_study(study)
        print_json(found.as_dict()) if as_json else _print_study(found)
        return
    from ablations.catalog import AXES, RECIPES, STUDIES
    from ablations.catalog.metrics import METRICS
    from ablations.catalog.outside import OUTSIDE_AXES

    axes = {**AXES, **OUTSIDE_AXES}

    if as_json:
        print_json(
            {
                "studies": {name: item.as_dict() for name, item in STUDIES.items()},
                "recipes": {name: item.as_dict() for name, item in RECIPES.items()},
                "axes": {
                    name: {
                        "question": axis.question,
                        "levels": {level.name: dict(level.overrides) for level in axis.levels},
                        "sources": list(axis.sources),
                    }
                    for name, axis in axes.items()
                },
                "metrics": METRICS,
                "parts": [dict(zip(PARTS_HEADER, row, strict=True)) for row in _parts()],
            }
        )
        return
    studies = [(s.name, str(len(s.variants)), str(s.seeds), s.title) for s in STUDIES.values()]
    print_table(("study", "variants", "seeds", "title"), studies, right=frozenset({1, 2}))
    click.echo()
    print_table(
        ("recipe", "batch", "steps", "networks"), [_recipe_row(r) for r in RECIPES.values()], right=frozenset({1, 2})
    )
    click.echo()
    levels = [(name, ", ".join(level.name for level in axis.levels)) for name, axis in axes.items()]
    print_table(("axis", "levels"), levels)
    click.echo()
    print_table(PARTS_HEADER, _parts())
    click.echo()
    metrics = [(name, row.better, row.about) for name, row in METRICS.items() if not row.detail]
    print_table(("metric", "better", "what it is"), metrics)


def _parts() -> list[tuple[str, str, str, str]]:
    """Every part that a variant may name, built in or of the user's own."""
    from ablations.config.own_modules import SIDES, ModuleFactories
    from ablations.config.own_use import settings_taken
    from ablations.config.parts import KINDS

    rows = []
    for kind, registry in KINDS.items():
        for name in registry:
            part = registry[name]
            said = kind
            if isinstance(part.builder, ModuleFactories):
                said = " and ".join(side for side in SIDES if part.builder.of(side))
            source = part.origin.name if part.origin else "built in"
            own = settings_taken(kind, part)
            names = {key.rpartition(".")[2] for key in own}
            reads = [key for key in part.settings if key not in names or not isinstance(part.builder, ModuleFactories)]
            own_words = [f"{key}={_short(value)}" for key, value in own.items()]
            rows.append((said, name, ", ".join([*reads, *own_words]), source))
    return rows


def _recipe_row(recipe: Variant) -> tuple[str, str, str, str]:
    sides = (recipe.generator, recipe.discriminator)
    networks = ", ".join(
        f"{'GD'[i]} {net.architecture} {'-'.join(map(str, net.hidden))}" for i, net in enumerate(sides)
    )
    condition = ", conditional" if recipe.conditional else ""
    return recipe.name, str(recipe.batch_size), f"{recipe.steps:,}", networks + condition


def _print_study(study: Study) -> None:
    click.echo(f"{study.name}: {study.title}")
    click.echo(textwrap.fill(study.description, width=110) + "\n")
    first = study.variants[0].flat()
    rows = [(v.name, f"{v.steps:,}", _differences(first, v.flat()) or "(the first)") for v in study.variants]
    print_table(("variant", "steps", "differs from the first by"), rows, right=frozenset({1}))
    if study.contrasts:
        click.echo()
        contrasts = [(c.axis, c.question, f"{c.treatment} against {c.reference}") for c in study.contrasts]
        print_table(("axis", "question", "contrast"), contrasts)
    if study.claims:
        click.echo()
        rows = [(claim.name, claim.text, test.says) for claim in study.claims for test in claim.tests]
        print_table(("claim", "what it says", "test"), rows)


def _differences(first: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The first few settings that differ, as `--set` takes them."""
    ignored = ("name", "recipe", "steps")
    changed = [
        f"{key}={_short(value)}" for key, value in settings.items() if value != first.get(key) and key not in ignored
    ]
    more = [f"and {len(changed) - FEW} more (--json)"] if len(changed) > FEW else []
    return ", ".join(changed[:FEW] + more)


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
