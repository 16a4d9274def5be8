"""`ablations compare A B`: the contrast of any two stored variants, or two runs side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.named_runs import find_runs
from ablations.commands.shared import difference_option, json_option, print_json, print_table, store_option

if TYPE_CHECKING:
    from ablations.store.result import Result
    from reports.analysis.head_to_head import HeadToHead


@click.command("compare")
@click.argument("treatment", metavar="A")
@click.argument("reference", metavar="B")
@click.option("--study", help="Of variants that are named without one.")
@click.option("--metric", help="Any recorded metric.  [default: the score]")
@difference_option
@store_option
@json_option
def command(
    treatment: str,
    reference: str,
    study: str | None,
    metric: str | None,
    difference: str | None,
    location: str,
    as_json: bool,
) -> None:
    """Is A better than B? Both are STUDY/VARIANT, a VARIANT (with --study, or where one study alone has it), or the
    beginning of a run's key.
    """
    from ablations.config.errors import ConfigError
    from ablations.store.reading import existing

    archive = existing(location)
    sides = [find_runs(archive, name, study) for name in (treatment, reference)]
    single = [name for name, runs in sides if name.startswith("run ")]
    if len(single) == 1:
        raise ConfigError(f"{single[0]} is a single run, the other side a variant: name two runs, or two variants")
    (one, ours), (other, theirs) = sides
    if one == other:
        raise ConfigError(f"both sides are {one}, the same runs: name two variants, or two runs")
    data = [{item.run.data_digest: item.run.dataset for item in runs} for _, runs in sides]
    if all(data) and data[0].keys().isdisjoint(data[1]):
        names = [" and ".join(dict.fromkeys(found.values())) for found in data]
        raise ConfigError(f"{one} was trained on {names[0]}, {other} on other data, {names[1]}: not comparable")
    if single:
        show_runs((ours[0], theirs[0]), (one, other), metric, as_json)
        return
    from reports.analysis.head_to_head import head_to_head

    found = head_to_head(ours, theirs, (one, other), metric=metric, difference=difference)
    print_json(tree_of(found, one, other)) if as_json else show_variants(found, one, other)


def show_variants(found: HeadToHead, one: str, other: str) -> None:
    from reports import words
    from reports.analysis.sentences import pairing_in_words, statuses_in_words

    item, metric = found.comparison, found.metric
    way = "no way is better" if found.better == "neither" else f"{found.better} is better"
    click.echo(f"{one} against {other}: {metric}, {way}; {words.seeds(item)}\n")
    rows = [
        ("mean of the first", words.number(found.treatment_mean)),
        ("mean of the second", words.number(found.reference_mean)),
        ("difference", difference_in_words(found)),
        ("interval", words.bounds(item.interval)),
        *((f"by {split.kind.words}", words.split(split)) for split in found.splits),
        ("p of no difference", words.p_value(item.p_difference)),
        ("p of a larger one", words.p_value(item.p_equivalence)),
        ("superiority", f"{words.number(item.superiority)}: better in {item.wins:g} of {len(item.seeds)} pairs"),
        ("pairing", pairing_in_words([item]) or "unknown"),
        ("verdict", found.verdict),
        ("differs in", "nothing" if found.settings == "the reference" else found.settings),
    ]
    for label, value in rows:
        click.echo(f"{label:30} {value}")
    click.echo("\none question on its own: nothing here is corrected for others that were asked of the same runs")
    for note in (found.depends_on, words.power(item, found.rules), statuses_in_words(item)):
        if note:
            click.echo(note)
    if found.conditions:
        click.echo(f"beside the settings, the runs differ in {found.conditions}")
    if found.left_out:
        click.echo(
            f"{words.count(found.left_out, 'seed')} without a partner: the other side lacks it, or it has no {metric}"
        )


def difference_in_words(found: HeadToHead) -> str:
    """As the comparison finds it; with too few scores for one that of the means, as such."""
    from reports import words

    item = found.comparison
    if math.isfinite(item.effect):
        return f"{words.signed(item.effect)} ({words.percent(item.percent)})"
    plain = found.treatment_mean - found.reference_mean
    return f"{words.signed(plain)} of the means" if math.isfinite(plain) else words.signed(plain)


def tree_of(found: HeadToHead, one: str, other: str) -> dict[str, Any]:
    item = found.comparison
    keys = (
        "effect", "error", "percent", "seeds", "wins", "superiority", "p_difference", "p_equivalence", "p_statuses",
        "margin", "pairing_saved", "detectable", "seeds_for_margin", "rests_on",
    )  # fmt: skip
    parts = {
        name: {"effect": part.effect, "interval": [part.interval.low, part.interval.high], "verdict": part.verdict}
        for split in found.splits
        for name, part in split.parts.items()
    }
    return {
        "treatment": one,
        "reference": other,
        "metric": found.metric,
        "better": found.better,
        "treatment_runs": dict(item.treatment_counts),
        "reference_runs": dict(item.reference_counts),
        "treatment_mean": found.treatment_mean,
        "reference_mean": found.reference_mean,
        **{key: getattr(item, key) for key in keys},
        "interval": [item.interval.low, item.interval.high],
        "parts": parts,
        "verdict": found.verdict,
        "depends_on": found.depends_on,
        "differs_in": found.settings,
        "conditions_differ_in": found.conditions,
    }


def show_runs(results: tuple[Result, Result], names: tuple[str, str], metric: str | None, as_json: bool) -> None:
    """Two runs side by side. One pair carries no verdict."""
    from ablations.config.description import differences
    from reports import words
    from reports.analysis.comparable import check_comparable
    from reports.analysis.head_to_head import measured, metric_of

    check_comparable(" against ".join(names), results)
    chosen = metric_of(results, metric)
    rows = [
        {
            "run": name.removeprefix("run "),
            "study": result.study,
            "variant": result.run.variant.name,
            "seed": result.run.seed,
            "status": result.status,
            "steps": result.last_step,
            chosen: measured(result, chosen),
        }
        for name, result in zip(names, results, strict=True)
    ]
    differ = differences(results[0].run.variant, results[1].run.variant)
    if as_json:
        print_json({"runs": rows, "first_differs": differ, "verdict": None})
        return
    cells = [tuple(words.number(v) if isinstance(v, float) else str(v) for v in row.values()) for row in rows]
    print_table(tuple(rows[0]), cells, right=frozenset({3, 5, 6}))
    click.echo(f"\nthe first differs from the second in: {'nothing' if differ == 'the reference' else differ}")
    click.echo("two single runs carry no verdict: compare their variants over several seeds")
