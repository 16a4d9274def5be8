"""The results of a study's runs as they lie in the archive's folders. No torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ablations.config import Study
from ablations.config.errors import StoreError, UserError
from ablations.store import run_folder
from ablations.store.result import Result
from ablations.store.stored_study import Member


@dataclass(frozen=True, kw_only=True)
class Found:
    """What `StoredStudy` says of the runs."""

    results: list[Result] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    digests: dict[str, dict[str, str]] = field(default_factory=dict)


def results_of(
    study: Study,
    members: Iterable[Member],
    folder_of: Callable[[str], Path],
    *,
    scorer: str,
    only: Collection[str] | None,
    curves: bool,
) -> Found:
    """Of the variants `only`, or of all: without weights, and without curves and samples unless asked for."""
    variants = {variant.name: variant for variant in study.variants}
    wanted = variants.keys() & (variants if only is None else only)
    found = Found()
    for member in members:
        if member.variant not in wanted:
            continue
        try:
            if not (folder := folder_of(member.key)).is_dir():
                continue
            head = run_folder.readable_head(folder)
            result = run_folder.load(folder, scorer=scorer, weights=False, curves=curves, head=head)
        except StoreError:
            raise  # of all runs, and not of this one
        except UserError as error:
            found.unreadable[member.key] = str(error)
            continue
        run = dataclasses.replace(result.run, variant=variants[member.variant])
        found.results.append(dataclasses.replace(result, run=run, study=study.name))
        found.digests[member.key] = dict(head["digests"])
    return found
