"""How a command is told which data: a dataset of the registry, one of the user's own, or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ablations.config.errors import nearest
from ablations.config.paths import with_home


class DatasetName(click.ParamType[str]):
    """A dataset of the registry, or a folder of one's own, which becomes absolute: a run is told where its data lie."""

    name = "dataset"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ablations.config.parts import DATASETS

        if value in DATASETS:
            return value
        for folder, sign, size in ((value, "", ""), value.rpartition("@")):
            if folder and with_home(folder).is_dir():
                return f"{with_home(folder).resolve()}{sign}{size}"
        if ctx is not None and not any("--parts" in item.opts for item in ctx.command.params):
            hint = nearest(value, DATASETS)
            self.fail(f"{value!r} is no dataset and no folder{hint} (datasets: {', '.join(DATASETS)})", param, ctx)
        return value  # perhaps one of the user's own, which `--parts` has yet to register; else loading refuses it


class DataOption(click.Option):
    """`--data`: its name may be one of the user's own parts, wherever `--parts` stands in the line."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        for item in ctx.command.params:
            if "--parts" in item.opts:
                item.handle_parse_result(ctx, opts, args)
        return super().handle_parse_result(ctx, opts, args)


_DATA: dict[str, Any] = {
    "cls": DataOption,
    "type": DatasetName(),
    "metavar": "NAME|FOLDER",
    "help": "A dataset by name, or a folder of IDX files or of pictures; FOLDER@64 scales these to 64x64 (8 to 256), "
    "else 32x32.",
}
data_option = click.option("--data", "dataset", default="mnist", show_default=True, **_DATA)
study_data_option = click.option("--data", "dataset", show_default="the study's, else mnist", **_DATA)
