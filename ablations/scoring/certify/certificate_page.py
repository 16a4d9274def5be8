"""A certificate as a page: Markdown with figures and pictures beside it, and JSON with every number. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablations.catalog.metrics import METRICS
from ablations.config.json_tree import json_tree
from ablations.scoring.certify.damages import COPIES, DAMAGES, Damage
from ablations.scoring.certify.lines import CONFIDENCE
from ablations.scoring.certify.markdown import MARKS, lines_table, markdown_table
from ablations.scoring.certify.measure import Certificate
from ablations.scoring.certify.panels import ARROWS, Panel, bias_figure, panels
from ablations.scoring.certify.reading_part import of_reading, reading_files, reading_part
from ablations.scoring.scorer import own_files
from reports.figures.sample_grids import png, table, with_words
from reports.numbers import DASH
from reports.pages.attachments import standalone
from reports.words import value

PICTURES = ("pictures", "words", "closest", "read")
READ = ("title", "right", "unreadable", "shares", "few_left")


def files(certificate: Certificate) -> dict[str, bytes]:
    """File name to content."""
    found = {"README.md": markdown(certificate).encode(), "certificate.json": as_json(certificate).encode()}
    for damage in DAMAGES:
        found[f"{damage.name}.png"] = png(table(_said(certificate, damage.name)))
        found[f"{damage.name}.svg"] = standalone(panels(damage.title, damage.grades, drawn(damage, certificate)))
    found["bias.svg"] = standalone(bias_figure(certificate.bias))
    found |= reading_files(certificate)
    found["closest.png"] = png(table(certificate.closest))
    return found


def as_tree(certificate: Certificate) -> dict[str, Any]:
    """Everything but the pictures; a number that is not finite is null."""
    fields = [item.name for item in dataclasses.fields(certificate) if item.name not in PICTURES]
    tree = {name: json_tree(getattr(certificate, name)) for name in fields}
    # An image a kind of them is shown; the file of numbers has the numbers.
    tree["read"] = [{key: json_tree(getattr(item, key)) for key in READ} for item in certificate.read]
    grades = {damage.name: list(damage.grades) for damage in DAMAGES}
    return {**tree, "grades": grades, "left_out": left_out()}


def as_json(certificate: Certificate) -> str:
    return json.dumps(as_tree(certificate), indent=1, allow_nan=False) + "\n"


def left_out() -> dict[str, str]:
    """The metrics that carry no verdict, and why."""
    return {name: row.left_out for name, row in METRICS.items() if row.left_out}


def drawn(damage: Damage, certificate: Certificate) -> list[Panel]:
    """The metrics that a damage must move; those that must stay are in the table."""
    scores = certificate.damaged[damage.name]
    holds = {(item.subject, item.metric): item.status == "holds" for item in certificate.lines}
    return [
        Panel(
            metric=metric,
            claim=claim,
            holds=holds[damage.title, metric],
            values=tuple(row[metric] for row in scores),
            tolerance=certificate.tolerance[metric],
        )
        for metric, claim in damage.claims.items()
        if claim != "stays"
    ]


def markdown(certificate: Certificate) -> str:
    return "\n".join(
        [
            *_head(certificate),
            *reading_part(certificate),
            *_overview(certificate),
            *_checks(certificate),
            *_damages(certificate),
        ]
    )


def _head(certificate: Certificate) -> Iterator[str]:
    count = {status: sum(item.status == status for item in certificate.lines) for status in (*MARKS, "not checked")}
    yield "# The certificate of the metrics\n"
    yield (
        "Every verdict of this project hangs on its scores, so the scores are put to the test on images whose quality "
        "is known: real ones, and real ones that were damaged in grades. What each damage must do to "
        "each metric is written down as data, in `ablations/catalog/metric_rows.py`; this page shows whether it does.\n"
    )
    told = [f"{count['holds']} of {len(certificate.lines)} lines hold", f"{count['fails']} fail"]
    told += [f"{count['left out']} fail for metrics that therefore carry no verdict"] if count["left out"] else []
    told += [f"{count['not checked']} were not checked"] if count["not checked"] else []
    yield f"**{', '.join(told)}.**\n"
    yield from markdown_table(
        ("what", "value"),
        [
            ("samples of a score", f"`{certificate.protocol}`"),
            ("data", f"{certificate.dataset}, SHA-256 `{certificate.data_digest}`"),
            ("scorer", f"`{certificate.scorer}`"),
            ("command", f"`{_command(certificate)}`, {certificate.seconds:.0f} s"),
        ],
    )
    yield (
        f"**How lines are judged.** {len(certificate.real)} disjoint random sets of real training images are scored "
        "against the test images; in each metric the tolerance is how far two such sets lie apart, but for "
        f"{1 - CONFIDENCE:.0%} of cases (Student's t). A metric stays if no grade moves it by more than its tolerance. "
        "It rises if the last grade lies above the undamaged images by more than the tolerance, and no step leads "
        "down by more than that; it falls likewise. Where images are repeated, what must stay is an average over the "
        "distinct ones only, and the tolerance is widened by the root of their share. A metric sees a damage from the "
        "first grade on that moves it by more than its tolerance.\n"
    )


def _overview(certificate: Certificate) -> Iterator[str]:
    status = {(item.subject, item.metric): item for item in certificate.lines}
    metrics = [name for name in certificate.real[0] if any(name in damage.claims for damage in DAMAGES)]
    yield "## All damages\n"
    yield (
        "\N{UPWARDS ARROW} must rise, \N{DOWNWARDS ARROW} must fall, = must stay; \N{CHECK MARK} it does, "
        f"{MARKS['fails']} it does not, {MARKS['left out']} it does not and so carries no verdict; empty: no claim.\n"
    )
    rows = []
    for metric in metrics:
        cells = []
        for damage in DAMAGES:
            found = status.get((damage.title, metric))
            cells.append(f"{ARROWS[found.claim]} {MARKS[found.status]}" if found else "")
        rows.append([f"`{metric}`", *cells])
    yield from markdown_table(("metric", *(damage.title.lower() for damage in DAMAGES)), rows)
    if reasons := left_out():
        yield "**Left out of the verdicts:**\n"
        grouped: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            grouped.setdefault(reason, []).append(f"`{name}`")
        yield from (f"- {', '.join(names)}: {reason}." for reason, names in grouped.items())
        yield ""


def _checks(certificate: Certificate) -> Iterator[str]:
    subjects = {damage.title for damage in DAMAGES}
    yield "## Against what is known\n"
    yield from lines_table(
        [item for item in certificate.lines if item.subject not in subjects | of_reading(certificate)]
    )
    yield "### Real images\n"
    yield (
        "The noise floor of a score is the score of real images. The sets below are random; the floor that reports use "
        "takes the first training images in the order of their file, where each writer's digits stand together.\n"
    )
    yield from markdown_table(
        ("metric", *(f"set {n + 1}" for n in range(len(certificate.real))), "tolerance"),
        [
            [f"`{name}`", *(value(name, row[name]) for row in certificate.real), value(name, tolerance)]
            for name, tolerance in certificate.tolerance.items()
        ],
        right=True,
    )
    yield "### Bias of few samples\n"
    yield "![Both Frechet distances by the number of samples](bias.svg)\n"
    yield (
        "A Frechet distance of few samples is too large; `frechet_inf` extrapolates to infinitely many. Means over up "
        "to ten disjoint subsets, against all test images; the band is the mean 95% interval of one subset.\n"
    )
    for item in certificate.bias:
        yield from markdown_table(
            (item.title, *(f"{count:,}" for count in item.counts)),
            [
                ("`frechet`", *map(partial(value, "frechet"), item.frechet)),
                ("`frechet_inf`", *map(partial(value, "frechet_inf"), item.frechet_inf)),
                ("its standard error", *map(partial(value, "frechet_inf"), item.error)),
            ],
            right=True,
        )
    yield "### Known distances\n"
    yield (
        "Samples drawn from Gaussians that were fitted to real features, whose distance is therefore known. The "
        "95% interval of `frechet_inf` must hold it in at least 90% of draws.\n"
    )
    yield from markdown_table(
        ("Gaussians of", "samples", "true distance", "mean `frechet`", "mean `frechet_inf`", "held by"),
        [
            (
                item.title,
                f"{item.samples:,}",
                value("frechet", item.truth),
                value("frechet", item.plain),
                value("frechet_inf", item.mean),
                f"{item.held} of {item.repeats}",
            )
            for item in certificate.coverage
        ],
        right=True,
    )
    yield "### The closest pairs\n"
    yield "![Images above the training images nearest to them](closest.png)\n"
    yield (
        "First row: of one set of real images those that lie nearest to other training images, in feature space; "
        "second row: those training images. So alike can two different images be. Third and fourth row: the same where "
        f"{COPIES.grades[1]:.0%} of the images are copies.\n"
    )


def _damages(certificate: Certificate) -> Iterator[str]:
    for damage in DAMAGES:
        yield f"## {damage.title}\n"
        yield f"{damage.why} Grades: {damage.unit}; the first row is undamaged.\n"
        yield f"![{damage.title}, a row for each grade]({damage.name}.png)\n"
        yield f"![The metrics that must move]({damage.name}.svg)\n"
        scores, claims = certificate.damaged[damage.name], damage.claims
        held = {item.metric: item for item in certificate.lines if item.subject == damage.title}
        names = [*claims, *(name for name in scores[0] if name not in claims)]
        yield from markdown_table(
            ("metric", "must", "0", *(f"{grade:g}" for grade in damage.grades), "tolerance", "seen from", ""),
            [
                [
                    f"`{name}`",
                    claims.get(name, "").removesuffix("s"),
                    *(value(name, row[name]) for row in scores),
                    value(name, certificate.tolerance[name]),
                    _seen(damage, [row[name] for row in scores], certificate.tolerance[name]),
                    MARKS[held[name].status] if name in held else "",
                ]
                for name in names
            ],
            right=True,
        )


def _seen(damage: Damage, values: Sequence[float], tolerance: float) -> str:
    """The first grade that moves a metric by more than its tolerance."""
    moved = [
        grade for grade, value in zip(damage.grades, values[1:], strict=True) if abs(value - values[0]) > tolerance
    ]
    return f"{moved[0]:g}" if moved else DASH


def _command(certificate: Certificate) -> str:
    own = "".join(f" --parts {name}" for name in own_files())
    return f"ablations certify --data {certificate.dataset}{own}" + (" --runs STORE" if certificate.ranked else "")


def _said(certificate: Certificate, damage: str) -> NDArray[np.uint8]:
    """The pictures of a damage with what the reader says under each image; of grey images alone."""
    images, words = certificate.pictures[damage], certificate.words[damage]
    return with_words(images, words) if images.ndim == 4 else images
