"""The page on what the seed of the extractors does to scores and verdicts. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from ablations.catalog.metrics import KINDS
from ablations.store.outcomes import statuses
from reports import words
from reports.analysis.agreement import Answer, Measures, answers
from reports.analysis.findings import Findings
from reports.analysis.verdicts import Scores
from reports.pages.rendering import markdown_table

WANTED = 5
"""Trainings of each extractor that were asked for beforehand."""


def page(found: Findings, rows: pd.DataFrame) -> str:
    """Markdown. `rows`: a row a run and extractor seed but 0, with variant, seed, extractor and the scores by their
    names; those by seed 0 are the study's own.
    """
    own = [
        {"variant": item.run.variant.name, "seed": item.run.seed, "extractor": 0}
        | {name: float(item.scores.get(name, math.nan)) for name in rows.columns if name in found.measures.all}
        for item in found.results
    ]
    rows = pd.concat([pd.DataFrame(own), rows], ignore_index=True)
    usable = [
        math.isfinite(found.scores.get(variant, {}).get(seed, math.inf))
        for variant, seed in zip(rows["variant"], rows["seed"], strict=True)
    ]
    rows = rows[usable]
    seeds = sorted(rows["extractor"].unique())
    head = (
        f"The runs of `{found.study.name}`, scored at their last step by {len(seeds)} trainings of both extractors "
        "that differ in the seed alone; seed 0 is the frozen pair by which all scores of this project are taken. The "
        "trainings: `ablations classifier --seed N` and `ablations extractor --seed N`. Scores of different extractors "
        "are in units of their own and never stand in one table but here."
        + (f" Asked for were {WANTED} trainings; {WANTED - len(seeds)} are missing." if len(seeds) < WANTED else "")
        + "\n"
    )
    lines = [
        f"# `{found.study.name}` by extractors of {len(seeds)} seeds\n",
        head,
        "## Verdicts\n",
        *_verdicts(found, rows, seeds),
        "## Scores\n",
        "Means over the runs that have a usable score. *Rank correlation*: of these means with those of seed 0.\n",
        *_scores(found, rows, seeds),
    ]
    return "\n".join(lines) + "\n"


def _verdicts(found: Findings, rows: pd.DataFrame, seeds: Sequence[int]) -> Iterator[str]:
    by_seed = {seed: _answers(found, rows[rows["extractor"] == seed]) for seed in seeds}
    table = []
    moved = 0
    for index, contrast in enumerate(found.study.contrasts):
        given = [by_seed[seed][index].main.verdict for seed in seeds]
        moved += len({*given}) > 1
        table.append((f"{contrast.treatment} against {contrast.reference}", *given))
    yield from markdown_table(("contrast", *(f"seed {seed}" for seed in seeds)), table)
    yield f"{moved} of {len(table)} verdicts differ between seeds.\n"


def _answers(found: Findings, rows: pd.DataFrame) -> tuple[Answer, ...]:
    measures = Measures.of([name for name in found.measures.all if name in rows.columns])

    def table(name: str) -> Scores:
        """Of the finished runs those scores, of all others what the study says: that there is none."""
        scores = {variant: dict.fromkeys(own, math.inf) for variant, own in found.scores.items()}
        for variant, seed, value in zip(rows["variant"], rows["seed"], rows[name], strict=True):
            scores[variant][seed] = float(value)
        return scores

    return answers(table, measures, found.study.contrasts, found.rules, statuses(found.results))


def _scores(found: Findings, rows: pd.DataFrame, seeds: Sequence[int]) -> Iterator[str]:
    for kind in KINDS:
        for name in (found.measures.parts.get(kind.images), found.measures.parts.get(kind.whole)):
            if name is None:
                continue
            means = rows.groupby(["extractor", "variant"])[name].mean().unstack("extractor")
            means = means.loc[[variant for variant in found.scores if variant in means.index], list(seeds)]
            spread = means.std(axis=1, ddof=1) / means.mean(axis=1)
            table = [
                (variant, *map(words.number, values), f"{100 * spread[variant]:.1f}%")
                for variant, values in zip(means.index, means.to_numpy(), strict=True)
            ]
            yield from markdown_table((f"`{name}`", *(f"seed {seed}" for seed in seeds), "deviation"), table)
            ranks = means.corr(method="spearman").loc[seeds[0]].to_numpy()[1:]
            if len(ranks):
                yield f"Rank correlation: at least {words.number(float(np.min(ranks)))}.\n"
