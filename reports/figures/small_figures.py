"""Small figures beside an answer: its effect along training, and its interval by look. Pure; lengths in CSS pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from reports.analysis.comparison import Comparison
from reports.figures.svg import figure, path, short, tag, text
from reports.numbers import number
from reports.words import bounds, signed

WIDTH, HEIGHT, EDGE, FOOT = 220, 72, 10, 14
SURE = ("better", "worse")


def course(by_step: Mapping[int, Comparison]) -> Markup | None:
    """The effect with its interval at each scored step; filled where the verdict there is better or worse."""
    return _points([(step, short(step), item) for step, item in by_step.items()], "step", "Effect along training")


def looks(comparisons: Sequence[Comparison]) -> Markup | None:
    """The interval at each look, by the treatment's seeds; the last one decided, or closed the contrast without."""
    points = [(item.treatment_scores, str(item.treatment_scores), item) for item in comparisons]
    return _points(points, "seeds", "Interval by look")


def _points(points: Sequence[tuple[int, str, Comparison]], of: str, label: str) -> Markup | None:
    shown = [(name, item) for _, name, item in points if math.isfinite(item.effect)]
    if not shown:
        return None
    reach = max(_reach(item) for _, item in shown) or 1.0
    middle = (HEIGHT - FOOT) / 2
    room = middle - 4
    gap = (WIDTH - 2 * EDGE) / max(len(shown) - 1, 1)

    def up(value: float) -> float:
        """Square roots, so that late small effects are seen beside early large ones."""
        inside = max(-1.0, min(1.0, value / reach))
        return middle - room * math.copysign(math.sqrt(abs(inside)), inside)

    body = [tag("line", x1=0, x2=WIDTH, y1=middle, y2=middle, class_="zero")]
    places = [EDGE + gap * index for index in range(len(shown))] if len(shown) > 1 else [WIDTH / 2]
    if len(shown) > 1:
        trace = [(x, up(item.effect)) for x, (_, item) in zip(places, shown, strict=True)]
        body.append(tag("path", d=path(trace), class_="trace"))
    for x, (name, item) in zip(places, shown, strict=True):
        said = f"{of} {name}: {signed(item.effect)} {bounds(item.interval)}, {item.verdict}"
        inside = [tag("title", said)]
        if math.isfinite(item.interval.low):
            low, high = up(item.interval.low), up(item.interval.high)
            inside.append(tag("line", x1=x, x2=x, y1=low, y2=high, class_="whisker"))
        mark = "mark" if item.verdict in SURE else "mark hollow"
        inside.append(tag("circle", cx=x, cy=up(item.effect), r=3, class_=mark))
        body.append(tag("g", *inside, class_="row"))
    ends = [(places[0], shown[0][0], "start"), (places[-1], shown[-1][0], "end")]
    for x, name, anchor in ends if len(shown) > 1 else [(places[0], shown[0][0], "middle")]:
        shift = {"start": -EDGE, "end": EDGE, "middle": 0}[anchor]
        body.append(text(f"{of} {name}" if anchor != "end" else name, x + shift, HEIGHT - 2, "tick", anchor))
    return figure(WIDTH, HEIGHT, f"{label}, {len(shown)} points, up to {number(reach)}", *body)


def _reach(item: Comparison) -> float:
    ends = (item.effect, item.interval.low, item.interval.high)
    return max(abs(value) for value in ends if math.isfinite(value))
