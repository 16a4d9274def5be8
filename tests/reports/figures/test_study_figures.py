import dataclasses
import itertools
import math
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from PIL import ImageFont

from ablations.catalog import STUDIES
from reports.analysis import frames, scored
from reports.analysis.agreement import Measures, answers
from reports.analysis.decision_rules import Rules
from reports.analysis.factorial import effects
from reports.figures import small_figures
from reports.figures.css import styled, value
from reports.figures.curves import Line, lines
from reports.figures.palette import Style, styles
from reports.figures.raster import NARROWER
from reports.figures.sample_grids import grid, png
from reports.figures.study_figures import LINE, contrast_rows, effect_rows, forest, strips
from tests.reports.analysis.crossed import crossed
from tests.reports.analysis.crossed import scores as crossed_scores
from tests.reports.factories import quick_study, stored

STORED = stored(quick_study(), statuses={("sgd", 1): "diverged"})
SCORES = scored.scores(STORED.results, "balanced_frechet_10k")
STYLES = styles(STORED.study)
MEASURES = Measures.of(scored.metric_names(STORED.results))
ANSWERS = answers(
    lambda name: scored.scores(STORED.results, name),
    MEASURES,
    STORED.study.contrasts,
    Rules(noise_floor=1.5),
    {"sgd": {1: "diverged"}},
)


def by_class(markup: str, name: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(markup).iter() if name in (e.get("class") or "").split()]


@pytest.mark.parametrize("narrow", [False, True])
def test_a_forest_has_a_row_for_every_contrast_with_its_mean_inside_its_interval(narrow: bool) -> None:
    figure = forest(contrast_rows(ANSWERS, STYLES), metric="frechet_10k", floor=1.5, of="a - b", narrow=narrow)
    rows = by_class(figure, "row")
    assert len(rows) == len(ANSWERS)
    scored = [answer for answer in ANSWERS if answer.main.verdict != "too few scores"]
    parts = by_class(figure, "part")
    assert len(parts) == 3 * len(scored), "the whole, the class shares, and the images by the other features"
    drawn = [row for row in (*rows, *parts) if any(child.tag == "circle" for child in row)]
    assert len(drawn) == 4 * len(scored)
    for row in drawn:
        whisker, mark = (next(child for child in row if child.tag == tag) for tag in ("line", "circle"))
        assert float(whisker.attrib["x1"]) <= float(mark.attrib["cx"]) <= float(whisker.attrib["x2"])
    assert by_class(figure, "floor")


@pytest.mark.parametrize("narrow", [False, True])
def test_a_long_question_is_told_to_its_end_and_rows_do_not_touch(narrow: bool) -> None:
    asked = " ".join(["BatchNorm before the activation instead of LayerNorm"] * 3)
    rows = contrast_rows(ANSWERS, STYLES)
    long = [
        dataclasses.replace(row, name=f"{asked} {end}", parts=())
        for row, end in zip(rows[:2], ("MLP", "CNN"), strict=True)
    ]
    figure = forest(long, metric="frechet_10k", floor=0, of="a - b", narrow=narrow)
    lines = [name for row in by_class(figure, "row") for name in row if name.get("class") == "name"]
    words = " ".join(str(line.text) for line in lines)
    assert words == f"{asked} MLP {asked} CNN"
    heights = [float(line.attrib["y"]) for line in lines]
    assert min(b - a for a, b in itertools.pairwise(heights)) >= LINE


def test_main_effects_and_interactions_have_rows_named_by_their_levels() -> None:
    rows = effect_rows(effects(crossed(), crossed_scores(np.random.default_rng(1)), Rules()))
    found = {row.name: row for row in rows}
    main, interaction = found["sgd instead of adam"], found["Sigmoid \N{MULTIPLICATION SIGN} sgd"]
    assert (main.solid, main.css, main.shown) == (True, "c0", "+50.0")
    assert (interaction.solid, interaction.css) == (True, "c1")
    assert not found["conditional instead of unconditional"].solid
    figure = forest(rows, metric="f", floor=0, of="a - b")
    assert len(by_class(figure, "hollow")) == sum(not row.solid for row in rows)


def test_improvements_lie_left_of_zero() -> None:
    figure = forest(contrast_rows(ANSWERS, STYLES), metric="frechet_10k", floor=0, of="a - b")
    zero = float(by_class(figure, "zero")[0].get("x1") or 0)
    for row, answer in zip(by_class(figure, "row"), ANSWERS, strict=True):
        for mark in (e for e in row if e.tag == "circle"):
            assert (float(mark.get("cx") or 0) < zero) == (answer.main.effect < 0)


@pytest.mark.parametrize("narrow", [False, True])
def test_every_seed_is_a_dot_and_every_loss_a_cross(narrow: bool) -> None:
    figure = strips(SCORES, STYLES, metric="frechet_10k", narrow=narrow)
    assert len(by_class(figure, "seed")) == 39
    assert len(by_class(figure, "cross")) == 1
    assert len(by_class(figure, "median")) == 8


def ends(figure: str) -> list[tuple[str, float, float]]:
    """Each text with where it begins and ends, in the font of the PNGs."""
    font = ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 100)
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}
    found = []
    for element, style in styled(ET.fromstring(figure)):
        if element.tag == "text" and element.text:
            size = NARROWER * float(value(style, "font-size").removesuffix("px"))
            width = font.getlength(element.text) * size / 100
            start = float(element.attrib["x"]) - before[element.attrib["text-anchor"]] * width
            found.append((element.text, start, start + width))
    return found


@pytest.mark.parametrize("narrow", [False, True])
def test_no_text_leaves_a_figure_at_either_side(narrow: bool) -> None:
    """With a name of the longest that there may be, the longest question of the catalog, and the usual score."""
    name = ("as many letters as a name may have " * 3)[:100]
    asked = max((contrast.question for study in STUDIES.values() for contrast in study.contrasts), key=len)
    table = {name if known == "mse" else known: by_seed for known, by_seed in SCORES.items()}
    own = {name if known == "mse" else known: style for known, style in STYLES.items()}
    rows = [dataclasses.replace(row, name=asked) for row in contrast_rows(ANSWERS, STYLES)]
    metric, of = "balanced_frechet_10k", "treatment \N{MINUS SIGN} reference"
    for figure in (
        strips(table, own, metric=metric, narrow=narrow),
        forest(rows, metric=metric, floor=1.5, of=of, narrow=narrow),
    ):
        width = float(ET.fromstring(figure).get("viewBox", "").split()[2])
        for text, start, end in ends(figure):
            assert start >= -0.5, text
            assert end <= width + 0.5, text


def test_a_curve_stays_inside_its_frame_and_the_ideal_is_named() -> None:
    curves = frames.curves_frame(STORED.results)
    frame = curves[(curves.curve == "g_loss") & (curves.variant == "cnn")]
    line = Line(variant="cnn", style=Style(3), frame=frame, ends=(1.0, 2.0))
    marks = {"ln 2": math.log(2)}
    figure = lines([line], title="Loss of G", x="step", x_label="step", y_label="loss", ideals=marks)
    assert len(by_class(figure, "dot")) == 2
    assert len(by_class(figure, "ideal")) == 1
    assert by_class(figure, "series")[0].get("data-variant") == "cnn"
    numbers = [float(v) for v in by_class(figure, "mean")[0].get("d", "")[1:].replace("L", " ").split()]
    assert all(0 <= v <= 400 for v in numbers)


def test_a_figure_without_data_is_still_a_figure() -> None:
    curves = frames.curves_frame(STORED.results)
    empty = Line(variant="x", style=Style(1), frame=curves[curves.variant == "nobody"])
    figure = lines([empty], title="t", x="step", x_label="step", y_label="y")
    assert ET.fromstring(figure).get("role") == "img"
    assert forest((), metric="f", floor=0, of="a - b")


def test_a_grid_keeps_the_order_of_the_samples() -> None:
    images = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((28, 28), dtype=np.uint8) * 20
    picture = grid(images, columns=5, rows=2)
    assert picture.shape == (2 * 29 - 1, 5 * 29 - 1)
    assert picture[0, 29] == 20
    assert picture[29, 0] == 100
    assert grid(images[:1]).shape == (28, 28)
    assert png(picture)[:4] == b"\x89PNG"


def test_a_small_figure_has_a_point_for_every_step_and_is_filled_where_it_is_sure() -> None:
    answer = next(item.main for item in ANSWERS if item.main.verdict == "worse")
    unsure = dataclasses.replace(answer, verdict="no difference shown")
    figure = small_figures.course({100: unsure, 200: unsure, 300: answer})
    assert figure is not None
    assert (len(by_class(figure, "mark")), len(by_class(figure, "hollow"))) == (3, 2)
    height = float(ET.fromstring(figure).get("viewBox", "").split()[3])
    ends = [float(line.get(key, "0")) for line in by_class(figure, "whisker") for key in ("y1", "y2")]
    assert all(0 <= end <= height for end in ends)
    nothing = next(item.main for item in ANSWERS if item.main.verdict == "too few scores")
    assert small_figures.looks([nothing]) is None
