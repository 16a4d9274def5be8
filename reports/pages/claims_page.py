"""The answers to the documents' claims as a page of their own, with Markdown and a table beside it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.catalog.claims import CLAIMS
from ablations.catalog.claims.checks import SETTINGS
from ablations.catalog.publication import SEEDS, WIDTH
from ablations.config.claim import Claim, studies_of
from ablations.store.result import Result
from reports import words
from reports.analysis.claim_answers import Answered, answer, family
from reports.analysis.claim_measures import Runs
from reports.analysis.comparable import check_comparable
from reports.analysis.decision_rules import Rules
from reports.analysis.precisions import side_by_side
from reports.analysis.sceptic import doubt
from reports.analysis.scored import stated_floor
from reports.pages.claim_history import first_in_words, histories
from reports.pages.claim_rows import claims_frame, columns, row, tally
from reports.pages.command_line import on_engine
from reports.pages.overturn_words import overturned_by
from reports.pages.rendering import render, write_files
from reports.pages.sceptic_page import of_one, sceptic_pages

if TYPE_CHECKING:
    from ablations.store import StoredStudy

SOURCES: Mapping[str, str] = {
    "S0": "a conditional GAN, one image at a time",
    "S1": "a first GAN, its refinements, a CNN",
    "S2": "a vanilla GAN with BatchNorm",
    "S3": "a GAN with dropout and Xavier initialisation",
    "S4": "a GAN with tiny initial weights",
}
"""What each document is about."""


EARLIER = (
    "Before these runs there were others, and other answers: under a claim stands how it was answered before, and "
    "which tests were given up since."
)
"""Said where a claim has a `before`."""


def answered(studies: Mapping[str, StoredStudy], claims: Sequence[Claim] = CLAIMS) -> tuple[Answered, ...]:
    """The claims answered from stored studies; those whose studies are missing come out as not tested.

    Raises:
        StoreError: runs whose scores cannot stand in one table.
    """
    for results in _by_data(studies):
        check_comparable("the claims", results)
    return answer(claims, runs_of(studies), rules_of(studies))


def runs_of(studies: Mapping[str, StoredStudy]) -> Runs:
    """By the claims' names of variants, "study/variant"."""
    runs: dict[str, dict[int, Result]] = {}
    for name, stored in studies.items():
        for result in stored.results:
            runs.setdefault(f"{name}/{result.run.variant.name}", {})[result.run.seed] = result
    return runs


def rules_of(studies: Mapping[str, StoredStudy]) -> Rules:
    """With the noise floor that the runs on the data of most of them state: the scores of those are compared."""
    return Rules(noise_floor=stated_floor(max(_by_data(studies), key=len, default=())))


def trained_by(claims: Sequence[Claim], runs: Runs) -> dict[str, set[str]]:
    """Name of a claim to the commits that its runs say they were trained from."""
    return {
        claim.name: {
            run.environment.get("git_commit", "") for of in claim.variants for run in runs.get(of, {}).values()
        }
        for claim in claims
    }


def _by_data(studies: Mapping[str, StoredStudy]) -> list[tuple[Result, ...]]:
    """The runs on each dataset: the scores on one do not stand beside those on another."""
    found: dict[str, list[Result]] = {}
    for stored in studies.values():
        for result in stored.results:
            found.setdefault(result.run.dataset, []).append(result)
    return [tuple(results) for results in found.values()]


def build_claims(studies: Mapping[str, StoredStudy], out: Path) -> tuple[Answered, ...]:
    """Write `claims` and `sceptic`, each as html, md and csv, into the folder `out`; returns the answers.

    Raises:
        StoreError: runs whose scores cannot stand in one table.
        UserError: the folder cannot be written.
    """
    found = answered(studies)
    doubted = doubt(found, runs_of(studies), rules_of(studies))
    context = page(found, studies) | {"views": {item.item.claim.name: of_one(item) for item in doubted}}
    contents = {name: render(f"{name}.j2", context) for name in ("claims.html", "claims.md")}
    contents["claims.csv"] = claims_frame(found).to_csv(index=False)
    write_files(out, contents | sceptic_pages(doubted, SOURCES))
    return found


def page(found: Sequence[Answered], studies: Mapping[str, StoredStudy]) -> dict[str, Any]:
    """What the templates show."""
    rules, tests = rules_of(studies), len(family([item.claim for item in found]))
    written = histories(trained_by([item.claim for item in found], runs_of(studies)))
    answers = [
        row(item, SETTINGS, commands(item.claim, studies), overturned_by(item, tests, rules))
        | {"written": written[item.claim.name]}
        for item in found
    ]
    return {
        "answers": answers,
        "columns": columns(answers),
        "tally": tally(found),
        "sources": SOURCES,
        "rules": rules,
        "tests": tests,
        "first": first_in_words(written),
        "earlier": EARLIER if any(item.claim.before for item in found) else "",
        "studies": [(name, _numbers(stored)) for name, stored in side_by_side(studies).items()],
        "words": words,
    }


def _numbers(stored: StoredStudy) -> str:
    seeds = Counter(result.run.variant.name for result in stored.results).values()
    least, most = min(seeds, default=0), max(seeds, default=0)
    each = f"{least}" if least == most else f"{least} to {most}"
    return f"{words.count(len(stored.results), 'run')} of {words.count(len(seeds), 'variant')}, {each} seeds each"


def commands(claim: Claim, studies: Mapping[str, StoredStudy]) -> list[str]:
    """What trains the runs behind a claim, in full and to the same bits; what would answer it, where nothing did."""
    found = []
    for name, variants in studies_of((claim,)).items():
        sizes = {variant: _size(studies.get(name), variant) for variant in sorted(variants)}
        for size in dict.fromkeys(sizes.values()):
            only = [word for variant in sizes if sizes[variant] == size for word in ("--only", variant)]
            found.append(shlex.join(["ablations", "run", name, *only, *size]))
    return [*found, claim.command] if claim.command else found


def _size(stored: StoredStudy | None, variant: str) -> tuple[str, ...]:
    """As the widest stack of its runs was trained; those to come as the publication trains them, on any engine."""
    runs = [] if stored is None else [r.run for r in stored.results if r.run.variant.name == variant]
    seeds = SEEDS if stored is None or not stored.results else stored.study.seeds
    if not runs:
        return ("--seeds", str(seeds), "--width", str(WIDTH))
    widest = max(runs, key=lambda run: run.width)
    return ("--seeds", str(seeds), "--width", str(widest.width), *on_engine(widest.engine))
