"""What the documents check and print, in a report."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ablations.catalog import RECIPES
from ablations.config import Study
from reports.analysis.findings import find
from reports.pages.study_page import write
from tests.reports.factories import NOISE_CHECK, quick_study, stored
from tests.reports.pages.outline import Outline


def test_a_recipe_has_its_check_and_its_trace_in_both_pages(tmp_path: Path) -> None:
    variants = tuple(RECIPES[name].override({"steps": 2_000}) for name in ("s2", "s4"))
    study = Study(name="docs", title="Docs", description="", variants=variants, seeds=2, evaluations=2)
    material = dataclasses.replace(
        stored(study), noise_checks=(NOISE_CHECK, dataclasses.replace(NOISE_CHECK, labels=True))
    )
    page = write(find(material), tmp_path)
    outline = Outline()
    outline.feed(page.read_text())
    assert not outline.open
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text()))
    markdown = (tmp_path / "report.md").read_text()
    for told in (text, markdown):
        assert "failed" in told
        assert "97.0%" in told
        assert "1.7751" in told
        assert "s4: Costs by epoch" in told
        assert "D of s2 without labels fails: trained for 80 updates it passes: 99.1% of the test images" in told
        assert "BatchNorm over a batch of one image" in told
    rows = [line for line in markdown.splitlines() if line.startswith("| s2 | with")]
    assert rows == [
        "| s2 | without | 20 | 97.0% | 70% | **failed** |",
        "| s2 | with | 20 | 97.0% | 70% | **failed** |",
    ]
    for name in ("sanity-check-s2", "trace-s2", "trace-s4"):
        assert (tmp_path / "figures" / f"{name}.svg").exists()
        assert f"figures/{name}.svg" in markdown
    assert "with labels" in (tmp_path / "figures" / "sanity-check-s2.svg").read_text()
    assert "1.7751" in (tmp_path / "figures" / "trace-s2.svg").read_text()


def test_a_study_without_recipes_has_no_such_section(tmp_path: Path) -> None:
    page = write(find(stored(quick_study(seeds=1))), tmp_path)
    assert "What the documents check" not in page.read_text()
