"""The figures of a whole study as SVG markup. Pure: scores and comparisons in, markup out; lengths in CSS pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from markupsafe import Markup

from reports.analysis.aggregate import median
from reports.analysis.agreement import Answer
from reports.analysis.comparison import Comparison, Interval
from reports.analysis.factorial import Effect
from reports.figures.palette import Style
from reports.figures.svg import Kind, Scale, figure, nice_range, path, short, spread_out, tag, text
from reports.numbers import number
from reports.words import bounds, percent, question, signed

PART = 13
"""Height of a part's row."""
LONGEST = 52
"""Characters of a variant's name that are shown."""
LINE = 15
"""Height of a further line of a name."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A difference and its interval, as a forest plot draws them; not finite where there is none."""

    name: str
    shown: str
    """The difference in words."""
    hover: str
    verdict: str = ""
    """Written below the name; empty where none is passed."""
    mean: float
    interval: Interval
    solid: bool
    css: str
    parts: tuple[Part, ...] = ()
    """Drawn small below it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a difference is made of, or the same by other features."""

    shown: str
    hover: str
    mean: float
    interval: Interval


def contrast_rows(answers: Sequence[Answer], styles: Mapping[str, Style]) -> list[Row]:
    """In the colour of the treatment, or of the reference where the treatment is the study's own reference.

    Below a contrast stand the parts that its difference is made of, by each kind of features.
    """
    rows = []
    for answer in answers:
        item = answer.main
        asked = [styles[item.contrast.treatment], styles[item.contrast.reference]]
        css = next((style for style in asked if style.hue), asked[0]).css
        rows.append(
            Row(
                name=question(item),
                shown=_shown(item),
                hover=f"{question(item)}: {_shown(item)} {bounds(item.interval)}, {item.verdict}",
                verdict=item.verdict,
                mean=item.effect,
                interval=item.interval,
                solid=item.verdict in ("better", "worse"),
                css=css,
                parts=_parts(answer),
            )
        )
    return rows


def _shown(item: Comparison) -> str:
    if math.isnan(item.effect):
        return "by how runs ended" if item.rests_on == "statuses" else "no interval"
    return f"{signed(item.effect)} ({percent(item.percent)})"


def _parts(answer: Answer) -> tuple[Part, ...]:
    """Of the first kind of features the whole and the class shares, beside the images that are the row itself; of the
    second the images, or the whole where that is all there is.
    """
    found = []
    for index, split in enumerate(answer.splits):
        named = {"images": split.images, "whole": split.whole, "class shares": split.shares}
        own = {name: part for name, part in named.items() if part is not None}
        wanted = [*own][1:] if index == 0 else [*own][:1]
        for name in wanted:
            part = own[name]
            if math.isnan(part.effect):
                continue
            kind = split.kind.words.removeprefix("the ")
            shown = f"{name} {signed(part.effect)}" if index == 0 else f"{kind.split()[0]} {signed(part.effect)}"
            hover = f"{name}, by {split.kind.words}: {_shown(part)} {bounds(part.interval)}, alone: {part.verdict}"
            found.append(Part(shown=shown, hover=hover, mean=part.effect, interval=part.interval))
    return tuple(found)


def effect_rows(effects: Sequence[Effect]) -> list[Row]:
    """Main effects in ink, interactions in the first hue."""
    rows = []
    for item in effects:
        crossed = len(item.levels) > 1
        name = " \N{MULTIPLICATION SIGN} ".join(level for level, _ in item.levels) if crossed else item.changes[0]
        rows.append(
            Row(
                name=name,
                shown=signed(item.mean),
                hover=f"{name}: {signed(item.mean)} {bounds(item.interval)}",
                mean=item.mean,
                interval=item.interval,
                solid=item.shown,
                css=Style(int(crossed)).css,
            )
        )
    return rows


def forest(rows: Sequence[Row], *, metric: str, floor: float, of: str, narrow: bool = False) -> Markup:
    """Differences and their simultaneous intervals, one a row with its parts below; the band is the noise floor."""
    width, row = (400, 46) if narrow else (960, 34)
    left, right, top = (8, 8, 30) if narrow else (340, 180, 34)
    names = [wrap(item.name, 56 if narrow else 50) for item in rows]
    taller = [LINE * (len(lines) - 1 + bool(item.verdict)) for item, lines in zip(rows, names, strict=True)]
    parts = [PART * len(item.parts) for item in rows]
    heights = [row + (more + below if narrow else max(more, below)) for more, below in zip(taller, parts, strict=True)]
    height = top + sum(heights) + (60 if narrow else 44)
    whiskers = [(item.interval, item.mean) for one in rows for item in _drawn(one)]
    edges = [v for span, mean in whiskers for v in (span.low, span.high, mean) if math.isfinite(v)] + [0.0]
    across = _effect_scale(edges, left, width - right)
    bottom = top + sum(heights) + 4
    zero = across(0)
    body: list[Markup] = []
    if floor:
        start, end = across(-floor), across(floor)
        body.append(
            tag("rect", x=start, y=top - 4, width=max(1.0, end - start), height=bottom - top + 4, class_="floor")
        )
    body += _columns(across, 5 if narrow else 7, top - 4, bottom)
    body.append(tag("line", x1=zero, x2=zero, y1=top - 4, y2=bottom, class_="zero"))
    body.append(text("\N{LEFTWARDS ARROW} better", zero - 8, top - 12, "note", "end"))
    body.append(text("worse \N{RIGHTWARDS ARROW}", zero + 8, top - 12, "note"))
    middle = (left + width - right) / 2
    notes = [f"difference in {metric}, {of}"]
    if across.kind == "symlog":
        notes.append("linear near 0, logarithmic beyond")
    for line, note in enumerate(notes if narrow else [" \N{MIDDLE DOT} ".join(notes)]):
        body.append(text(note, middle, bottom + 34 + 16 * line, "label", "middle"))
    y = float(top)
    for item, lines, more, high in zip(rows, names, taller, heights, strict=True):
        middle_of_row = y + row / 2 + (8 + more if narrow else 0)
        written = [*lines, item.verdict] if item.verdict else lines
        body.append(_forest_row(item, written, across, middle_of_row, (left, width), narrow))
        y += high
    return figure(width, height, f"Forest plot of {len(rows)} differences", *body)


def _drawn(row: Row) -> list[Row | Part]:
    return [row, *row.parts]


def strips(
    scores: Mapping[str, Mapping[int, float]], styles: Mapping[str, Style], *, metric: str, narrow: bool = False
) -> Markup:
    """Each seed's final score as a dot, the median as a bar; a run without a score is a cross at the right edge."""
    width, row = (400, 46) if narrow else (960, 32)
    beside = max(220, 8 + 7 * min(LONGEST, max(map(len, scores), default=0)))
    left, right, top = (8, 46, 6) if narrow else (beside, 60, 6)
    height = top + row * len(scores) + 44
    values = [v for by_seed in scores.values() for v in by_seed.values()]
    kind: Kind = "log" if spread_out(values) else "linear"
    low, high = nice_range(values, kind=kind)
    across = Scale(low=low, high=high, start=left, end=width - right, kind=kind)
    bottom = height - 40
    body = _columns(across, 5 if narrow else 8, top, bottom)
    scale = ", logarithmic" if kind == "log" else ""
    body.append(
        text(
            f"{metric} of each seed (lower is better{scale})", (left + width - right) / 2, height - 6, "label", "middle"
        )
    )
    for index, (variant, by_seed) in enumerate(scores.items()):
        y = top + row * (index + 0.5) + (8 if narrow else 0)
        body.append(_strip(variant, styles[variant], by_seed, across, y, (left, width - right), narrow))
    return figure(width, height, f"Final {metric} of every seed", *body)


def _forest_row(
    item: Row, lines: Sequence[str], across: Scale, y: float, edges: tuple[float, float], narrow: bool
) -> Markup:
    left, width = edges
    parts = [tag("title", item.hover)]
    if narrow:
        first = y - 12 - LINE * (len(lines) - 1)
        parts += [text(line, left, first + LINE * index, _kind(item, line)) for index, line in enumerate(lines)]
    else:
        parts += [text(line, 0, y + 4 + LINE * index, _kind(item, line)) for index, line in enumerate(lines)]
        parts.append(text(item.shown, width, y + 4, "value", "end"))
    parts += _whisker(item.interval, item.mean, across, y, 4)
    if math.isfinite(item.mean):
        parts.append(tag("circle", cx=across(item.mean), cy=y, r=5, class_="mark" if item.solid else "mark hollow"))
    small = []
    for index, part in enumerate(item.parts):
        below = y + 4 + PART * (index + 1)
        inside = [tag("title", part.hover), *_whisker(part.interval, part.mean, across, below, 2)]
        if math.isfinite(part.mean):
            inside.append(tag("circle", cx=across(part.mean), cy=below, r=2.5, class_="mark"))
        if not narrow:
            inside.append(text(part.shown, width, below + 4, "note", "end"))
        small.append(tag("g", *inside, class_="part"))
    return tag("g", tag("g", *parts, class_="row"), *small, class_=item.css)


def _kind(item: Row, line: str) -> str:
    return "note" if line == item.verdict else "name"


def _whisker(interval: Interval, mean: float, across: Scale, y: float, end: float) -> list[Markup]:
    if not (math.isfinite(interval.low) and math.isfinite(mean)):
        return []
    low, high = across(interval.low), across(interval.high)
    lines = [tag("line", x1=low, x2=high, y1=y, y2=y, class_="whisker")]
    return lines + [tag("line", x1=x, x2=x, y1=y - end, y2=y + end, class_="whisker") for x in (low, high)]


def _strip(
    variant: str,
    style: Style,
    by_seed: Mapping[int, float],
    across: Scale,
    y: float,
    edges: tuple[float, float],
    narrow: bool,
) -> Markup:
    middle = median([*by_seed.values()])
    name = variant if len(variant) <= LONGEST else f"{variant[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    parts = [tag("title", variant), text(name, 8 if narrow else 0, y - 12 if narrow else y + 4, "name")]
    parts.append(tag("line", x1=edges[0], x2=edges[1], y1=y, y2=y, class_="guide"))
    lost = 0
    for seed, value in by_seed.items():
        caption = tag("title", f"{variant}, seed {seed}: {number(value)}")
        if math.isinf(value):
            at = edges[1] + 14
            cross = path([(at - 3, y - 3), (at + 3, y + 3)]) + path([(at - 3, y + 3), (at + 3, y - 3)])
            lost += 1
            if lost == 1:
                parts.append(tag("path", caption, d=cross, class_="cross"))
            continue
        parts.append(tag("circle", caption, cx=across(value), cy=y, r=4, class_="seed"))
    if lost:
        parts.append(text(f"{lost}\N{MULTIPLICATION SIGN}", edges[1] + 22, y + 4, "note"))
    if math.isfinite(middle):
        x = across(middle)
        parts.append(
            tag("line", tag("title", f"median {number(middle)}"), x1=x, x2=x, y1=y - 9, y2=y + 9, class_="median")
        )
    return tag("g", *parts, class_=f"row {style.css}")


def _effect_scale(edges: Sequence[float], start: float, end: float) -> Scale:
    """Linear, unless the smallest effects would vanish beside the largest."""
    low, high = nice_range([*edges, 0.0], pad=0.06)
    sizes = sorted(abs(v) for v in edges if v)
    middle = sizes[len(sizes) // 2] if sizes else 1.0
    if sizes and sizes[-1] > 12 * middle:
        linear = 10.0 ** math.floor(math.log10(max(sizes[len(sizes) // 4], sizes[-1] / 1e4)))
        return Scale(low=low * 1.2, high=high * 1.2, start=start, end=end, kind="symlog", linear=linear)
    return Scale(low=low, high=high, start=start, end=end)


def _columns(across: Scale, most: int, top: float, bottom: float) -> list[Markup]:
    """Vertical lines at round values, each with its number below."""
    found = []
    for tick in _apart(across, across.ticks(most), 34):
        x = across(tick)
        found.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        found.append(text(short(tick), x, bottom + 15, anchor="middle"))
    return found


def _apart(scale: Scale, ticks: Sequence[float], least: float) -> list[float]:
    """Those ticks whose labels do not touch; 0 stays."""
    kept: list[float] = [0.0] if 0.0 in ticks else []
    for tick in sorted(ticks, key=abs, reverse=True):
        if all(abs(scale(tick) - scale(other)) >= least for other in kept):
            kept.append(tick)
    return sorted(kept)
