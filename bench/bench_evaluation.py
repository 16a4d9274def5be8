"""The evaluation of one model as in training (10,000 samples, D on the test images), extractors, metrics by tier."""

from __future__ import annotations

import math

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ablations.catalog import BASELINE, STUDIES
from ablations.catalog.metric_facts import Tier
from ablations.config import Engine
from ablations.data import Dataset
from ablations.execution.recorder import measure
from ablations.scoring.panel import PANEL, load_panel
from ablations.scoring.scorer import Scorer
from ablations.scoring.suite import evaluate, primary_metric, references_of, sample_count
from ablations.training.seed_group import SeedGroup
from ablations.training.step_inputs import asked_labels

MODELS = {"mlp": BASELINE} | {name: STUDIES["quick"].variant(name) for name in ("cnn", "conditional")}


@pytest.mark.parametrize("tier", ["quick", "full"])
@pytest.mark.parametrize("model", sorted(MODELS))
def test_evaluation(benchmark: BenchmarkFixture, model: str, tier: Tier, dataset: Dataset, quick: bool) -> None:
    group = SeedGroup(MODELS[model], [0], dataset, Engine())
    scorer = Scorer(dataset, load_panel())
    benchmark.group = f"evaluation of one model, tier {tier}"
    scores, images = benchmark.pedantic(
        lambda: measure(group, 0, dataset, scorer, tier), rounds=1 if quick else 3, warmup_rounds=1
    )
    assert math.isfinite(scores[primary_metric(dataset)])
    assert len(images)


@pytest.mark.parametrize("extractor", PANEL)
def test_features(benchmark: BenchmarkFixture, extractor: str, dataset: Dataset, quick: bool) -> None:
    """One extractor alone: with both, most of an evaluation along the training."""
    panel, count = load_panel().only(extractor), sample_count(dataset)
    images = SeedGroup(BASELINE, [0], dataset, Engine()).sample(0, count)
    benchmark.group = "features of one model"
    views = benchmark.pedantic(lambda: panel.views(images), rounds=1 if quick else 3, warmup_rounds=1)
    assert len(views[extractor]) == count
    assert views[extractor].finite


@pytest.mark.parametrize("tier", ["quick", "full"])
def test_metrics(benchmark: BenchmarkFixture, tier: Tier, dataset: Dataset, quick: bool) -> None:
    """The metrics alone, on images that are drawn already; the reference's features are computed once a process."""
    panel, count = load_panel(), sample_count(dataset)
    references = references_of(dataset, panel)
    images = SeedGroup(BASELINE, [0], dataset, Engine()).sample(0, count)
    asked = asked_labels(count, dataset.shape.classes, images.device)

    def score() -> dict[str, float]:
        return evaluate(images, panel, references, asked, tier=tier)

    benchmark.group = "metrics of one model, by tier"
    scores = benchmark.pedantic(score, rounds=1 if quick else 3, warmup_rounds=1)
    assert math.isfinite(scores[primary_metric(dataset)])
