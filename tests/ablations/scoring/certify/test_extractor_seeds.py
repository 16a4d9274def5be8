"""Panels of other seeds: both extractors or none, and the scores are those of `evaluate`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ablations.data import load_dataset
from ablations.scoring.certify.extractor_seeds import ScoredAgain, panels
from ablations.scoring.extractors import contrastive, reader
from ablations.scoring.extractors.frozen import digest_file
from ablations.scoring.panel import load_panel
from ablations.scoring.suite import evaluate, references_of


def put(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    shutil.copy(digest_file(source), digest_file(target))


def test_a_seed_needs_both_extractors(tmp_path: Path) -> None:
    put(reader.WEIGHTS, tmp_path / "reader-3.safetensors")
    assert not panels(tmp_path)
    put(contrastive.WEIGHTS, tmp_path / "contrastive-3.safetensors")
    found = panels(tmp_path)
    assert [*found] == [3]
    assert found[3].digest == load_panel().digest


def test_scores_are_those_of_the_panel() -> None:
    digits = load_dataset("digits")
    by_seed = {3: load_panel()}
    again = ScoredAgain(digits, by_seed)
    images = digits.train_images[: again.count]
    ((seed, scores),) = again(images, [3])
    whole = evaluate(images, by_seed[3], references_of(digits, by_seed[3]))
    assert seed == 3
    assert {name.split("frechet")[0] for name in scores} == {
        "", "balanced_", "class_share_", "contrastive_", "contrastive_balanced_", "contrastive_class_share_",
    }  # fmt: skip
    assert scores == {name: pytest.approx(whole[name]) for name in scores}
