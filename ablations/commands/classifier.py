"""`ablations classifier`: train the reader, whose features and readings the scores are taken of."""

from __future__ import annotations

from typing import Any

import click

from ablations.commands.extractor import train, with_options


@click.command("classifier")
@with_options
def command(**options: Any) -> None:
    """Train the reader of a dataset with labels: it reads classes, and says what cannot be read.

    MNIST and the digits are scored by the frozen one of this project; for other data the weights go where scores look
    for them. To use others, name the file: `reader:FILE`.
    """
    train("reader", **options)
