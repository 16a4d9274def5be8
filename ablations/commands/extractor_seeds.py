"""`ablations extractor-seeds STUDY`: do scores and verdicts hang on the seed of the extractors?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from ablations.commands.shared import data_folder_option, store_option, traceback_option


@click.command("extractor-seeds")
@click.argument("study")
@click.option(
    "--weights",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of reader-SEED.safetensors and contrastive-SEED.safetensors, as `classifier` and `extractor` train "
    "them with --seed.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Markdown file.")
@data_folder_option
@traceback_option
@store_option
def command(study: str, weights: Path, out: Path, data_folder: Path | None, location: str) -> None:
    """Score the last step of all runs of STUDY by extractors of other seeds, and judge its contrasts by each.

    Seed 0 are the frozen ones, whose scores are those of the study. The scores by the others stand in a CSV file beside
    the page; what is there is not computed again.
    """
    import pandas as pd
    import torch

    from ablations.config.errors import DataError, StoreError
    from ablations.data import load_dataset
    from ablations.execution.stored_samples import scored_images
    from ablations.scoring.certify.extractor_seeds import ScoredAgain, panels
    from ablations.store.outcomes import FINISHED, outcome
    from ablations.store.reading import existing
    from reports.analysis.findings import find
    from reports.pages.extractor_seeds import page
    from reports.pages.rendering import write_files

    torch.set_num_threads(1)
    archive, by_seed = existing(location), panels(weights)
    stored = archive.read(study)
    if not stored.results:
        raise StoreError(f"{study!r} has no runs in {location} yet; train it: ablations run {study}")
    data = stored.results[0].run
    dataset = load_dataset(data.dataset, folder=data_folder)
    if dataset.digest != data.data_digest:
        raise DataError(f"{study!r} was trained on other images than {data.dataset} has here")
    again = ScoredAgain(dataset, by_seed)
    table = out.with_suffix(".csv")
    rows = _known(table, {result.key for result in stored.results})
    done = {(row["key"], row["extractor"]) for row in rows}
    for result in stored.results:
        missing = [one for one in by_seed if (result.key, one) not in done]
        if outcome(result).status != FINISHED or not missing:
            continue
        whole = archive.get(result.key)
        names = {"key": result.key, "variant": result.run.variant.name, "seed": result.run.seed}
        for extractor, scores in again(scored_images(whole, max(whole.snapshots), again.shape, again.count), missing):
            rows.append(names | {"extractor": extractor, **scores})
        write_files(out.parent, {table.name: pd.DataFrame(rows).to_csv(index=False, float_format="%.6g")})
    # as they were written, so that the page is the same whether they were computed now or before
    write_files(out.parent, {out.name: page(find(stored), pd.DataFrame(_known(table, {row["key"] for row in rows})))})
    click.echo(f"page: {out}")


def _known(table: Path, keys: Collection[str]) -> list[dict[str, Any]]:
    """The rows of a table that are of these runs; none where there is no table.

    Raises:
        DataError: it is no such table.
    """
    import pandas as pd

    from ablations.config.errors import DataError

    if not table.exists():
        return []
    try:
        read = pd.read_csv(table)
        return [
            {str(name): value for name, value in row.items()} for row in read[read["key"].isin(keys)].to_dict("records")
        ]
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{table} is no table of scores by extractors of other seeds; move it away") from error
