"""S0 and S1: one image at a time, each network with its own `train` method and optimizer, as in the book they follow.

The images come from the dataset itself, without a DataLoader, as in the book; torchvision's is the faster one here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import datasets, transforms

EPOCHS = 4


class Trained(nn.Module):
    """What both networks have: a loss, an optimizer, and every tenth loss kept."""

    model: nn.Sequential

    def set_up(self) -> None:
        self.loss_function = nn.BCELoss()
        self.optimiser = torch.optim.Adam(self.parameters(), lr=0.0001)
        self.counter = 0
        self.progress: list[float] = []

    def note(self, loss: Tensor) -> None:
        self.counter += 1
        if self.counter % 10 == 0:
            self.progress.append(loss.item())


class Discriminator(Trained):
    def __init__(self, labels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(784 + labels, 200), nn.LeakyReLU(0.02), nn.LayerNorm(200), nn.Linear(200, 1), nn.Sigmoid()
        )
        self.set_up()

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        output: Tensor = self.model(torch.cat((image, label)))
        return output

    def train_on(self, image: Tensor, label: Tensor, target: Tensor) -> Tensor:
        outputs = self.forward(image, label)
        loss: Tensor = self.loss_function(outputs, target)
        self.note(loss)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.detach()


class Generator(Trained):
    def __init__(self, labels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(100 + labels, 200), nn.LeakyReLU(0.02), nn.LayerNorm(200), nn.Linear(200, 784), nn.Sigmoid()
        )
        self.set_up()

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        output: Tensor = self.model(torch.cat((latent, label)))
        return output

    def train_through(self, discriminator: Discriminator, latent: Tensor, label: Tensor, target: Tensor) -> Tensor:
        outputs = discriminator.forward(self.forward(latent, label), label)
        loss: Tensor = self.loss_function(outputs, target)
        self.note(loss)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.detach()


def train_conditional(folder: Path, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """S0: both networks are told the label."""
    return _train(folder, device, labels=10)


def train(folder: Path, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """S1, after its four refinements."""
    return _train(folder, device, labels=0)


def _train(folder: Path, device: torch.device, labels: int) -> Iterator[tuple[Tensor, Tensor]]:
    dataset = datasets.MNIST(str(folder), train=True, transform=transforms.ToTensor())
    discriminator, generator = Discriminator(labels).to(device), Generator(labels).to(device)
    real, fake = torch.tensor([1.0], device=device), torch.tensor([0.0], device=device)

    def one_hot(label: int) -> Tensor:
        vector = torch.zeros(labels, device=device)
        if labels:
            vector[label] = 1.0
        return vector

    def random_label() -> Tensor:
        return one_hot(random.randint(0, 9))

    for _ in range(EPOCHS):
        for index in range(len(dataset)):
            image, label = dataset[index]
            d_loss = discriminator.train_on(image.view(784).to(device), one_hot(label), real)
            asked = random_label()
            drawn = generator.forward(torch.randn(100, device=device), asked).detach()
            discriminator.train_on(drawn, asked, fake)
            g_loss = generator.train_through(discriminator, torch.randn(100, device=device), random_label(), real)
            yield d_loss, g_loss
