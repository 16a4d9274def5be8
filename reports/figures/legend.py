"""The names of a figure's lines below it, for a figure that leaves the page and its buttons. Pure: markup to markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from reports.figures.palette import Style
from reports.figures.svg import BOX, path, size_of, tag, text

ROW, LINE, GAP = 20, 22, 16
LETTER = 7.4
"""About the width of a letter of a name."""


def with_legend(figure: Markup, variants: Sequence[str], styles: Mapping[str, Style]) -> Markup:
    """The figure with a row or more below it: a piece of each variant's line, and its name."""
    width, height = size_of(figure)
    x, y, entries = 0.0, height + ROW, []
    for name in variants:
        needed = LINE + 6 + LETTER * len(name)
        if x and x + needed > width:
            x, y = 0.0, y + ROW
        sample = tag("path", d=path([(x, y - 4), (x + LINE, y - 4)]), class_="mean")
        entries.append(tag("g", sample, text(name, x + LINE + 6, y, "name"), class_=styles[name].css))
        x += needed + GAP
    if not entries:
        return figure
    taller = BOX.sub(f'viewBox="0 0 {width:g} {y + 6:g}"', str(figure), count=1)
    return Markup(taller.removesuffix("</svg>")) + Markup("").join(entries) + Markup("</svg>")
