"""The published pages: what stands in them, and that they fit into a repository."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
from pathlib import Path

import pytest

from ablations.catalog import AXES, STUDIES
from ablations.catalog.claims import CLAIMS
from ablations.catalog.publication import MAIN, SHOWN, SIX_AXES, STUDIES_IN_ORDER
from ablations.config.claim import Claim, studies_of
from ablations.config.errors import UserError
from reports.pages import published_pages as published
from tests.reports import factories

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "reports" / "published"


def write(out: Path) -> None:
    study = dataclasses.replace(factories.quick_study(seeds=3, steps=100), name="axes")
    stored = factories.stored(study, statuses={("sgd", 1): "diverged"})
    published.publish(
        {"axes": stored}, out, shown=("baseline", "cnn"), main="axes", tuned={},
        awaited=(STUDIES["recipes"],),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written over older pages."""
    folder = tmp_path_factory.mktemp("published")
    for name in ("certificate/README.md", "axes/old.svg"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("x")
    write(folder)
    return folder


def test_the_claims_find_all_they_need_in_the_published_studies() -> None:
    assert set(studies_of(CLAIMS)) <= set(STUDIES_IN_ORDER) <= set(STUDIES)
    assert set(SIX_AXES) <= set(AXES)
    assert set(MAIN) <= set(STUDIES_IN_ORDER)
    assert set(SHOWN) == {variant.name for variant in STUDIES[MAIN[0]].variants}
    axes = {contrast.axis for contrast in STUDIES["axes"].contrasts}
    assert axes == set(AXES), "the study of all axes asks something of each"


def test_pages_link_to_what_is_there_and_every_run_has_a_key(pages: Path) -> None:
    for page in pages.rglob("*.md"):
        for target in re.findall(r"\]\(<?([^)#>]+)[^)]*\)", page.read_text()):
            there = page.parent / target
            assert there.exists() or target.startswith(("certificate/", "gallery/")), f"{page.name} links to {target}"
    rows = (pages / "axes" / "runs.csv").read_text().splitlines()
    assert len(rows) == 1 + 8 * 3
    assert "key" in rows[0]
    assert "repeat_" not in rows[0]
    assert "<image" in (pages / "overview.svg").read_text()


def test_the_first_table_has_every_question_of_the_main_study(pages: Path) -> None:
    """Also one that nobody asks first, so that no answer is left out."""
    page = (pages / "README.md").read_text()
    section = page[page.index("## Choice by choice") : page.index("## The studies")]
    questions = [contrast.question for contrast in factories.quick_study(seeds=3, steps=100).contrasts]
    assert [line.split(" | ")[0].lower() for line in section.splitlines() if line.startswith("| ")][2:] == [
        f"| {question.lower()}" for question in questions
    ]


def test_a_run_that_stands_in_two_studies_counts_once(tmp_path: Path) -> None:
    study = dataclasses.replace(factories.quick_study(seeds=3, steps=100), name="axes")
    stored = factories.stored(study)
    again = dataclasses.replace(stored, study=dataclasses.replace(study, name="again"))
    published.publish({"axes": stored, "again": again}, tmp_path, shown=("baseline",), main="axes", tuned={})
    assert "\n24 runs, " in (tmp_path / "README.md").read_text()


def test_a_study_that_is_not_trained_yet_is_named(pages: Path) -> None:
    assert "| recipes: The recipes of the five documents | none yet |" in (pages / "README.md").read_text()


def test_a_study_that_is_trained_in_part_asks_what_can_be_asked() -> None:
    whole = factories.stored(factories.quick_study(seeds=3, steps=100))
    assert published.trained_part(whole) is whole
    names = {"baseline", "cnn", "mse"}
    part = published.trained_part(
        dataclasses.replace(whole, results=tuple(r for r in whole.results if r.run.variant.name in names))
    )
    assert {variant.name for variant in part.study.variants} == names
    assert {(c.treatment, c.reference) for c in part.study.contrasts} == {("cnn", "baseline"), ("mse", "baseline")}
    assert part.study.description.endswith("Not trained yet: sigmoid, no_norm, batch_norm, sgd, conditional.")


def test_what_lies_beside_the_pages_stays_and_old_pages_go(pages: Path) -> None:
    assert (pages / "certificate" / "README.md").read_text() == "x"
    assert not (pages / "axes" / "old.svg").exists()


def test_a_disk_that_fills_up_leaves_the_pages_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "published"
    (folder / "axes").mkdir(parents=True)
    (folder / "axes" / "old.svg").write_text("x")

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("reports.pages.published_pages.shutil.copytree", full)
    with pytest.raises(UserError, match=r"cannot write into .*No space left"):
        write(folder)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["old.svg"]


@pytest.mark.parametrize("limit", ["FILE_BYTES", "ALL_BYTES"])
def test_pages_too_large_for_a_repository_are_refused_and_none_is_written(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, limit, 20_000)
    with pytest.raises(UserError, match="bytes"):
        write(tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


def test_the_first_answers_are_those_of_the_published_study() -> None:
    main = next(name for name in MAIN if (PUBLISHED / name).is_dir())
    whole = (PUBLISHED / "README.md").read_text().partition("| question | verdict |")
    answers = "".join(whole[1:]).partition("\n\n")[0].splitlines()
    shown = (ROOT / "README.md").read_text().partition("<!-- first -->\n")[2].partition("<!-- end of first -->")[0]
    assert len(answers) == 2 + len(STUDIES[main].contrasts)
    assert shown.splitlines() == answers


def test_the_page_of_the_answers_shows_what_was_published() -> None:
    """All of it, in its order."""
    page = (PUBLISHED / "claims" / "README.md").read_text()
    whole = page[page.index("| claim | text | answer |") :].partition("\n\n")[0].splitlines()
    assert len(whole) == 2 + len(CLAIMS)
    shown = (ROOT / "docs" / "answers.md").read_text()
    table = shown.partition("<!-- claims -->\n")[2].partition("<!-- end of claims -->")[0].splitlines()
    assert [row.replace("](../reports/published/claims/README.md#", "](#") for row in table] == whole


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_what_a_claim_says_in_short_has_the_figures_of_its_tests(claim: Claim) -> None:
    page = (PUBLISHED / "claims" / "README.md").read_text()
    own = page.partition(f"## {claim.name}\n")[2].partition("\n## ")[0]
    known = set(re.findall(r"[\d.,]*\d", own))
    assert claim.in_short, "a table that says nothing of it"
    assert set(re.findall(r"[\d.,]*\d", claim.in_short)) <= known
    assert claim.in_short in page


def test_the_links_of_the_pages_for_readers_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), (page.name, link)
