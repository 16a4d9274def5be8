"""`ablations compare`: any two variants of a store, or two runs, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.store import Archive
from tests.ablations.factories import keep, make_result, make_study, make_variant

SEEDS = 6
RECALL = {"coverage_10k": 0.6}


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Only read from. In "demo" sgd is better than the baseline by 5, with little noise; one run diverged."""
    archive = Archive.open(tmp_path_factory.mktemp("compared"))
    sgd = make_variant("sgd", generator_optimizer__name="sgd")
    results = [make_result("baseline", SEEDS, status="diverged"), make_result(sgd, SEEDS, 15.0, metrics=RECALL)]
    for seed in range(SEEDS):
        luck, noise = np.random.default_rng(seed).normal(size=2)
        recall = {"coverage_10k": 0.5 + 0.01 * noise}
        results.append(make_result("baseline", seed, 20 + luck, metrics=recall))
        recall = {"coverage_10k": 0.6 + 0.01 * luck}
        results.append(make_result(sgd, seed, 15 + luck + 0.1 * noise, metrics=recall))
    keep(archive, make_study(), results)
    return str(archive.root)


def compare(location: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments, "--store", location])


def tree(location: str, *arguments: str) -> Any:
    result = compare(location, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_two_variants_are_paired_by_seed_and_turned_round_they_mirror(location: str) -> None:
    found, turned = tree(location, "sgd", "baseline"), tree(location, "baseline", "demo/sgd")
    assert (found["treatment"], found["reference"]) == ("demo/sgd", "demo/baseline")
    assert found["treatment_runs"] == {"finished": SEEDS + 1}
    assert found["reference_runs"] == {"finished": SEEDS, "diverged": 1}, "it is counted, not left out"
    assert found["effect"] == pytest.approx(-5, abs=0.2)
    assert found["effect"] == pytest.approx(-turned["effect"])
    assert (found["wins"], turned["wins"], len(found["seeds"])) == (SEEDS, 0, SEEDS)
    assert found["interval"] == pytest.approx([-value for value in reversed(turned["interval"])])
    for keys in ("p_difference", "p_statuses"):
        assert found[keys] == pytest.approx(turned[keys])


def test_where_higher_is_better_more_wins(location: str) -> None:
    found = tree(location, "sgd", "baseline", "--metric", "coverage_10k")
    assert (found["better"], found["verdict"], found["superiority"]) == ("higher", "better", 1)
    assert found["effect"] == pytest.approx(0.1, abs=0.02)
    assert found["interval"][0] < found["effect"] < found["interval"][1]
    assert found["reference_runs"]["diverged"] == 1, "a diverged run counts here too"
    assert tree(location, "baseline", "sgd", "--metric", "coverage_10k")["verdict"] == "worse"


def test_a_smaller_difference_needs_more_seeds(location: str) -> None:
    named = [tree(location, "sgd", "baseline", "--metric", "coverage_10k", "--difference", d) for d in ("10%", "1%")]
    assert named[0]["margin"] == pytest.approx(0.1 * named[0]["reference_mean"])
    assert named[0]["seeds_for_margin"] < named[1]["seeds_for_margin"]
    absolute = tree(location, "sgd", "baseline", "--metric", "coverage_10k", "--difference", "0.05")
    assert absolute["margin"] == 0.05


def test_it_can_be_read(location: str) -> None:
    text = compare(location, "sgd", "baseline").output
    for word in (
        "demo/sgd against demo/baseline",
        "lower is better",
        "interval",
        "p of no difference",
        "one kind of features only",
        "verdict",
    ):
        assert word in text
    assert "nan" not in text.lower()


def test_too_few_seeds_for_a_comparison_still_have_means_and_their_difference(archive: Archive) -> None:
    sgd = make_variant("sgd", generator_optimizer__name="sgd")
    results = [make_result(v, seed, at + seed) for v, at in (("baseline", 20.0), (sgd, 15.0)) for seed in range(2)]
    keep(archive, make_study(), results)
    lines = compare(str(archive.root), "sgd", "baseline").output.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("difference ")] == [
        "\N{MINUS SIGN}5.00 of the means"
    ]


def test_two_runs_carry_no_verdict_but_show_what_differs(location: str) -> None:
    ids, other = keys_of(location, "sgd"), keys_of(location, "baseline")
    found = tree(location, ids[0], other[1])
    assert tree(location, ids[0][:8], other[1][:8]) == found
    assert found["verdict"] is None
    assert [(row["variant"], row["seed"]) for row in found["runs"]] == [("sgd", 0), ("baseline", 1)]
    assert found["first_differs"] == "generator_optimizer.name: sgd"
    assert "no verdict" in compare(location, ids[0], other[1]).output
    assert compare(location, ids[0], "baseline").exit_code == 2


def keys_of(location: str, variant: str) -> dict[int, str]:
    """By seed."""
    members = Archive.open(location).members("demo")
    return {item.seed: item.key for item in members if item.variant == variant}


def test_what_a_run_took_can_be_compared_too(location: str) -> None:
    found = tree(location, "sgd", "baseline", "--metric", "train_seconds")
    assert (found["metric"], found["better"]) == ("train_seconds", "lower")
    assert found["differs_in"] == "generator_optimizer.name: sgd"
    assert found["conditions_differ_in"] == ""


def test_a_report_is_for_the_difference_that_was_named(location: str, tmp_path: Path) -> None:
    shutil.copytree(location, tmp_path / "store")
    words = ["report", "demo", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    for option, said in (([], "matters is 10% of the reference"), (["--difference", "0.5"], "matters is 0.500,")):
        result = CliRunner().invoke(main, [*words, *option])
        assert result.exit_code == 0, result.output
        assert said in (tmp_path / "out" / "report.html").read_text()
    refused = CliRunner().invoke(main, [*words, "--difference", "big"])
    assert refused.exit_code == 2
    assert "--difference big" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sdg", "baseline"], "'sgd'"),
        (["demo/sdg", "baseline"], "'sgd'"),
        (["demmo/sgd", "baseline"], "'demo'"),
        (["sgd", "baseline", "--metric", "coverag"], "'coverage_10k'"),
        (["sgd", "baseline", "--difference", "much"], "--difference much"),
        (["sgd", "baseline", "--difference", "0%"], "--difference 0%"),
        (["ffffffff", "baseline"], "unknown variant or run"),
        (["sgd", "demo/sgd"], "the same runs"),
    ],
)
def test_what_cannot_be_compared_is_refused(location: str, arguments: list[str], words: str) -> None:
    result = compare(location, *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr


def test_runs_on_different_data_are_not_comparable(archive: Archive) -> None:
    for study, dataset in (("demo", "digits"), ("other", "faces")):
        result = make_result("baseline", 0, 20.0, study=study, dataset=dataset, data_digest=dataset)
        keep(archive, make_study(study), [result])
    done = compare(str(archive.root), "demo/baseline", "other/baseline")
    assert done.exit_code == 2
    assert "demo/baseline was trained on digits, other/baseline on other data, faces: not comp" in done.stderr


def test_a_store_that_is_not_there_is_named_and_not_made(tmp_path: Path, archive: Archive) -> None:
    for words in (
        ["compare", "a", "b"],
        ["report", "quick"],
        ["sample", "a"],
        ["rescore", "quick"],
        ["list", "--stored"],
    ):
        done = CliRunner().invoke(main, [*words, "--store", str(tmp_path / "nosuch")])
        assert done.exit_code == 2, done.output
        assert "there is no store at" in done.stderr
    assert not (tmp_path / "nosuch").exists()
    done = CliRunner().invoke(main, ["report", "quick", "--store", str(archive.root)])
    assert "has no runs of a study 'quick' yet (studies: none); train it with `ablations run quick`" in done.stderr


def test_scores_of_another_scorer_are_refused(archive: Archive) -> None:
    for seed, (study, scorer) in enumerate((("demo", "c" * 16), ("other", "e" * 16))):
        keep(archive, make_study(study), [make_result("baseline", seed, 20.0, scorer=scorer)], scorer=scorer)
    place = str(archive.root)
    result = compare(place, "demo/baseline", "other/baseline")
    assert result.exit_code == 2
    assert "different scorers" in result.stderr
    assert "rescore" in result.stderr
    assert "several studies" in compare(place, "baseline", "demo/baseline").stderr
