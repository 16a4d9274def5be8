"""Which number of seeds a stack gets where it is to be the fastest, and what keeps it."""

from __future__ import annotations

import pytest

from ablations.execution.widths import LARGEST_STACK, WidthOption, default_width, fastest_widths, possible_widths


def option(width: int, *stacks: float, stored: int = 0) -> WidthOption:
    return WidthOption(width=width, stacks=stacks, stored=stored)


@pytest.mark.parametrize(("seeds", "width"), [(1, 1), (5, 5), (7, 7), (16, 16), (17, 16), (20, 10), (32, 16), (40, 10)])
def test_the_default_width_shares_seeds_evenly(seeds: int, width: int) -> None:
    assert default_width(seeds) == width


def test_on_one_place_the_cheapest_width_is_taken_and_the_wider_of_equals() -> None:
    options = {"a": [option(5, 60.0, 60.0), option(10, 100.0)], "b": [option(5, 40.0, 40.0), option(10, 90.0)]}
    assert fastest_widths(options, 1) == {"a": 10, "b": 5}
    assert fastest_widths({"a": [option(5, 50.0, 50.0), option(10, 100.0)]}, 1) == {"a": 10}


def test_a_variant_that_would_end_last_is_shared_among_places_that_wait() -> None:
    wide = {"a": [option(5, 60.0, 60.0), option(10, 100.0)]}
    assert fastest_widths(wide, 2) == {"a": 5}
    beside = {**wide, "b": [option(5, 60.0, 60.0), option(10, 100.0)]}
    assert fastest_widths(beside, 2) == {"a": 10, "b": 10}, (
        "both places are busy to the end: the cheapest is the fastest"
    )
    assert fastest_widths({**beside, "c": wide["a"]}, 2) != dict.fromkeys("abc", 10)


def test_a_width_that_the_archive_has_runs_of_stays_though_another_were_faster() -> None:
    options = {"a": [option(5, 60.0, 60.0, stored=5), option(10, 10.0)]}
    assert fastest_widths(options, 2) == {"a": 5}


def test_a_variant_of_which_nothing_was_measured_is_left_out() -> None:
    assert fastest_widths({"a": [], "b": [option(10, 1.0)]}, 2) == {"b": 10}
    assert fastest_widths({}, 2) == {}


def test_a_width_is_possible_where_no_seed_is_in_vain_and_its_stack_fits_the_memory() -> None:
    seconds = {"1": 3.0, "5": 2.0, "10": 1.0, "16": 0.5}
    assert possible_widths(seconds, {}, 10) == [1, 5, 10]
    assert possible_widths(seconds, {"5": LARGEST_STACK, "10": LARGEST_STACK + 1}, 16) == [1, 5, 16]
