"""A figure of the report as PNG, drawn by matplotlib from the SVG's elements and style sheet. Pure: markup to bytes.

Not for any SVG: it knows the elements that `svg` makes. matplotlib is imported on use, for it takes a while.
"""

from __future__ import annotations

import functools
import io
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from reports.figures.css import Style, styled, value

if TYPE_CHECKING:
    from matplotlib.path import Path
    from matplotlib.transforms import Transform

ROOM, SCALE = 16, 2
"""Around a figure, in its own units; pixels to a unit."""
NARROWER = 0.92
"""The font that comes with matplotlib is wider than those for which the figures are laid out."""
_POINTS = re.compile(r"([ML])\s*(-?[\d.]+) (-?[\d.]+)|(Z)")


def rasterize(figure: Markup) -> bytes:
    """PNG at twice the figure's size, with some room around it.

    Raises:
        ValueError: an element that it does not know.
    """
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.transforms import Affine2D

    root = ET.fromstring(figure)
    width, height = (float(side) + 2 * ROOM for side in root.attrib["viewBox"].split()[2:])
    renderer: Any = RendererAgg(round(width * SCALE), round(height * SCALE), 72.0 * SCALE)  # type: ignore[no-untyped-call]
    place = Affine2D().translate(ROOM, ROOM - height).scale(SCALE, -SCALE)
    for element, style in styled(root):
        if element is root:
            paper = _rectangle(-ROOM, -ROOM, width, height)
            _paint(renderer, paper, place, {**style, "fill": "var(--paper)"})
        elif element.tag == "text":
            _write(renderer, element, place, style)
        elif element.tag != "g":
            _paint(renderer, _outline(element), place, style)
    picture = Image.fromarray(np.asarray(renderer.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    # A figure has few hues; 255 shades hold them and their soft edges in a third of the bytes.
    picture.quantize(255, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, format="PNG")
    return file.getvalue()


def _paint(renderer: Any, outline: Path, place: Transform, style: Style) -> None:
    """Fill an outline and stroke it, as its style says."""
    fill, stroke = value(style, "fill", "#000000"), value(style, "stroke", "none")
    opacity = float(value(style, "opacity", "1"))
    pen = renderer.new_gc()
    pen.set_antialiased(True)
    if fill != "none":
        pen.set_linewidth(0)
        pen.set_alpha(opacity * float(value(style, "fill-opacity", "1")))
        renderer.draw_path(pen, outline, place, _rgb(fill))
    if stroke != "none":
        pen.set_foreground(_rgb(stroke))
        pen.set_linewidth(float(value(style, "stroke-width", "1").removesuffix("px")))
        pen.set_alpha(opacity)
        pen.set_joinstyle(value(style, "stroke-linejoin", "miter"))
        pen.set_capstyle({"round": "round"}.get(value(style, "stroke-linecap"), "butt"))
        dashes = value(style, "stroke-dasharray")
        pen.set_dashes(0, [float(part) for part in dashes.split()] if dashes else None)
        renderer.draw_path(pen, outline, place, None)
    pen.restore()


def _write(renderer: Any, element: ET.Element, place: Transform, style: Style) -> None:
    """A line of text, on a halo of the paper's colour where the style has one."""
    from matplotlib.transforms import Affine2D

    outline = _letters(element.text or "", value(style, "font-weight", "400") >= "600")
    size = NARROWER * float(value(style, "font-size", "12px").removesuffix("px")) / 100
    shift = {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", ""), 0.0) * float(
        np.asarray(outline.vertices)[:, 0].max(initial=0.0)
    )
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    there = Affine2D().translate(-shift, 0).scale(size, -size).translate(x, y) + place
    fill = value(style, "fill")
    if value(style, "stroke", "none") != "none":
        _paint(renderer, outline, there, {**style, "fill": "none"})
    _paint(renderer, outline, there, {"fill": fill})


@functools.lru_cache(2_048)
def _letters(line: str, bold: bool) -> Path:
    """The outlines of a text of size 100, on the base line."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FontProperties(fname=f"{mpl.get_data_path()}/fonts/ttf/{name}")
    return TextPath((0, 0), line, size=100, prop=font, usetex=False)


def _outline(element: ET.Element) -> Path:
    from matplotlib.path import Path

    def at(key: str) -> float:
        return float(element.get(key, 0))

    if element.tag == "rect":
        return _rectangle(at("x"), at("y"), at("width"), at("height"))
    if element.tag == "line":
        return Path([(at("x1"), at("y1")), (at("x2"), at("y2"))])
    if element.tag == "circle":
        return Path.circle((at("cx"), at("cy")), at("r"))
    if element.tag != "path":
        raise ValueError(f"a figure with an element {element.tag!r} cannot be drawn as PNG")
    points, codes = [], []
    for kind, x, y, end in _POINTS.findall(element.get("d", "")):
        points.append((float(x or 0), float(y or 0)))
        codes.append(Path.CLOSEPOLY if end else Path.MOVETO if kind == "M" else Path.LINETO)
    return Path(points, codes)


def _rectangle(x: float, y: float, width: float, height: float) -> Path:
    from matplotlib.path import Path

    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return Path(corners, closed=True)


@functools.cache
def _rgb(color: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(color)
