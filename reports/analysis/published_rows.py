"""The rows by which anybody can hold a training of their own against a published one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ablations.catalog.published_bits import CURVES_UP_TO, PublishedRun, curve_digests, short
from ablations.store.result import Result


def published_rows(
    study: str, results: Iterable[Result], digests: Mapping[str, Mapping[str, str]]
) -> list[PublishedRun]:
    """Of the runs that finished; `digests` are those that each run was written with, by key."""
    return [
        PublishedRun(
            study=study,
            variant=result.run.variant.name,
            seed=result.run.seed,
            width=result.run.width,
            slot=result.run.slot,
            dataset=result.run.dataset,
            numerics=result.run.numerics,
            device=result.run.engine.device,
            precision=result.run.engine.precision,
            matmul=result.run.engine.matmul,
            isa=result.run.engine.isa,
            last_step=result.last_step,
            variant_digest=short(result.run.variant.digest),
            data_digest=short(result.run.data_digest),
            weights=short(digests[result.key]["weights_sha256"]),
            curves=digests[result.key].get(CURVES_UP_TO) or curve_digests(result.curves, result.last_step),
        )
        for result in results
        if result.status == "finished"
    ]
