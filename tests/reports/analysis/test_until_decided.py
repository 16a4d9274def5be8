"""The answers of a study with looks are those of the look that closed each contrast."""

from __future__ import annotations

import dataclasses

import pytest

from ablations.store import StoredStudy
from reports.analysis import scored
from reports.analysis.decision_rules import Rules
from reports.analysis.findings import Findings, find, progress_of
from reports.analysis.verdicts import compare
from tests.reports.factories import quick_study, stored

LOOKS = (5, 10, 14)


@pytest.fixture(scope="module")
def runs() -> StoredStudy:
    """All runs of three contrasts: one is clear at the first look, two are not."""
    study = quick_study(seeds=14, steps=100).restricted({"baseline", "sigmoid", "mse", "batch_norm"})
    study = dataclasses.replace(study, looks=LOOKS, reference_seeds=25, evaluations=2)
    return stored(study, scores={"baseline": 180.0, "sigmoid": 620.0, "mse": 194.0, "batch_norm": 176.0})


def at_once(runs: StoredStudy) -> Findings:
    return find(dataclasses.replace(runs, study=dataclasses.replace(runs.study, looks=())))


def test_each_answer_is_the_last_comparison_of_its_path(runs: StoredStudy) -> None:
    found = find(runs)
    assert found.progress is not None
    assert found.progress == progress_of(runs)
    taken = [len(path.comparisons) for path in found.progress.paths]
    assert (min(taken), max(taken)) == (1, 3)
    for path, item in zip(found.progress.paths, found.comparisons, strict=True):
        assert path.last is not None
        assert (item.interval, item.verdict, item.seeds) == (path.last.interval, path.last.verdict, path.last.seeds)
        assert len(item.seeds) == LOOKS[len(path.comparisons) - 1]


def test_each_interval_is_of_the_first_seeds_at_the_share_of_its_look(runs: StoredStudy) -> None:
    """By all scores, not by the one that carries the verdict alone."""
    found = find(runs)
    assert found.progress is not None
    for path, answer in zip(found.progress.paths, found.answers, strict=True):
        ours, theirs = path.asked[-1]
        level = 0.05 * ours / sum(LOOKS) / len(found.answers)
        wanted = {path.contrast.treatment: ours, path.contrast.reference: theirs}
        for split in answer.splits:
            for name, part in split.parts.items():
                table = scored.scores(runs.results, f"{name}_10k")
                first = {side: {seed: table[side][seed] for seed in range(n)} for side, n in wanted.items()}
                (alone,) = compare(first, [path.contrast], Rules(alpha=level))
                assert part.interval == alone.interval, name


def test_all_seeds_at_once_give_other_intervals(runs: StoredStudy) -> None:
    whole, found = at_once(runs), find(runs)
    assert whole.progress is None
    for one, other in zip(whole.comparisons, found.comparisons, strict=True):
        assert one.interval != other.interval
    verdicts = [[item.verdict for item in items.comparisons] for items in (whole, found)]
    assert verdicts[0] != verdicts[1], "what all seeds show at the whole error is not what a look shows at its share"


@pytest.mark.parametrize(("floor", "verdict"), [(300.0, "worse"), (600.0, "depends on the score")])
def test_the_noise_floor_bounds_the_first_score_alone(runs: StoredStudy, floor: float, verdict: str) -> None:
    """Sigmoid differs by some 440, and by half of that by the other kind of features."""
    found = find(runs, noise_floor=floor)
    assert found.progress is not None
    asked = [contrast.treatment for contrast in runs.study.contrasts].index("sigmoid")
    last = found.progress.paths[asked].last
    assert last is not None
    assert found.comparisons[asked].verdict == last.verdict == verdict
