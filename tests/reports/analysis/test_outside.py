"""Orders of a few beside a printed table: statistics in closed form, and runs made to have an order."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping

import pytest
from scipy import stats

from ablations.catalog import BASELINE
from ablations.catalog.hyperparameters import HYPERPARAMETERS
from ablations.catalog.outside import LUCIC_2018, LUCIC_LOSSES, STEPS, TABLES
from ablations.catalog.publication import OUTSIDE, tunings
from ablations.search.tuning import sides, tuning_searches
from ablations.store.result import Result
from reports import words
from reports.analysis.outside import TUNED, beside, exact_p, kendall, spearman
from reports.pages.outside_section import outside_sections
from reports.pages.rendering import render
from tests.reports.made_up_runs import about, run

FOUR = [6.8, 7.8, 9.8, 20.3]


def runs(levels: Mapping[str, float], plain: Mapping[str, float] | None = None) -> list[Result]:
    """Five runs of each tuned level near its number, and one of a level with default settings."""
    made = []
    for level, number in levels.items():
        for seed in range(5):
            one = run(seed, about(number), plain=about((plain or levels)[level]))
            variant = dataclasses.replace(one.run.variant, name=f"{level}{TUNED}")
            made.append(dataclasses.replace(one, run=dataclasses.replace(one.run, variant=variant)))
    return [*made, run(0, about(1.0))]


THEIR_ORDER = {"ns-gan": 20.0, "ls-gan": 30.0, "mm-gan": 40.0, "wgan-gp": 90.0, "hinge-gan": 10.0}


@pytest.mark.parametrize("order", [*itertools.permutations(FOUR)][::5])
def test_the_statistics_are_those_of_an_independent_library(order: tuple[float, ...]) -> None:
    found = stats.kendalltau(FOUR, order, method="exact")
    assert kendall(FOUR, order) == pytest.approx(found.statistic)
    assert exact_p(kendall, FOUR, order) == pytest.approx(found.pvalue)
    assert spearman(FOUR, order) == pytest.approx(stats.spearmanr(FOUR, order).statistic)


def test_of_four_even_the_same_order_is_no_proof() -> None:
    assert exact_p(kendall, FOUR, FOUR) == exact_p(spearman, FOUR, FOUR) == pytest.approx(2 / 24)
    assert exact_p(kendall, FOUR, [1.0] * 4) == exact_p(spearman, FOUR, [1.0] * 4) == 1.0


def test_the_same_order_agrees_and_one_swap_is_named() -> None:
    found = beside(LUCIC_2018, runs(THEIR_ORDER))
    assert [line.level for line in found.lines] == ["ns-gan", "ls-gan", "mm-gan", "wgan-gp", "hinge-gan"]
    assert [line.printed.name if line.printed else None for line in found.lines][-1] is None
    assert {line.seeds for line in found.lines} == {5}
    assert [item.kendall for item in found.agreements] == [pytest.approx(1.0)] * 3
    assert not any(item.opposed for item in found.agreements)
    assert found.least_p == pytest.approx(found.agreements[0].kendall_p)
    swapped = beside(LUCIC_2018, runs({**THEIR_ORDER, "wgan-gp": 15.0}))
    apart = {pair[:2]: pair[2] for pair in swapped.agreements[0].opposed}
    assert set(apart) == {(name, "WGAN GP") for name in ("NS GAN", "LSGAN", "MM GAN")}
    assert 0 < apart["NS GAN", "WGAN GP"] < apart["LSGAN", "WGAN GP"] < apart["MM GAN", "WGAN GP"]
    assert swapped.agreements[0].kendall == pytest.approx(0.0)


def test_each_measure_has_an_order_of_its_own() -> None:
    plain = {**THEIR_ORDER, "ns-gan": 35.0}
    found = beside(LUCIC_2018, runs(THEIR_ORDER, plain))
    taus = {item.measure: item.kendall for item in found.agreements}
    assert taus["images alone, the reader's features"] == pytest.approx(1.0)
    assert taus["plain distance, the reader's features"] == pytest.approx(1 - 2 / 6)


def test_runs_without_a_score_are_counted_and_a_level_without_any_has_no_place() -> None:
    lost = [dataclasses.replace(item, status="diverged") if "mm-gan" in item.run.variant.name else item
            for item in runs(THEIR_ORDER)]  # fmt: skip
    found = beside(LUCIC_2018, lost)
    (line,) = [line for line in found.lines if line.level == "mm-gan"]
    assert (line.ended, math.isnan(line.means[0])) == (5, True)
    assert found.agreements[0].kendall == pytest.approx(1.0)
    assert exact_p(kendall, FOUR[:3], FOUR[:3]) == pytest.approx(found.agreements[0].kendall_p)
    assert beside(LUCIC_2018, []).agreements == ()


def test_both_pages_show_every_row_and_only_axes_with_a_table_have_the_section() -> None:
    assert outside_sections({"loss": runs(THEIR_ORDER)})["outside"] == []
    context = outside_sections({"lucic": runs(THEIR_ORDER)}) | {"words": words}
    for name in ("outside.md.j2", "outside.html.j2"):
        page = render(name, context)
        for row in LUCIC_2018.rows:
            assert (f"{row.mean} ± {row.spread}" in page) == (row.level is not None)
        assert "exact p 0.0833" in page
        assert "hinge-gan" in page
        assert "the same order" in page


def test_the_losses_differ_in_nothing_but_the_loss_and_are_tuned_alike() -> None:
    base = BASELINE.override({"steps": STEPS})
    own = [side.variant.flat() for side in sides(LUCIC_LOSSES, base)]
    assert len(own) == len(LUCIC_LOSSES.levels) == 5
    differ = {key for one in own for key in one if one[key] != own[0][key]} - {"name"}
    assert differ == {"loss.criterion", "loss.generator", "loss.penalty", "discriminator.output"}
    assert {row.level for row in LUCIC_2018.rows if row.level} < {level.name for level in LUCIC_LOSSES.levels}
    settings = OUTSIDE["lucic"]
    searches = tuning_searches(
        LUCIC_LOSSES, base, narrowed={}, fixed=settings["fixed"], trials=settings["trials"], seeds=settings["seeds"]
    )
    spaces = {tuple(item.space.as_dict().items()) for item in searches}
    assert len(spaces) == 1, "the same hyperparameters in the same ranges"
    ((rows),) = spaces
    assert {key.rpartition(".")[2] for key, _ in rows} == {"learning_rate", "beta1"}
    assert {item.steps for item in searches} == {STEPS}
    assert {*settings["fixed"]} < {item.key for item in HYPERPARAMETERS}
    assert {*TABLES} <= {*tunings()}
