"""The training of the reader: real images with the artefacts of generators, and images that show nothing."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.data import Dataset
from ablations.scoring.extractors import fitting, reader
from ablations.scoring.extractors.artefacts import spoiled
from ablations.scoring.extractors.fitting import Progress, fit, shuffled_rows, silent
from ablations.scoring.extractors.frozen import Trained, write_frozen
from ablations.scoring.extractors.readable import readings, refusals
from ablations.scoring.extractors.reader import Reader, ReaderNetwork
from ablations.scoring.extractors.shapeless import shapeless
from ablations.scoring.extractors.trunk import in_unit_range, initialize
from ablations.scoring.extractors.warps import Warp, moved

EPOCHS = 20
REAL = 160
NOTHING = 32
"""Images of a batch that are real, and that show nothing."""
THRESHOLD = 0.7
"""An image is unreadable where "nothing" has a larger share than this."""
WARP = Warp()

RECIPE = (
    f"AdamW, one cycle to {fitting.PEAK_LEARNING_RATE}, weight decay {fitting.WEIGHT_DECAY}, batches of {REAL} real "
    f"images, warped or shifted and with up to two artefacts, and {NOTHING} that show nothing"
)


@dataclass(frozen=True, kw_only=True)
class ReaderFacts:
    """Where a reader comes from, and what was measured of it on the test images; JSON in its file."""

    kind: str
    shape: tuple[int, int, int]
    classes: int
    threshold: float
    dataset: str
    data_digest: str
    seed: int
    epochs: int
    recipe: str
    accuracy: float
    """Share of the test images that are readable and read right."""
    readings: dict[str, dict[str, float]]
    """Damage to `Reading`."""
    refusals: dict[str, float]
    """Kind of images that show nothing to the share that is unreadable."""


def train_reader(
    dataset: Dataset, out: Path, *, seed: int = 0, epochs: int = EPOCHS, on_progress: Progress = silent
) -> Trained:
    """Train on the training images and write `out` (safetensors), with `out`.sha256 beside it.

    The same dataset, seed and epochs give the same bytes on one machine.

    Raises:
        DataError: `out` cannot be written.
    """
    start = time.perf_counter()
    images, labels = in_unit_range(dataset.train_images), dataset.labels[0]
    shape, classes = (images.shape[1], images.shape[2], images.shape[3]), int(labels.max()) + 1
    generator = torch.Generator().manual_seed(seed)
    network = ReaderNetwork(shape, classes).to(memory_format=torch.channels_last)
    initialize(network, generator)

    def loss_of(rows: Tensor) -> Tensor:
        real, nothing = images[rows], shapeless(images[rows], labels[rows], NOTHING, generator)
        shown = torch.cat([spoiled(moved(part, WARP, generator), generator) for part in (real, nothing)])
        return F.cross_entropy(network(shown), F.pad(labels[rows], (0, NOTHING), value=classes))

    steps = epochs * max(len(images) // REAL, 1)
    fit(network.train().parameters(), shuffled_rows(len(images), REAL, generator), steps, loss_of, on_progress)
    known = {"kind": reader.KIND, "shape": shape, "classes": classes, "threshold": THRESHOLD}
    extractor = Reader(network.frozen(), "", known)
    test = in_unit_range(dataset.test_images), dataset.labels[1]
    damaged = readings(extractor, *test)
    facts = ReaderFacts(
        kind=reader.KIND,
        shape=shape,
        classes=classes,
        threshold=THRESHOLD,
        dataset=dataset.name,
        data_digest=dataset.digest,
        seed=seed,
        epochs=epochs,
        recipe=RECIPE,
        accuracy=damaged["none"]["right"],
        readings=damaged,
        refusals=refusals(extractor, *test),
    )
    digest = write_frozen(out, network.state_dict(), asdict(facts))
    return Trained(facts=asdict(facts), digest=digest, seconds=time.perf_counter() - start)
