import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.svg import Kind, Scale, linear_ticks, log_ticks, nice_range, short, spread_out, tag

KINDS: tuple[Kind, ...] = ("linear", "log", "symlog")


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = tag("title", "a < b & c")
    assert tag("g", inner, class_="x", data_variant='"quoted"') == (
        '<g class="x" data-variant="&#34;quoted&#34;"><title>a &lt; b &amp; c</title></g>'
    )


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_few_and_inside(low: float, span: float) -> None:
    ticks = linear_ticks(low, low + span, 5)
    slack = 1e-6 * (span + abs(low))
    assert 1 <= len(ticks) <= 5
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


@pytest.mark.parametrize("kind", KINDS)
def test_scales_are_monotonic_and_end_at_their_ends(kind: Kind) -> None:
    low = 1.0 if kind == "log" else -100.0
    scale = Scale(low=low, high=1_000, start=50, end=400, kind=kind, linear=5)
    places = [scale(v) for v in (low, 2, 10, 500, 1_000)]
    assert (places[0], places[-1]) == pytest.approx((50, 400))
    assert places == sorted(places)
    assert scale(1e9) == pytest.approx(400)
    assert 1 <= len(scale.ticks()) <= 9


def test_logarithmic_ticks() -> None:
    assert log_ticks(1, 1_000, 5) == [1, 10, 100, 1_000]
    assert log_ticks(60, 300, 5) == [100, 200]


def test_ranges_leave_out_what_cannot_be_drawn() -> None:
    assert nice_range([math.nan, math.inf, 1.0, 3.0], pad=0) == (1, 3)
    low, high = nice_range([-1.0, 0.0, 2.0, 8.0], kind="log")
    assert 0 < low < 2
    assert high > 8
    assert nice_range([]) == (0, 1)
    low, high = nice_range([5.0])
    assert low < 5 < high


def test_only_wide_ranges_are_logarithmic() -> None:
    assert spread_out([1.0, 100.0])
    assert not spread_out([50.0, 100.0, math.inf])
    assert not spread_out([])


def test_labels_are_short() -> None:
    assert [short(v) for v in (0.25, 10, 2_000, 60_000, -100)] == ["0.25", "10", "2k", "60k", "\N{MINUS SIGN}100"]
