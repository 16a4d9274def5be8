"""S2: the vanilla GAN on logits, with one joint D step and the mean of its two halves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

EPOCHS = 100
LATENTS = 64


def generator_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True))


def discriminator_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LeakyReLU(0.2, inplace=True))


def train(folder: Path, device: torch.device) -> Iterator[tuple[float, float]]:
    dataset = datasets.MNIST(str(folder), train=True, transform=transforms.ToTensor())
    loader = DataLoader(dataset, batch_size=128, shuffle=True)
    generator = nn.Sequential(
        generator_block(LATENTS, 128),
        generator_block(128, 256),
        generator_block(256, 512),
        generator_block(512, 1024),
        nn.Linear(1024, 784),
        nn.Sigmoid(),
    ).to(device)
    discriminator = nn.Sequential(
        discriminator_block(784, 512),
        discriminator_block(512, 256),
        discriminator_block(256, 128),
        nn.Linear(128, 1),
    ).to(device)
    criterion = nn.BCEWithLogitsLoss()
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-5)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-5)
    mean_generator_loss = mean_discriminator_loss = 0.0

    for _ in range(EPOCHS):
        for images, _labels in loader:
            real = images.view(len(images), -1).to(device)

            discriminator_optimizer.zero_grad()
            fake = generator(torch.randn(len(real), LATENTS, device=device))
            fake_outputs = discriminator(fake.detach())
            fake_loss = criterion(fake_outputs, torch.zeros_like(fake_outputs))
            real_outputs = discriminator(real)
            real_loss = criterion(real_outputs, torch.ones_like(real_outputs))
            d_loss = (fake_loss + real_loss) / 2
            d_loss.backward()
            discriminator_optimizer.step()

            generator_optimizer.zero_grad()
            outputs = discriminator(generator(torch.randn(len(real), LATENTS, device=device)))
            g_loss: Tensor = criterion(outputs, torch.ones_like(outputs))
            g_loss.backward()
            generator_optimizer.step()

            mean_discriminator_loss += d_loss.item() / 500
            mean_generator_loss += g_loss.item() / 500
            yield d_loss.item(), g_loss.item()
