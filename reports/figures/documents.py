"""Figures of what the documents check and print along a training, as SVG markup. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from ablations.store.noise_check import NoiseCheck
from reports.analysis.traces import Traced
from reports.figures.curves import Line, Point, lines
from reports.figures.legend import with_legend
from reports.figures.palette import Style

SIDES: Mapping[bool, tuple[str, Style]] = {False: ("without labels", Style(0)), True: ("with labels", Style(1))}


def against_noise(checks: Sequence[NoiseCheck]) -> Markup:
    """D(x) solid and D(noise) dotted, of one variant, without labels and with them."""
    drawn = []
    for check in checks:
        name, style = SIDES[check.labels]
        for values, faint in ((check.d_real, False), (check.d_noise, True)):
            columns = {"step": check.at, "mean": values, "low": values, "high": values, "seeds": 1}
            drawn.append(Line(variant=name, style=style, frame=pd.DataFrame(columns), faint=faint))
    figure = lines(
        drawn,
        title=f"D of {checks[0].variant} alone: D(x), solid, and D(noise), dotted",
        x="step",
        x_label="updates of D",
        y_label="mean probability",
        limits=(0.0, 1.0),
    )
    named = dict(SIDES[check.labels] for check in checks)
    return with_legend(figure, [*named], named)


def traced(found: Traced) -> Markup:
    """The quantities of a trace, means over seeds with the range of them all; what the document prints as rings."""
    named = {label: Style(place) for place, label in enumerate(found.frames, start=1)}
    drawn = [Line(variant=label, style=named[label], frame=frame) for label, frame in found.frames.items()]
    figure = lines(
        drawn,
        title=f"{found.variant}: {found.trace.title}",
        x="at",
        x_label=found.unit,
        y_label=found.trace.unit + ("; rings: as printed" if found.trace.marks else ""),
        points=[
            Point(label=f"{mark.quantity} {mark.value:g}", style=named[mark.quantity], x=mark.step, y=mark.value)
            for mark in found.trace.marks
        ],
    )
    return with_legend(figure, [*named], named)
