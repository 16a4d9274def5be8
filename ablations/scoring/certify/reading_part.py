"""The part of a certificate's page about reading, class shares, and the two extractors against each other. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ablations.scoring.certify import exchange, extractors_compared
from ablations.scoring.certify.markdown import lines_table, markdown_table
from ablations.scoring.certify.still_read import FEW, LEAST_RIGHT, VISIBLE
from reports.figures.sample_grids import png, table, with_words
from reports.numbers import number

if TYPE_CHECKING:
    from ablations.scoring.certify.measure import Certificate
    from ablations.scoring.certify.still_read import Read

FIGURES = {"readable.png": "what a person still reads", "nothing.png": "what nobody reads"}
OTHERS = ("Skewed class shares", "Extractors against each other")


def of_reading(certificate: Certificate) -> set[str]:
    """The subjects of lines that stand in this part."""
    return {item.title for item in certificate.read} | {*OTHERS}


def reading_files(certificate: Certificate) -> dict[str, bytes]:
    """The pictures of this part, by file name: with what the reader says under each image."""
    return {
        name: png(
            table(with_words(np.stack([item.images for item in chosen if item.images is not None]), _words(chosen)))
        )
        for name, chosen in zip(FIGURES, _split(certificate), strict=True)
    }


def reading_part(certificate: Certificate) -> Iterator[str]:
    digits, nothing = _split(certificate)
    yield "## What a person still reads\n"
    yield (
        "Test images, as many of each class, with a damage that leaves them readable, and images that show nothing. "
        "The limits are those that were asked of the reader; a blur of a pixel, half of the pixels dropped, and the "
        "kinds that are not in the second picture have none and are only shown. Under each image stands what the "
        "reader says; - is for an image in which it reads nothing. Rows are in the order of the tables.\n"
    )
    yield "![Readable damages, and what the reader says](readable.png)\n"
    yield from markdown_table(
        ("damage", "read right", "unreadable", "class shares off by at most"),
        [(item.title, *map(_percent, (item.right, item.unreadable, item.shares))) for item in digits],
        right=True,
    )
    yield from _by_a_pixel(certificate)
    yield "![Images that show nothing, and what the reader says](nothing.png)\n"
    everything = [item for item in certificate.read if math.isnan(item.right)]
    yield from markdown_table(
        ("images that show nothing", "unreadable", "in the picture"),
        [(item.title, _percent(item.unreadable), "yes" if item in nothing else "no") for item in everything],
        right=True,
    )
    titles = {item.title for item in certificate.read}
    yield from lines_table([item for item in certificate.lines if item.subject in titles])
    yield from _exchange(certificate)
    yield from _compared(certificate)


def _by_a_pixel(certificate: Certificate) -> Iterator[str]:
    """Which way of taking "erosion and dilation by a pixel" holds."""
    right = {item.title: item.right for item in certificate.read}
    few = next(item.few_left for item in certificate.read if item.title == "strokes a pixel thinner on all sides")

    def told(*titles: str) -> str:
        return " and ".join(f"{_percent(right[title])} ({_judged(right[title])})" for title in titles)

    yield (
        f"Asked was that digits after erosion and after dilation by a pixel are read right to {LEAST_RIGHT:.0%} or "
        "more. By a pixel can be taken in two ways, and each has lines of its own below. A pixel off, or on, one side "
        "of every stroke, the least or greatest of 2 by 2 pixels, so that strokes are a pixel thinner or thicker: "
        f"{told('strokes a pixel thinner', 'strokes a pixel thicker')}. A pixel on all sides, of 3 by 3 pixels, two "
        f"of each stroke: {told('strokes a pixel thinner on all sides', 'strokes a pixel thicker on all sides')}. That "
        f"erosion leaves fewer than {FEW} pixels brighter than {VISIBLE:.0%} of white of {few:.0%} of the digits.\n"
    )


def _judged(right: float) -> str:
    return "holds" if right >= LEAST_RIGHT else "missed"


def _exchange(certificate: Certificate) -> Iterator[str]:
    yield "## What skewed class shares cost\n"
    yield (
        "Real training images, with class shares drawn from a symmetric Dirichlet distribution. The images are as good "
        "as real ones can be, so the whole distance is owed to the shares. Means over "
        f"{exchange.DRAWS} draws each.\n"
    )
    rows = []
    for name in dict.fromkeys(item.extractor for item in certificate.skewed):
        for concentration in exchange.CONCENTRATIONS:
            chosen = [x for x in certificate.skewed if (x.extractor, x.concentration) == (name, concentration)]
            means = [
                float(np.mean([getattr(item, key) for item in chosen]))
                for key in ("divergence", "classes", "whole", "images", "class_shares")
            ]
            rows.append((name, f"{concentration:g}", *map(number, means)))
    yield from markdown_table(
        ("features", "concentration", "divergence, nats", "classes", "distance", "images", "class shares"),
        rows,
        right=True,
    )
    for name in dict.fromkeys(item.extractor for item in certificate.skewed):
        rate = number(exchange.rate(certificate.skewed, name))
        yield f"- By the features of `{name}` a nat of divergence costs about {rate} while all classes are there."
    yield ""
    yield from lines_table([item for item in certificate.lines if item.subject == OTHERS[0]])


def _compared(certificate: Certificate) -> Iterator[str]:
    yield "## The extractors against each other\n"
    yield (
        "Samples of stored runs, of all kept steps of their training: from first blurs to the best that they reach. "
        "Both extractors score them; the ranks should agree.\n"
    )
    found = certificate.ranked
    if found:
        variants = dict.fromkeys(item.variant for item in found)
        yield f"{len(found)} sets of samples of {len(variants)} variants: {', '.join(variants)}.\n"
        rows = []
        for metric in extractors_compared.PAIRS:
            everything, better = extractors_compared.rank_correlation(found, metric)
            rows.append((f"`{metric}`", f"{everything:.3f}", f"{better:.3f}"))
        yield from markdown_table(("metric", "rank correlation", "over the better half"), rows, right=True)
    yield from lines_table([item for item in certificate.lines if item.subject == OTHERS[1]])


def _split(certificate: Certificate) -> tuple[list[Read], list[Read]]:
    shown = [item for item in certificate.read if item.images is not None]
    return [item for item in shown if not math.isnan(item.right)], [item for item in shown if math.isnan(item.right)]


def _words(chosen: list[Read]) -> list[tuple[str, ...]]:
    return [item.words for item in chosen]


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.2%}"
