"""S3: the PyTorch GAN with its losses written from the paper, and fakes that are not detached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

EPOCHS = 100


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(100, 256),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Linear(256, 256),
            nn.ReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Linear(256, 784),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.net(z)
        return images.view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(784, 256),
            nn.LeakyReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Linear(256, 256),
            nn.LeakyReLU(inplace=True),
            nn.Dropout(0.1),
            nn.Linear(256, 1),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.net(images.view(-1, 784))
        return output


def initialize(model: nn.Module) -> None:
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_normal_(parameter)
        else:
            nn.init.uniform_(parameter, 0.1, 0.2)


def train(folder: Path, device: torch.device) -> Iterator[tuple[float, float]]:
    standardize = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=(0.5,), std=(0.5,))])
    dataset = datasets.MNIST(str(folder), train=True, transform=standardize)
    loader = DataLoader(dataset, batch_size=200, shuffle=True)
    generator, discriminator = Generator().to(device), Discriminator().to(device)
    initialize(generator)
    initialize(discriminator)
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=0.0002)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.0002)

    for _ in range(EPOCHS):
        generator.train()
        discriminator.train()
        for images, _labels in loader:
            real = images.to(device)
            z = torch.randn(len(real), 100, device=device)

            d_loss = torch.mean(-torch.log(discriminator(real)) - torch.log(1 - discriminator(generator(z))))
            discriminator_optimizer.zero_grad()
            d_loss.backward()
            discriminator_optimizer.step()

            z = torch.randn(len(real), 100, device=device)
            g_loss = torch.mean(-torch.log(discriminator(generator(z))))
            generator_optimizer.zero_grad()
            g_loss.backward()
            generator_optimizer.step()
            yield d_loss.item(), g_loss.item()
