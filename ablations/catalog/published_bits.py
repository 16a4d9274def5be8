"""What the published pages state of each run, so that anybody can hold a training of their own against it.

A row of `bits.csv` says what was trained and the beginnings of SHA-256: of the weights at the end, and of the curves up
to some steps, so that the step from which on two trainings part is known to a factor of ten. No torch.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.catalog.quantities import CURVES
from ablations.config.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "bits.csv"
STEPS = (1, 10, 100, 1_000, 10_000, 100_000)
_LENGTH = 16
CURVES_UP_TO = "curves_up_to"
"""Among the digests of a run that is kept without its whole curves: see `PublishedRun.curves`."""


@dataclass(frozen=True, kw_only=True)
class PublishedRun:
    """One row."""

    study: str
    variant: str
    seed: int
    width: int
    slot: int
    dataset: str
    numerics: int
    device: str
    precision: str
    matmul: str
    isa: str
    last_step: int
    variant_digest: str
    data_digest: str
    weights: str
    curves: str
    """Of all curves up to each of `STEPS` that was reached, and to the end, separated by spaces."""

    @property
    def label(self) -> str:
        return f"{self.study}/{self.variant} seed {self.seed}"


def curve_digests(curves: Mapping[str, NDArray[Any]], last_step: int) -> str:
    """See `PublishedRun.curves`."""
    ends = [step for step in STEPS if step < last_step] + [last_step]
    found = []
    for end in ends:
        sha = hashlib.sha256()
        for name in CURVES:
            sha.update(curves[name][:end].tobytes())
        found.append(sha.hexdigest()[:_LENGTH])
    return " ".join(found)


def first_difference(ours: str, theirs: str, last_step: int) -> str | None:
    """Between which steps two trainings part, from their curves' digests; None where they do not."""
    ends = [step for step in STEPS if step < last_step] + [last_step]
    before = 0
    for end, one, other in zip(ends, ours.split(), theirs.split(), strict=False):
        if one != other:
            return f"the curves, between step {before + 1:,} and step {end:,}"
        before = end
    return None


def short(digest: str) -> str:
    return digest[:_LENGTH]


def write_rows(path: Path, rows: Sequence[PublishedRun]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(PublishedRun)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_rows(folders: Iterable[Path]) -> list[PublishedRun]:
    """The rows of every `bits.csv` below some folders.

    Raises:
        DataError: a file that is no such table.
    """
    found: list[PublishedRun] = []
    for path in sorted(path for folder in folders for path in folder.rglob(FILE)):
        try:
            with path.open(newline="", encoding="utf-8") as file:
                found += [_row(values) for values in csv.DictReader(file)]
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{path} is no table of published runs: {error}") from error
    return found


def _row(values: Mapping[str, Any]) -> PublishedRun:
    numbers = {field.name for field in fields(PublishedRun) if field.type == "int"}
    typed: dict[str, Any] = {name: int(value) if name in numbers else value for name, value in values.items()}
    return PublishedRun(**typed)
