"""The results that this project stands for, as pages for a repository: Markdown, tables and figures, all small."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ablations.catalog.metrics import facts
from ablations.catalog.published_bits import FILE, write_rows
from ablations.config.errors import UserError
from ablations.store.disk import whole_folder, write_whole
from reports import words
from reports.analysis.claim_answers import Answered
from reports.analysis.findings import Findings, environment, find
from reports.analysis.precisions import side_by_side
from reports.analysis.published_rows import published_rows
from reports.figures.overview import overview
from reports.pages.answers import in_brief
from reports.pages.attachments import standalone
from reports.pages.claim_rows import tally
from reports.pages.claims_page import build_claims
from reports.pages.outside_section import outside_sections
from reports.pages.rendering import render
from reports.pages.study_page import write

if TYPE_CHECKING:
    from ablations.config import Study
    from ablations.search.tuning import Ranking
    from ablations.store import StoredStudy

FILE_BYTES, ALL_BYTES = 1_000_000, 8_000_000
KEPT = (
    "contrasts.csv", "effects.csv", "figures/forest.svg", "figures/factors.svg", "figures/seeds.svg",
    "figures/profile.svg", "figures/sanity-check-*.svg", "figures/trace-*.svg", "samples/*.png",
)  # fmt: skip
"""Of a study's report, beside its Markdown and its table of runs; and the score of each axis along training."""
TUNING = "tuning"
"""Folder of the axes tuned against tuned."""
FACTS = (
    "cpu", "cpu_count", "cpu_capability", "git_commit", "version.torch", "version.mlflow", "python", "platform",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """An axis whose levels were compared tuned against tuned."""

    findings: Findings
    """Of the study of its levels, with default settings and with tuned ones."""
    rankings: Sequence[Ranking]
    pages: Path
    """Where its `budget.svg` and its trials lie, if they do."""


def publish(
    studies: Mapping[str, StoredStudy],
    out: Path,
    *,
    shown: Sequence[str],
    main: str,
    tuned: Mapping[str, Tuned],
    awaited: Sequence[Study] = (),
) -> tuple[Answered, ...]:
    """Write the pages into the folder `out`; what else lies there is left alone. Returns the answers to the claims.

    `main` is the study whose contrasts open the page: its variants `shown` are in the picture. `tuned` are the levels
    of axes that were compared tuned against tuned, `awaited` the studies without any run yet.

    Raises:
        StoreError: nothing is stored, or scores that cannot stand in one table.
        UserError: the folder cannot be written, or a page would be too large for a repository.
    """
    pages = side_by_side(studies)
    found = {name: find(trained_part(stored)) for name, stored in pages.items()}
    wanted = {name: _wanted(stored.study) for name, stored in pages.items()}
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        answers = build_claims(studies, made / "claims")
        _as_readme(made / "claims" / "claims.md")
        for name, one in found.items():
            write_study(one, made / name)
        for axis, item in tuned.items():
            write_study(item.findings, made / TUNING / axis)
            for path in sorted([*item.pages.glob("budget.svg"), *item.pages.glob("*-trials.csv")]):
                shutil.copyfile(path, made / TUNING / axis / path.name)
        (made / "overview.svg").write_bytes(standalone(overview(found[main], shown)))
        context = _context(found, wanted, answers, main) | {"tuned": tuned, "awaited": awaited}
        context |= outside_sections({axis: item.findings.results for axis, item in tuned.items()})
        page = render("published.md.j2", context)
        (made / "README.md").write_text(page, encoding="utf-8")
        _check_sizes(made)
        try:
            for folder in ("claims", *(f"{TUNING}/{axis}" for axis in tuned), *studies):
                if not (made / folder).exists():  # its runs stand on another study's page
                    shutil.rmtree(out / folder, ignore_errors=True)
                    continue
                with whole_folder(out.resolve() / folder) as part:
                    shutil.copytree(made / folder, part, dirs_exist_ok=True)
            for path in sorted(made.glob("*.*")):
                write_whole(out / path.name, path.read_bytes())
        except OSError as error:
            raise UserError(f"cannot write into {out}: {error.strerror or error}; choose another --out") from error
    return answers


def _as_readme(page: Path) -> None:
    """A page under the name that repositories show with its folder; the pages beside it link to that."""
    for other in page.parent.glob("*.md"):
        other.write_text(other.read_text(encoding="utf-8").replace(f"]({page.name})", "](README.md)"), encoding="utf-8")
    page.rename(page.with_name("README.md"))


def trained_part(stored: StoredStudy) -> StoredStudy:
    """A study with the variants that have runs, and what can be asked of them; its description names the others."""
    study, trained = stored.study, {result.run.variant.name for result in stored.results}
    missing = [variant.name for variant in study.variants if variant.name not in trained]
    if not missing:
        return stored
    said = f"{study.description} Not trained yet: {', '.join(missing)}."
    return dataclasses.replace(stored, study=dataclasses.replace(study.restricted(trained), description=said))


def replace_study(found: Findings, folder: Path) -> None:
    """A study's pages in the place of all that `folder` had, or nothing.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        with whole_folder(folder.resolve()) as part:
            write_study(found, part)
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror or error}; choose another --publish") from error


def write_study(found: Findings, folder: Path) -> None:
    """A study's report for a repository, less what would be too large, and the bits of its runs."""
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch)
        write(found, whole)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(whole / "report.md", folder / "README.md")
        chosen = [path for pattern in KEPT for path in whole.glob(pattern)]
        for path in [*chosen, *whole.glob("figures/*-score.svg")]:
            target = folder / path.relative_to(whole)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
        runs = pd.read_csv(whole / "runs.csv")
        kept = [column for column in runs.columns if not facts(column).many]
        runs[kept].to_csv(folder / "runs.csv", index=False, float_format="%.6g")
    write_rows(folder / FILE, published_rows(found.study.name, found.results, found.digests))


def _context(
    found: Mapping[str, Findings],
    wanted: Mapping[str, int],
    answers: Sequence[Answered],
    main: str,
) -> dict[str, Any]:
    results = tuple({result.run.key: result for one in found.values() for result in one.results}.values())
    facts = environment(results)
    seconds = sum(result.train_seconds + result.evaluation_seconds for result in results)
    return {
        "answers": answers,
        "tally": tally(answers),
        "main": main,
        "compared": in_brief(found[main]),
        "metric": found[main].metric,
        "floor": found[main].rules.noise_floor,
        "studies": [
            (one.study, len(one.results), wanted[name], _seeds(one), words.tally(one.comparisons))
            for name, one in found.items()
        ],
        "numerics": sorted({str(result.run.numerics) for result in results}),
        "scorer": sorted({result.scorer for result in results if result.scorer}),
        "facts": {name: facts[name] for name in FACTS if name in facts},
        "hours": seconds / 3600,
        "runs": len(results),
        "words": words,
    }


def _wanted(study: Study) -> int:
    return sum(study.seeds_of(variant.name) for variant in study.variants)


def _seeds(one: Findings) -> str:
    counts = {len(by_seed) for by_seed in one.scores.values()}
    return str(counts.pop()) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _check_sizes(folder: Path) -> None:
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for path, size in sizes.items():
        if size > FILE_BYTES:
            raise UserError(f"the page {path.relative_to(folder)} would have {size:,} bytes, more than {FILE_BYTES:,}")
    if sum(sizes.values()) > ALL_BYTES:
        raise UserError(f"the pages would have {sum(sizes.values()):,} bytes in all, more than {ALL_BYTES:,}")
