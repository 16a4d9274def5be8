"""The page of the answers: a column for each setting, what would turn an answer, and when its tests were written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ablations.catalog.claims import CLAIMS
from ablations.config import Engine
from ablations.store import StoredStudy
from reports.analysis.decision_rules import Rules
from reports.pages.claims_page import answered, build_claims, commands, rules_of, trained_by
from tests.reports import factories


def studies() -> dict[str, StoredStudy]:
    """S0-b's document tests hold, its harness tests are contrary."""
    axes = replace(factories.quick_study(seeds=20, steps=100), name="long-axes", contrasts=())
    recipes = factories.recipes_study(seeds=20, steps=100)
    recipes = replace(
        recipes, variants=tuple(variant.override({}, name=variant.name.lower()) for variant in recipes.variants)
    )
    return {
        "long-axes": factories.stored(axes, scores={"conditional": 220.0, "baseline": 180.0}),
        "recipes": factories.stored(recipes, scores={"s0": 100.0, "s1": 160.0}),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("claims")
    build_claims(studies(), made)
    return made


def test_each_setting_has_a_column_of_its_own(folder: Path) -> None:
    html, markdown = (folder / "claims.html").read_text(), (folder / "claims.md").read_text()
    assert "| claim | text | answer | the document's setting | the harness' own | in short |" in markdown
    rows = [row.strip("| ").split(" | ") for row in markdown.splitlines() if row.startswith("| [S")]
    by_claim = {row[0][1:].partition("]")[0]: row[2:5] for row in rows}
    assert by_claim["S0-b"] == ["**depends**", "confirmed", "refuted"]
    assert by_claim["S3-c"] == ["**cannot be tested here**", "no test", "no test"]
    table = html[html.index('class="glance"') : html.index("</table>")]
    cells = table[table.index("#s0-b") : table.index("#s0-c")]
    names = re.findall(r'data-name="([^"]+)"', cells)
    assert names == [
        "answer",
        "the document&#39;s setting",
        "the harness&#39; own",
        "tests",
        "other views",
        "written first",
    ]
    assert re.findall(r"</i>([^<]+)</span>", cells) == ["depends", "confirmed", "refuted"]


def test_the_commands_below_an_answer_repeat_each_variant_in_its_stacks_and_on_its_engine() -> None:
    recipes = studies()["recipes"]
    avx2 = Engine(device="cpu", matmul="onednn_direct", isa="avx2")
    results = tuple(
        replace(item, run=replace(item.run, width=5, engine=avx2)) if item.run.variant.name == "s1" else item
        for item in recipes.results
    )
    (claim,) = (claim for claim in CLAIMS if claim.name == "S0-b")
    assert commands(claim, {"recipes": replace(recipes, results=results)})[:2] == [
        "ablations run recipes --only s0 --seeds 20 --width 20 --device cpu --isa native",
        "ablations run recipes --only s1 --seeds 20 --width 5 --device cpu --isa avx2",
    ]
    assert commands(claim, {})[0] == "ablations run recipes --only s0 --only s1 --seeds 10 --width 10"


@pytest.mark.parametrize(("floor", "answer"), [(40.0, "confirmed"), (70.0, "not shown")])
def test_answers_have_the_noise_floor_of_the_score_on_the_data_of_most_runs(floor: float, answer: str) -> None:
    """Two recipes differ by some 60, by the other kind of features by half of that; faces have a floor above both."""
    study = factories.recipes_study(seeds=10, steps=100)
    s0, s1 = (variant.override({}, name=variant.name.lower()) for variant in study.variants[:2])
    recipes = factories.stored(replace(study, variants=(s0, s1), evaluations=1), scores={"s0": 100.0, "s1": 160.0})
    results = tuple(replace(item, noise_floor=floor) for item in recipes.results)
    other = tuple(
        replace(item, run=replace(item.run, dataset="faces"), noise_floor=1_000.0) for item in recipes.results[:9]
    )
    stored = {"faces": replace(recipes, results=other), "recipes": replace(recipes, results=results)}
    assert rules_of(stored) == Rules(noise_floor=floor)
    (claim,) = (claim for claim in CLAIMS if claim.name == "S0-b")
    assert answered(stored, [claim])[0].settings["document"] == answer


def test_below_the_tests_of_an_answer_stands_what_would_turn_it(folder: Path) -> None:
    for name in ("claims.html", "claims.md"):
        page = (folder / name).read_text()
        part = page[page.rindex("The extra label helps training.") : page.rindex("Asked for a 5, G draws 5s.")]
        assert "What would turn it." in part
        assert "its interval ends" in part


def test_pages_lead_to_each_other(folder: Path) -> None:
    for page in folder.glob("*.*"):
        for target in re.findall(r'(?:href="|\]\()([^#")]+)', page.read_text()):
            assert (folder / target).exists(), (page.name, target)


def test_runs_are_asked_which_code_trained_them() -> None:
    from ablations.catalog.claims import CLAIMS
    from reports.pages.claims_page import runs_of

    stored = studies()
    found = trained_by(CLAIMS, runs_of(stored))
    assert found["S0-b"] == {""}, "runs that name no commit"
    assert found["S4-b"] == set(), "no runs"
    named = tuple(replace(item, environment={"git_commit": "abc"}) for item in stored["recipes"].results)
    stored["recipes"] = replace(stored["recipes"], results=named)
    assert trained_by(CLAIMS, runs_of(stored))["S0-b"] == {"abc", ""}
