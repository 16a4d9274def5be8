"""`ablations extractor-seeds STUDY`: do scores and verdicts hang on the seed of the extractors?"""

from __future__ import annotations

from pathlib import Path

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
    again = ScoredAgain(load_dataset("mnist", folder=data_folder), by_seed)
    table = out.with_suffix(".csv")
    known = pd.read_csv(table).to_dict("records") if table.exists() else []
    done = {(row["variant"], row["seed"], row["extractor"]) for row in known}
    rows = [{str(name): value for name, value in row.items()} for row in known]
    for result in stored.results:
        run = result.run
        missing = [one for one in by_seed if (run.variant.name, run.seed, one) not in done]
        if outcome(result).status != FINISHED or not missing:
            continue
        whole = archive.get(result.key)
        for extractor, scores in again(scored_images(whole, max(whole.snapshots), again.shape, again.count), missing):
            rows.append({"variant": run.variant.name, "seed": run.seed, "extractor": extractor, **scores})
        write_files(out.parent, {table.name: pd.DataFrame(rows).to_csv(index=False, float_format="%.6g")})
    write_files(out.parent, {out.name: page(find(stored), pd.DataFrame(rows))})
    click.echo(f"page: {out}")
