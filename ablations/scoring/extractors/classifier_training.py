"""The classifier that judges samples: a small CNN on 28x28 digits, its training, and its frozen file.

The frozen weights are the measuring instrument of every score, so they are trained once, by `train_classifier`, kept in
the repository (`ablations/metrics/weights`), and told apart by the SHA-256 of their file. Those that are there read
99.46% of MNIST's test images right; they were trained with the defaults below, in 80 s on one core.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ablations.data import Dataset
from ablations.data.atomic_files import write_atomically

FEATURES = 64
CLASSES = 10
CHANNELS = (16, 32, 64)

BATCH_SIZE = 128
PEAK_LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.02
MAX_SHIFT = 2
"""Training images are moved by up to so many pixels in each direction."""


RECIPE = (
    f"AdamW, one cycle to {PEAK_LEARNING_RATE}, weight decay {WEIGHT_DECAY}, batch {BATCH_SIZE}, "
    f"shifts of up to {MAX_SHIFT} pixels"
)
METADATA_KEY = "classifier"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Where frozen weights come from; JSON in the metadata of their file."""

    accuracy: float
    """Share of the test images classified correctly."""
    dataset: str
    data_digest: str
    seed: int
    epochs: int
    recipe: str


@dataclass(frozen=True, kw_only=True)
class ClassifierReport(Facts):
    """What `train_classifier` made."""

    digest: str
    """SHA-256 of the file."""
    size: int
    """Bytes of the file."""
    seconds: float


class ClassifierNetwork(nn.Module):
    """Images (n, 1, 28, 28) in [0, 1] to logits (n, 10): a `trunk` that gives the 64 features, and a linear `head`.

    0.66 million multiply-adds an image and 89,000 weights. In training each layer is `normalized` by BatchNorm, which
    `folded` merges into the weights afterwards.
    """

    def __init__(self, *, normalized: bool = False) -> None:
        super().__init__()
        # Layers draw their first values from the global generator, which belongs to the caller.
        with torch.random.fork_rng(devices=[]):
            self.trunk = nn.Sequential(*_layers(normalized))
            self.head = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.trunk(images))
        return logits

    def folded(self) -> ClassifierNetwork:
        """The same function, in eval mode, without BatchNorm: each is merged into the layer before it."""
        layers: list[nn.Module] = []
        for layer in self.eval().trunk:
            if not isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layers.append(layer)
            elif isinstance(layers[-1], nn.Conv2d):
                layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
            elif isinstance(layers[-1], nn.Linear):
                layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
        network = ClassifierNetwork()
        network.trunk, network.head = nn.Sequential(*layers), self.head
        return network.eval()


def _layers(normalized: bool) -> list[nn.Module]:
    first, second, third = CHANNELS
    layers: list[nn.Module] = []
    for layer in (
        nn.Conv2d(1, first, 5, stride=2, padding=2),
        nn.Conv2d(first, second, 3, stride=2, padding=1),
        nn.Conv2d(second, third, 3, stride=2, padding=1),
    ):
        layers += [layer, nn.BatchNorm2d(layer.out_channels)] if normalized else [layer]
        layers.append(nn.ReLU())
    layers += [nn.Flatten(), nn.Linear(third * 4 * 4, FEATURES)]
    layers += [nn.BatchNorm1d(FEATURES)] if normalized else []
    return [*layers, nn.ReLU()]


def train_classifier(
    dataset: Dataset,
    out: Path,
    *,
    seed: int = 0,
    epochs: int = 15,
    on_progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> ClassifierReport:
    """Train on the training images and write `out` (safetensors), with `out`.sha256 beside it.

    The same dataset, seed and epochs give the same bytes on one machine. `on_progress` gets the step, the number of
    steps and the loss, about 100 times.

    Raises:
        DataError: `out` cannot be written.
    """
    start = time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    network = ClassifierNetwork(normalized=True)
    _initialize(network, generator)
    _fit(network, dataset, epochs, generator, on_progress)
    frozen = network.folded()
    facts = Facts(
        accuracy=_accuracy(frozen, dataset.test_images, dataset.labels[1]),
        dataset=dataset.name,
        data_digest=dataset.digest,
        seed=seed,
        epochs=epochs,
        recipe=RECIPE,
    )
    # One metadata key: safetensors writes several in an order that changes from call to call.
    content = save(frozen.state_dict(), metadata={METADATA_KEY: json.dumps(asdict(facts), sort_keys=True)})
    digest = hashlib.sha256(content).hexdigest()
    write_atomically(out, content)
    write_atomically(digest_file(out), f"{digest}  {out.name}\n".encode())
    return ClassifierReport(**asdict(facts), digest=digest, size=len(content), seconds=time.perf_counter() - start)


def digest_file(weights: Path) -> Path:
    """Where the SHA-256 of a weights file is kept, in the form that `sha256sum --check` reads."""
    return weights.with_name(f"{weights.name}.sha256")


def _initialize(network: nn.Module, generator: torch.Generator) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            nn.init.constant_(layer.get_parameter("bias"), 0.0)


def _fit(
    network: nn.Module,
    dataset: Dataset,
    epochs: int,
    generator: torch.Generator,
    on_progress: Callable[[int, int, float], None],
) -> None:
    images, labels = dataset.train_images.squeeze(1), dataset.labels[0]
    batches = max(len(images) // BATCH_SIZE, 1)
    steps = epochs * batches
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps + 1)
    network.train()
    for step in range(steps):
        if step % batches == 0:
            order = torch.randperm(len(images), generator=generator)
        chosen = order[(step % batches) * BATCH_SIZE :][:BATCH_SIZE]
        logits = network(_shifted(images[chosen], generator))
        loss = F.cross_entropy(logits, labels[chosen])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if (step + 1) % math.ceil(steps / 100) == 0:
            on_progress(step + 1, steps, loss.item())


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 (n, 28, 28) to float (n, 1, 28, 28) in [0, 1], each image moved by a random whole number of pixels."""
    count, side = len(images), images.shape[-1]
    padded = F.pad(images, (MAX_SHIFT,) * 4)
    rows, columns = torch.randint(2 * MAX_SHIFT + 1, (2, count, 1), generator=generator) + torch.arange(side)
    moved = padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.unsqueeze(1).float() / 255


def _accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    right = 0
    with torch.no_grad():
        for start in range(0, len(images), 500):
            logits = network(images[start : start + 500].float() / 255)
            right += int((logits.argmax(1) == labels[start : start + 500]).sum())
    return right / len(images)
