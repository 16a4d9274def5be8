"""Panels of other seeds: both extractors or none, and the scores are those of `evaluate`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ablations.data import load_dataset
from ablations.scoring.certify.extractor_seeds import ScoredAgain, panels
from ablations.scoring.extractors import contrastive, reader
from ablations.scoring.extractors.frozen import digest_file
from ablations.scoring.suite import evaluate, references_of


def put(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    shutil.copy(digest_file(source), digest_file(target))


def test_a_seed_needs_both_extractors(tmp_path: Path) -> None:
    assert [*panels(tmp_path)] == [0]
    put(reader.WEIGHTS, tmp_path / "reader-3.safetensors")
    assert [*panels(tmp_path)] == [0]
    put(contrastive.WEIGHTS, tmp_path / "contrastive-3.safetensors")
    found = panels(tmp_path)
    assert [*found] == [0, 3]
    assert found[0].digest == found[3].digest


def test_scores_are_those_of_the_panel(tmp_path: Path) -> None:
    digits = load_dataset("digits")
    by_seed = panels(tmp_path)
    again = ScoredAgain(digits, by_seed)
    images = digits.train_images[: again.count]
    ((seed, scores),) = again(images, [0])
    whole = evaluate(images, by_seed[0], references_of(digits, by_seed[0]))
    assert seed == 0
    assert {name.split("frechet")[0] for name in scores} == {
        "", "balanced_", "class_share_", "contrastive_", "contrastive_balanced_", "contrastive_class_share_",
    }  # fmt: skip
    assert scores == {name: pytest.approx(whole[name]) for name in scores}
