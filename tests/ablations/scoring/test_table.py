"""Facts and functions belong together; one more metric is a function and a row, and is there everywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.catalog.metric_facts import EXTRACTORS, Metric
from ablations.catalog.metrics import METRICS, primary
from ablations.cli import main
from ablations.config.errors import ConfigError
from ablations.data import load_dataset
from ablations.scoring.metrics.bindings import COMPUTATIONS, computes
from ablations.scoring.metrics.values import Reference, Samples
from ablations.scoring.panel import load_panel
from ablations.scoring.suite import evaluate, references_of
from ablations.scoring.table import computations
from ablations.store.mirror import rows
from reports.analysis.findings import find
from reports.pages.study_page import write
from tests.reports.factories import quick_study, stored


def test_every_metric_of_images_has_a_function_and_every_function_its_rows() -> None:
    computed = [row.name for item in computations() for row in item.rows]
    assert len(computed) == len(set(computed))
    assert {*computed} == {name for name, row in METRICS.items() if row.of == "images" and not of_another_kind(name)}


def of_another_kind(name: str) -> bool:
    """A row of the same metric by another kind of features: the function of the first row computes it."""
    return any(name.startswith(f"{kind}_") and name.removeprefix(f"{kind}_") in METRICS for kind in EXTRACTORS)


def test_what_one_function_computes_is_of_one_kind() -> None:
    for item in computations():
        assert len({(row.tier, row.conditional, row.needs, row.extractors) for row in item.rows}) == 1, item.facts.name
        assert not item.facts.many or len(item.rows) == 1


def test_the_order_is_that_of_the_rows() -> None:
    order = list(METRICS)
    firsts = [order.index(item.facts.name) for item in computations()]
    assert firsts == sorted(firsts)


def test_a_function_without_a_row_and_a_second_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'recall'"):
        computes("recal")
    with pytest.raises(ConfigError, match="another function computes recall already"):
        computes("recall")


@pytest.fixture
def spread() -> Iterator[str]:
    """A metric as a user adds it: a row, and a function in a file of its own."""
    METRICS["spread_of_features"] = Metric(
        name="spread_of_features",
        label="spread of the features",
        about="Mean standard deviation of the features over the samples.",
        unit="features, 0: all alike",
        better="higher",
        counted=True,
    )

    @computes("spread_of_features")
    def compute(samples: Samples, reference: Reference) -> tuple[float, ...]:
        return (float(samples.seen.features.std(0).mean()),)

    yield "spread_of_features"
    del METRICS["spread_of_features"], COMPUTATIONS["spread_of_features"]


def test_one_more_metric_is_there_everywhere(spread: str, tmp_path: Path) -> None:
    listed = CliRunner().invoke(main, ["list"]).stdout
    assert spread in listed
    assert "Mean standard deviation of the features over the samples." in listed

    digits, panel = load_dataset("digits"), load_panel()
    scores = evaluate(digits.train_images[:500], panel, references_of(digits, panel))
    assert scores[f"{spread}_500"] > 0

    material = stored(quick_study(seeds=2))
    results = tuple(
        dataclasses.replace(
            result,
            evaluations=tuple(
                dataclasses.replace(
                    item,
                    metrics={**item.metrics, primary(): item.metrics["frechet_10k"], f"{spread}_10k": 0.25},
                )
                for item in result.evaluations
            ),
        )
        for result in material.results
    )
    page = write(find(dataclasses.replace(material, results=results)), tmp_path).read_text()
    assert "spread of the features \N{UPWARDS ARROW}" in page
    assert "Mean standard deviation of the features over the samples." in page

    assert f"score/{spread}_10k" in {point.name for point in rows.run_points(results[0])}
    assert rows.unit_tags()[f"unit.{spread}"].startswith("Mean standard deviation of the features")
