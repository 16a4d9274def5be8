"""The tables of the pages name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from ablations.catalog import AXES, STUDIES
from ablations.config.parts import KINDS
from tests import settings_page

DOCS = Path(__file__).resolve().parents[1] / "docs"


def first_cells(page: str, header: str) -> list[str]:
    """What stands between backquotes in the first column of the table with this header."""
    table = (DOCS / page).read_text().split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [name for line in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", line.split("|")[1])]


def test_every_study_and_every_axis_is_in_its_table() -> None:
    assert set(first_cells("studies.md", "study | what it asks")) == {*STUDIES}
    assert sorted(first_cells("studies.md", "axes | of what")) == sorted(AXES)


def test_the_page_of_keys_says_what_the_classes_say() -> None:
    assert settings_page.PAGE.read_text() == settings_page.page(), "write it anew: python -m tests.settings_page"


def test_every_kind_of_part_is_in_its_table() -> None:
    kinds = {*KINDS, "generator", "discriminator"} - {"architecture"}
    assert set(first_cells("own_parts.md", "kind | builder | facts")) == kinds
