"""What the documents print along a training, and where: rows of data, for the reports to stand beside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One trace of a document."""

    label: str
    curves: tuple[str, ...]
    """Of `quantities.CURVES`: their sum, times `factor`."""
    factor: float = 1.0
    metric: str = ""
    """The metric of an evaluation that is just what the document takes after an epoch; empty where it takes none."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A number that stands in a document."""

    step: int
    quantity: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a document shows of its training. Either `window` or `epochs` is set."""

    source: str
    recipes: tuple[str, ...]
    """By the label that a variant carries on."""
    title: str
    says: str
    """What the document does, and what of it is known."""
    unit: str
    """Of its quantities, as the axis of a figure says it."""
    quantities: tuple[Quantity, ...]
    window: int = 0
    """Steps over which a running mean is taken."""
    epochs: int = 0
    """Between two rows of the table."""
    last_batch: bool = False
    """An epoch's value is that of its last batch, else its mean."""
    marks: tuple[Mark, ...] = ()


TRACES = (
    Trace(
        source="S2",
        recipes=("s2", "s2-z10"),
        title="Losses, means of the last 500 steps",
        says="S2 prints both losses as means over the last 500 steps.",
        unit="loss",
        quantities=(
            Quantity(label="G", curves=("g_loss",)),
            Quantity(label="D", curves=("d_loss_real", "d_loss_fake"), factor=0.5),
        ),
        window=500,
        marks=(
            Mark(step=2_000, quantity="G", value=1.7751),
            Mark(step=2_000, quantity="D", value=0.1973),
            Mark(step=40_000, quantity="G", value=2.2366),
            Mark(step=40_000, quantity="D", value=0.3085),
        ),
    ),
    Trace(
        source="S3",
        recipes=("s3",),
        title="D(x) and D(G(z)) by epoch",
        says="S3 plots, after each epoch, the mean of D over the 10,000 test images and over 10,000 fakes, both "
        "networks in eval mode. It states no numbers. The curves are the means of the epochs' batches, the table has "
        "the document's own measure at the scored steps.",
        unit="mean probability",
        quantities=(
            Quantity(label="D(x)", curves=("d_real",), metric="d_real_test"),
            Quantity(label="D(G(z))", curves=("d_fake",), metric="d_fake_eval"),
        ),
        epochs=10,
    ),
    Trace(
        source="S4",
        recipes=("s4", "s4-printed"),
        title="Costs by epoch",
        says="S4 prints both costs, which it maximises, of the last batch of every tenth epoch: the mean of log D(x) + "
        "log(1 - D(G(z))), and of log D(G(z)). Its figures are not among the facts that are kept of it; where D cannot "
        "tell, they are -1.386 and -0.693.",
        unit="cost",
        quantities=(
            Quantity(label="cost of D", curves=("d_loss_real", "d_loss_fake"), factor=-1.0),
            Quantity(label="cost of G", curves=("g_loss",), factor=-1.0),
        ),
        epochs=10,
        last_batch=True,
    ),
)
