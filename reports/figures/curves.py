"""Curves along training as SVG markup. Pure: frames in, markup out; sizes in units of a CSS pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports.figures.palette import Style
from reports.figures.svg import Kind, Scale, figure, levels, nice_range, path, short, spread_out, tag, text
from reports.numbers import number
from reports.words import count

WIDTH, HEIGHT = 400, 268
LEFT, RIGHT, TOP, BOTTOM = 40, 30, 44, 38


@dataclass(frozen=True, kw_only=True)
class Line:
    """A mean over seeds along training, with its band."""

    variant: str
    style: Style
    frame: pd.DataFrame
    """Columns mean, low, high, seeds and the one named by `lines(x=...)`; the line breaks where the mean is NaN. With a
    column `runs` too, fewer seeds than runs at its last point are told beside it."""
    ends: tuple[float, ...] = ()
    """Values of the single seeds at the end, each drawn as a dot."""
    faint: bool = False
    """Drawn thin and dotted: the second of two quantities in one figure."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A number from elsewhere, drawn as a ring."""

    label: str
    style: Style
    x: float
    y: float


def lines(
    series: Sequence[Line],
    *,
    title: str,
    x: str,
    x_label: str,
    y_label: str,
    ideals: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    logarithmic: bool = False,
    span: tuple[float, float] | None = None,
    points: Sequence[Point] = (),
) -> Markup:
    """Curves with bands; `ideals` are horizontal marks with their text; `span` makes the x axis a logarithmic one.

    Of `points` those are drawn that lie within the x axis.
    """
    ideals = ideals or {}
    drawn = [line for line in series if len(line.frame)]
    values = [v for line in drawn for key in ("mean", "low", "high") for v in line.frame[key].dropna().tolist()]
    values += [v for line in drawn for v in line.ends] + list(ideals.values())
    kind: Kind = "log" if logarithmic and spread_out(values) else "linear"
    ahead = max((v for line in drawn for v in line.frame[x]), default=0) or 1
    reached = [point for point in points if point.x <= ahead]
    low, high = limits or nice_range([*values, *(point.y for point in reached)], kind=kind)
    start, end = span or (0.0, ahead)
    across = Scale(low=start, high=end, start=LEFT, end=WIDTH - RIGHT - 8, kind="log" if span else "linear")
    up = Scale(low=low, high=high, start=HEIGHT - BOTTOM, end=TOP, kind=kind)
    body = [text(title, 0, 13, "title"), *_frame(across, up, x_label, y_label)]
    body += [_line(line, x, across, up) for line in drawn]
    body += _ideals(ideals, up)
    for point in reached:
        ring = tag("circle", tag("title", point.label), cx=across(point.x), cy=up(point.y), r=4.5, class_="mark hollow")
        body.append(tag("g", ring, class_=point.style.css))
    label = f"{title}: {y_label} against {x_label}"
    return figure(WIDTH, HEIGHT, label, *body, data_x=str(across), data_y=str(up))


def _line(line: Line, x: str, across: Scale, up: Scale) -> Markup:
    frame = line.frame
    shape = f"series {line.style.css}" + (" faint" if line.faint else "")
    known = frame[frame["mean"].notna()]
    parts = [tag("title", _caption(line.variant, known, x))]
    for piece in _pieces(frame):
        xs = [across(v) for v in piece[x].tolist()]
        high, low, middle = ([up(v) for v in piece[key].tolist()] for key in ("high", "low", "mean"))
        band = [*zip(xs, high, strict=True), *reversed([*zip(xs, low, strict=True)])]
        parts.append(tag("path", d=path(band) + "Z", class_="band"))
        parts.append(tag("path", d=path([*zip(xs, middle, strict=True)]), class_="mean"))
        if len(piece) == 1:
            parts.append(tag("circle", cx=xs[0], cy=middle[0], r=2.2, class_="dot"))
    if len(known) and "runs" in frame and (last := known.iloc[-1])["seeds"] < last["runs"]:
        beside = f"{int(last['seeds'])} of {count(int(last['runs']), 'seed')}"
        parts.append(text(beside, across(float(last[x])) - 4, up(float(last["mean"])) - 6, "note", "end"))
    # Dots are spread sideways a little, so that equal scores do not hide each other.
    end = across(float(frame.iloc[-1][x]))
    for index, value in enumerate(line.ends):
        shift = (index - (len(line.ends) - 1) / 2) * min(2.0, 8 / len(line.ends))
        parts.append(tag("circle", cx=end + 4 + shift, cy=up(value), r=2.2, class_="dot"))
    return tag("g", *parts, class_=shape, data_variant=line.variant)


def _caption(variant: str, known: pd.DataFrame, x: str) -> str:
    if not len(known):
        return f"{variant}: too few scores"
    last = known.iloc[-1]
    return f"{variant}: {number(float(last['mean']))} at {number(float(last[x]))}, {count(int(last['seeds']), 'seed')}"


def _pieces(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The stretches of a line between the points that have no mean."""
    known = frame["mean"].notna()
    return [piece for _, piece in frame[known].groupby((~known).cumsum()[known])]


def _ideals(ideals: Mapping[str, float], up: Scale) -> list[Markup]:
    """Dashed lines, named at the right edge, where names that would touch are moved apart."""
    body, lowest = [], math.inf
    for label, value in sorted(ideals.items(), key=lambda item: item[1]):
        y = up(value)
        lowest = min(y + 4, lowest - 12)
        body.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="ideal"))
        body.append(text(label, WIDTH, lowest, "note", "end"))
    return body


def _frame(across: Scale, up: Scale, x_label: str, y_label: str) -> list[Markup]:
    body = levels(up, 5, LEFT, WIDTH - RIGHT)
    body += [text(short(tick), across(tick), HEIGHT - BOTTOM + 16, anchor="middle") for tick in across.ticks(5)]
    base = HEIGHT - BOTTOM
    body.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=base, y2=base, class_="base"))
    scale = " (logarithmic)" if up.kind == "log" else ""
    body.append(text(x_label, WIDTH - RIGHT, HEIGHT - 6, "label", "end"))
    body.append(text(f"{y_label}{scale}", 0, 30, "label"))
    return body
