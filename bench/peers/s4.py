"""S4: written for TensorFlow 1; this is the loop one would write for it in PyTorch, with one update a batch.

Both updates see the same z: G's images are computed once for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

EPOCHS = 100
TRAINING_IMAGES = 55_000
"""TensorFlow's MNIST kept the first 5,000 images of 60,000 for validation."""


def initialize(model: nn.Module) -> None:
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, 0.0, 0.01)
        else:
            nn.init.zeros_(parameter)


def train(folder: Path, device: torch.device) -> Iterator[tuple[float, float]]:
    dataset = datasets.MNIST(str(folder), train=True, transform=transforms.ToTensor())
    training = Subset(dataset, range(max(0, len(dataset) - TRAINING_IMAGES), len(dataset)))
    loader = DataLoader(training, batch_size=100, shuffle=True)
    generator = nn.Sequential(nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid()).to(device)
    discriminator = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 1), nn.Sigmoid()).to(device)
    initialize(generator)
    initialize(discriminator)
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4)

    for _ in range(EPOCHS):
        for images, _labels in loader:
            real = images.view(len(images), -1).to(device)
            fake = generator(torch.randn(len(real), 128, device=device))

            d_loss = -torch.mean(torch.log(discriminator(real)) + torch.log(1 - discriminator(fake.detach())))
            discriminator_optimizer.zero_grad()
            d_loss.backward()
            discriminator_optimizer.step()

            g_loss = -torch.mean(torch.log(discriminator(fake)))
            generator_optimizer.zero_grad()
            g_loss.backward()
            generator_optimizer.step()
            yield d_loss.item(), g_loss.item()
