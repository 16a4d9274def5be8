"""The CNN of the study `quick` as a plain loop of one seed, with the data in memory: nothing to gain but by the step.

The documents have no such loop (S1's CNN takes one image at a time); a plain one over seeds is what it is held
against, and a slow loader would flatter the harness.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import datasets

EPOCHS = 4
BATCH = 64


def train(folder: Path, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    images = datasets.MNIST(str(folder), train=True).data.to(device).float().div(255).unsqueeze(1)
    discriminator = nn.Sequential(
        nn.Conv2d(1, 10, 5, stride=2),
        nn.LeakyReLU(0.02),
        nn.LayerNorm((10, 12, 12)),
        nn.Conv2d(10, 10, 3, stride=2),
        nn.LeakyReLU(0.02),
        nn.LayerNorm((10, 5, 5)),
        nn.Flatten(),
        nn.Linear(250, 1),
        nn.Sigmoid(),
    ).to(device)
    generator = nn.Sequential(
        nn.Linear(100, 250),
        nn.Unflatten(1, (10, 5, 5)),
        nn.LeakyReLU(0.02),
        nn.LayerNorm((10, 5, 5)),
        nn.ConvTranspose2d(10, 10, 3, stride=2, output_padding=1),
        nn.LeakyReLU(0.02),
        nn.LayerNorm((10, 12, 12)),
        nn.ConvTranspose2d(10, 1, 5, stride=2, output_padding=1),
        nn.Sigmoid(),
    ).to(device)
    criterion = nn.BCELoss()
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    ones, zeros = torch.ones(BATCH, 1, device=device), torch.zeros(BATCH, 1, device=device)

    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), device=device).split(BATCH):
            if len(batch) < BATCH:
                continue
            fake = generator(torch.randn(BATCH, 100, device=device)).detach()
            d_loss = criterion(discriminator(images[batch]), ones) + criterion(discriminator(fake), zeros)
            discriminator_optimizer.zero_grad()
            d_loss.backward()
            discriminator_optimizer.step()

            g_loss = criterion(discriminator(generator(torch.randn(BATCH, 100, device=device))), ones)
            generator_optimizer.zero_grad()
            g_loss.backward()
            generator_optimizer.step()
            yield d_loss.detach(), g_loss.detach()
