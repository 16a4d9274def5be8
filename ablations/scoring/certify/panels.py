"""The figures of a certificate as SVG markup, in the style of the reports. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ablations.scoring.certify.known_distances import Bias
from reports.figures.svg import Scale, figure, levels, nice_range, path, short, tag, text

PANEL, TALL = 190, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 34, 26
PER_ROW = 4
GOOD, BAD = "\N{CHECK MARK}", "\N{MULTIPLICATION X}"
ARROWS = {"rises": "\N{UPWARDS ARROW}", "falls": "\N{DOWNWARDS ARROW}", "stays": "="}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A metric along the grades of a damage."""

    metric: str
    claim: str
    holds: bool
    values: tuple[float, ...]
    """The undamaged images first."""
    tolerance: float


def panels(title: str, grades: Sequence[float], drawn: Sequence[Panel]) -> Markup:
    """Small figures side by side; grades at equal distances, since they are chosen, not measured."""
    rows = math.ceil(len(drawn) / PER_ROW)
    body = [
        tag("g", *_panel(panel, grades), transform=f"translate({PANEL * (n % PER_ROW)},{TALL * (n // PER_ROW)})")
        for n, panel in enumerate(drawn)
    ]
    return figure(PANEL * min(PER_ROW, len(drawn)), TALL * rows, f"{title}: metrics by grade", *body)


def _panel(panel: Panel, grades: Sequence[float]) -> list[Markup]:
    around = [panel.values[0] - panel.tolerance, panel.values[0] + panel.tolerance]
    low, high = nice_range([*panel.values, *around], pad=0.06)
    across = Scale(low=0, high=len(grades), start=LEFT + 4, end=PANEL - RIGHT - 4)
    up = Scale(low=low, high=high, start=TALL - BOTTOM, end=TOP)
    mark = GOOD if panel.holds else BAD
    body = [text(f"{panel.metric} {ARROWS[panel.claim]} {mark}", LEFT - 32, 20, "name")]
    body += levels(up, 3, LEFT, PANEL - RIGHT)
    top, bottom = up(around[1]), up(around[0])
    body.append(tag("rect", x=LEFT, y=top, width=PANEL - LEFT - RIGHT, height=max(bottom - top, 1.0), class_="floor"))
    for index, grade in enumerate([0.0, *grades]):
        if index in (0, (len(grades) + 1) // 2, len(grades)):
            body.append(text(short(grade), across(index), TALL - BOTTOM + 14, anchor="middle"))
    points = [(across(index), up(value)) for index, value in enumerate(panel.values)]
    body.append(
        tag(
            "g",
            tag("path", d=path(points), class_="mean"),
            *(tag("circle", cx=x, cy=y, r=2.6, class_="dot") for x, y in points),
            class_="c1" if panel.holds else "c2",
        )
    )
    return body


def bias_figure(measured: Sequence[Bias]) -> Markup:
    """`frechet` and `frechet_inf` with its mean interval, by the number of samples."""
    width, height = 400, 250
    body: list[Markup] = []
    for place, item in enumerate(measured):
        low, high = nice_range([*item.frechet, *item.low, *item.high])
        left = place * width
        across = Scale(
            low=item.counts[0] / 1.15, high=item.counts[-1] * 1.15, start=left + 48, end=left + width - 24, kind="log"
        )
        up = Scale(low=low, high=high, start=height - 44, end=34)
        body.append(text(item.title.capitalize(), left + 8, 16, "title"))
        body += levels(up, 5, left + 48, left + width - 24)
        body += [text(short(value), across(value), height - 28, anchor="middle") for value in across.ticks(5)]
        body.append(text("samples", left + width / 2 + 12, height - 8, "label", "middle"))
        ends = [*zip(item.counts, item.high, strict=True), *reversed([*zip(item.counts, item.low, strict=True)])]
        band = path([(across(count), up(value)) for count, value in ends]) + "Z"
        for hue, name, values in ((2, "frechet", item.frechet), (1, "frechet_inf", item.frechet_inf)):
            points = [(across(count), up(value)) for count, value in zip(item.counts, values, strict=True)]
            shapes = [tag("path", d=band, class_="band")] if hue == 1 else []
            shapes += [tag("path", d=path(points), class_="mean")]
            shapes += [tag("circle", cx=x, cy=y, r=3.0, class_="dot") for x, y in points]
            shapes.append(text(name, points[0][0] + 8, points[0][1] + (4 if hue == 2 else -8), "note"))
            body.append(tag("g", *shapes, class_=f"c{hue}"))
    return figure(width * len(measured), height, "Bias by the number of samples", *body)
