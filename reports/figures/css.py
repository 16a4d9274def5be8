"""What `templates/figure.css` says of the elements of a figure, in the light colours. Pure.

It knows selectors of classes and element names, alone, together (`.mark.hollow`) and below others (`.d1 .mean`), and
`var()`; rules for media such as dark screens are left out.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SHEET = Path(__file__).parents[1] / "templates" / "figure.css"
ROOT = ":root"

Style = Mapping[str, str]
Names = frozenset[str]
"""An element's classes and its name; or those that a part of a selector asks for."""
Rule = tuple[tuple[Names, ...], Style]

_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_VAR = re.compile(r"var\((--[\w-]+)(?:,\s*(.*))?\)")
_OWN = ("opacity", "display", "background")
"""Properties that children do not take over."""


@functools.cache
def rules() -> tuple[Rule, ...]:
    """The rules of the style sheet, those that win last."""
    found: list[Rule] = []
    for selectors, body in _RULE.findall(_MEDIA.sub("", SHEET.read_text(encoding="utf-8"))):
        pairs = (line.partition(":") for line in body.split(";") if ":" in line)
        style = {key.strip(): value.strip() for key, _, value in pairs}
        found += [(tuple(map(_names, selector.split())), style) for selector in selectors.split(",")]
    return tuple(sorted(found, key=lambda rule: sum(map(len, rule[0]))))


def styled(root: ET.Element) -> Iterator[tuple[ET.Element, Style]]:
    """Every element in the order in which it is painted, with its properties; titles are not painted."""
    yield from _walk(root, (), {}, frozenset([ROOT]))


def value(style: Style, key: str, default: str = "") -> str:
    """A property with its variables filled in."""
    found = style.get(key, default)
    while match := _VAR.fullmatch(found):
        found = style.get(match[1], match[2] or "")
    return found


def _walk(
    element: ET.Element, above: tuple[Names, ...], inherited: Style, extra: Names = frozenset()
) -> Iterator[tuple[ET.Element, Style]]:
    chain = (*above, extra | {element.tag, *element.get("class", "").split()})
    style = dict(inherited)
    for selector, declared in rules():
        if _matches(selector, chain):
            style |= declared
    yield element, style
    passed = {key: item for key, item in style.items() if key not in _OWN}
    for child in element:
        if child.tag != "title":
            yield from _walk(child, chain, passed)


def _matches(selector: Sequence[Names], chain: Sequence[Names]) -> bool:
    *before, last = selector
    places = iter(chain[:-1])
    return last <= chain[-1] and all(any(part <= place for place in places) for part in before)


def _names(part: str) -> Names:
    return frozenset([part] if part.startswith(":") else [name for name in part.split(".") if name])
