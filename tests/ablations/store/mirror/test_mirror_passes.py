"""What a pass looks at: the variants whose runs have changed since the last one, and those of a killed writer."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from ablations.store import Archive
from ablations.store.mirror import Mirror, mlflow_runs
from ablations.store.mirror.mlflow_runs import Runs
from ablations.store.mirror.variant_runs import Variants
from tests.ablations.factories import keep, make_result, make_study, make_variant
from tests.ablations.stored import active, contents, query, seed_runs, tags

ONE, TWO = make_variant(), make_variant("sgd", generator_optimizer__learning_rate=0.1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The variants whose runs MLflow is asked for, in turn."""
    given: list[str] = []
    search = Runs.search

    def recorded(self: Runs, experiments: list[str], **wanted: str) -> list[Any]:
        if wanted["kind"] == "seed":
            given.append(wanted.get("variant", "all"))
        return search(self, experiments, **wanted)

    monkeypatch.setattr(Runs, "search", recorded)
    return given


def test_a_pass_asks_for_the_runs_of_variants_that_have_changed(
    archive: Archive, mirror: Mirror, asked: list[str]
) -> None:
    study, given = make_study(variants=(ONE, TWO)), [make_result(ONE), make_result(TWO)]
    keep(archive, study, given)
    mirror.sync(archive)
    assert set(asked) == {ONE.name, TWO.name}
    asked.clear()
    keep(archive, study, [*given, make_result(TWO, seed=1)])
    assert mirror.sync_study(archive, "demo", summarize=False) == 1
    assert mirror.sync(archive) == 0
    assert set(asked) == {TWO.name}
    asked.clear()
    archive.attach("demo", "report.html", b"page")
    assert mirror.sync(archive) == 0
    assert asked == []


def test_runs_on_later_pages_are_found_too(archive: Archive, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_runs, "PAGE", 1)
    short = make_variant(steps=4)
    study, given = make_study(variants=(short,)), [make_result(short, seed, images=4) for seed in range(3)]
    keep(archive, study, given[:2])
    assert mirror.sync(archive) == 2
    keep(archive, study, given)
    assert mirror.sync(archive) == 1
    assert set(seed_runs(mirror)) == {result.key for result in given}


def test_the_table_keeps_its_metric_when_no_variant_is_summarized(archive: Archive, mirror: Mirror) -> None:
    keep(archive, make_study(variants=(ONE,)), [make_result(ONE, metrics={"frechet_500": 2.0})])
    select = "SELECT value FROM experiment_tags WHERE key LIKE 'mlflow.sharedViewState.%'"
    mirror.sync(archive)
    before = query(mirror, select)
    archive.attach("demo", "report.html", b"page")
    mirror.sync(archive)
    assert query(mirror, select) == before


def test_what_a_killed_writer_left_of_a_variant_is_found_again(
    archive: Archive, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the archive has meanwhile become what it was before."""
    study, given = make_study(variants=(ONE, TWO)), [make_result(ONE), make_result(TWO)]
    keep(archive, study, given)
    mirror.sync(archive)
    keep(archive, study, [*given, make_result(TWO, seed=1)])
    with monkeypatch.context() as patch:
        patch.setattr(Variants, "summarize", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            mirror.sync(archive)
    keep(archive, study, given)
    mirror.sync(archive)
    assert set(seed_runs(mirror)) == {result.key for result in given}


def test_a_variant_that_goes_takes_its_runs_along_and_may_come_back(
    archive: Archive, mirror: Mirror, asked: list[str]
) -> None:
    changed = make_variant(TWO.name, generator_optimizer__learning_rate=0.2)
    whole = (make_study(variants=(ONE, TWO)), [make_result(ONE), make_result(TWO)])
    for study, given in (
        whole,
        (make_study(variants=(ONE,)), [make_result(ONE)]),
        whole,
        (make_study(variants=(ONE, changed)), [make_result(ONE), make_result(changed)]),
        whole,
    ):
        keep(archive, study, given)
        mirror.sync(archive)
        assert set(seed_runs(mirror)) == {result.key for result in given}
        parents = {run for run, _, _ in active(mirror, "variant")}
        assert {tags(mirror, run)["mlflow.parentRunId"] for run in seed_runs(mirror).values()} == parents
        asked.clear()
        archive.attach("demo", "verdicts.json", json.dumps({ONE.name: f"of {len(given)}"}).encode())
        mirror.sync(archive)
        assert asked == []


def test_a_variant_without_runs_is_looked_at_once(archive: Archive, mirror: Mirror, asked: list[str]) -> None:
    keep(archive, make_study(variants=(ONE, TWO)), [make_result(ONE)])
    mirror.sync(archive)
    assert {status for _, _, status in active(mirror, "variant")} == {"FINISHED"}
    before = contents(mirror)
    asked.clear()
    archive.attach("demo", "verdicts.json", b"{}")
    mirror.sync(archive)
    assert asked == []
    assert contents(mirror) == before
