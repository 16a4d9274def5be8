"""Figures as PNG: the places and colours of the SVG, and what a browser makes of it."""

from __future__ import annotations

import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from reports.analysis import scored
from reports.analysis.agreement import Measures, answers
from reports.analysis.decision_rules import Rules
from reports.figures.css import rules, styled, value
from reports.figures.legend import with_legend
from reports.figures.palette import Style, styles
from reports.figures.raster import ROOM, SCALE, rasterize
from reports.figures.study_figures import contrast_rows, forest, strips
from reports.figures.svg import figure, tag, text
from reports.pages.attachments import standalone
from tests.reports.factories import quick_study, stored

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
STORED = stored(quick_study(), statuses={("sgd", 1): "diverged"})
SCORES = scored.scores(STORED.results, "balanced_frechet_10k")
STYLES = styles(STORED.study)
ANSWERS = answers(
    lambda name: scored.scores(STORED.results, name),
    Measures.of(scored.metric_names(STORED.results)),
    STORED.study.contrasts,
    Rules(),
)
FOREST = forest(contrast_rows(ANSWERS, STYLES), metric="frechet_10k", floor=30.0, of="a - b")
INK, PAPER, BLUE = (27, 31, 36), (255, 255, 255), (0, 114, 178)

Picture = NDArray[Any]


def pixels(data: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def at(picture: Picture, x: float, y: float) -> Any:
    """The colour at a place of the figure."""
    return picture[round((y + ROOM) * SCALE), round((x + ROOM) * SCALE)]


def near(color: Any, expected: tuple[int, int, int]) -> bool:
    """Up to the shades that a palette of 255 leaves."""
    return bool(np.abs(color - np.array(expected)).max() <= 12)


def drawn(*body: Markup, width: int = 100, height: int = 60) -> Picture:
    return pixels(rasterize(figure(width, height, "t", *body)))


def test_a_picture_has_twice_the_figures_size_on_paper() -> None:
    picture = drawn()
    assert picture.shape == ((60 + 2 * ROOM) * SCALE, (100 + 2 * ROOM) * SCALE, 3)
    assert (picture == 255).all()


def test_marks_are_where_they_belong_in_the_variants_colour() -> None:
    mark, hollow = (tag("circle", cx=x, cy=30, r=8, class_=name) for x, name in ((20, "mark"), (80, "mark hollow")))
    picture = drawn(tag("g", mark, hollow, class_="row c1"))
    assert near(at(picture, 20, 30), BLUE)
    assert near(at(picture, 80, 30), PAPER)
    assert near(at(picture, 88, 30), BLUE)
    assert near(at(picture, 50, 30), PAPER)


def test_dashes_bands_and_lines_differ() -> None:
    row = tag("path", d="M0 10L100 10", class_="mean")
    solid, dashed = (drawn(tag("g", row, class_=name)) for name in ("series c1", "series c1 d1"))
    along = [x / SCALE for x in range(4, 100 * SCALE - 4)]
    assert all(near(at(solid, x, 10), BLUE) for x in along)
    share = np.mean([near(at(dashed, x, 10), BLUE) for x in along])
    assert 0.5 < share < 0.9
    band = drawn(tag("g", tag("path", d="M0 0L100 0L100 60L0 60Z", class_="band"), class_="series c1"))
    assert near(at(band, 50, 30), (214, 232, 243))


@pytest.mark.parametrize(("anchor", "left", "right"), [("start", 50, 100), ("end", 0, 50), ("middle", 20, 80)])
def test_text_stands_on_its_side_of_its_place(anchor: str, left: int, right: int) -> None:
    picture = drawn(text("LLLL", 50, 40, "value", anchor))
    dark = np.argwhere((picture < 100).all(axis=-1))
    columns, lines = dark[:, 1] / SCALE - ROOM, dark[:, 0] / SCALE - ROOM
    assert len(dark) > 50
    assert left - 1 <= columns.min()
    assert columns.max() <= right + 1
    assert 25 < lines.min() < lines.max() <= 41


def test_an_element_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="'image'"):
        drawn(tag("image", href="x"))


def test_the_style_sheet_is_read_as_a_browser_reads_it() -> None:
    body = tag("g", tag("path", class_="mean"), class_="series c2 d2"), tag("circle", class_="mark hollow")
    root = ET.fromstring(figure(9, 9, "t", tag("g", *body, class_="c1"), text("x", 0, 0, "note")))
    found = {element.get("class", ""): style for element, style in styled(root)}
    assert value(found["mean"], "stroke") == "#d55e00", "the nearest variant above, in light colours"
    assert value(found["mean"], "stroke-dasharray") == "2 4"
    assert value(found["mark hollow"], "fill") == "#ffffff", "two classes win over one"
    assert value(found["mark hollow"], "stroke") == "#0072b2"
    assert value(found["note"], "stroke") == "#ffffff", "the variable is not set, so its other value"
    assert not any("@" in name for selector, _ in rules() for part in selector for name in part)


def test_every_class_of_a_figure_is_in_the_style_sheet() -> None:
    known = {name for selector, _ in rules() for part in selector for name in part}
    made = FOREST + strips(SCORES, STYLES, metric="frechet_10k")
    used = {name for e in ET.fromstring(f"<g>{made}</g>").iter() for name in (e.get("class") or "").split()}
    assert used - known <= {"row"}


def test_a_legend_names_every_line_inside_the_figure() -> None:
    names = [f"variant number {n}" for n in range(9)]
    bare = figure(400, 100, "t", tag("line", class_="base"))
    longer = with_legend(bare, names, {name: Style(n % 8) for n, name in enumerate(names)})
    root = ET.fromstring(longer)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    places = {e.text: (float(e.get("x", 0)), float(e.get("y", 0))) for e in root.iter("text")}
    assert [*places] == names
    assert len(set(places.values())) == 9
    assert all(0 < x < width - 50 and 100 < y < height for x, y in places.values())
    assert with_legend(bare, [], {}) == bare


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_the_same(tmp_path: Path) -> None:
    """The part without letters, whose font the browser chooses, and up to soft edges."""
    page, shot = tmp_path / "forest.svg", tmp_path / "shot.png"
    page.write_bytes(standalone(FOREST))
    ours = pixels(rasterize(FOREST))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", f"--force-device-scale-factor={SCALE}"]
    size = f"--window-size={ours.shape[1] // SCALE},{ours.shape[0] // SCALE + 200}"
    line = [str(CHROMIUM), *flags, size, f"--screenshot={shot}", page.as_uri()]
    subprocess.run(line, capture_output=True, timeout=100, check=True)
    theirs = pixels(shot.read_bytes())[: ours.shape[0], : ours.shape[1]]
    without_letters = slice(44 * SCALE, -60 * SCALE), slice(400 * SCALE, 740 * SCALE)
    ours, theirs = ours[without_letters], theirs[without_letters]
    something, differing = (theirs < 200).any(axis=-1), np.max(np.abs(ours - theirs), axis=-1) > 60
    assert np.mean(something) > 0.01
    assert np.mean(differing) < 0.1 * np.mean(something)
