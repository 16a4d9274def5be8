"""A GAN's training loop as a person writes it for one seed: torch.nn modules, torch.optim, autograd; nothing of the
harness.

It takes its random draws and its initial weights as arguments, and is what the stacked step is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ablations.config import Network, Optimizer, Variant

ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
    "sigmoid": lambda slope: nn.Sigmoid(),
    "relu": lambda slope: nn.ReLU(),
    "leaky_relu": nn.LeakyReLU,
    "gelu": lambda slope: nn.GELU(),
}


class GivenDropout(nn.Module):
    """Dropout whose masks come from outside."""

    masks: Iterator[Tensor] = iter(())

    def forward(self, x: Tensor) -> Tensor:
        return x * next(type(self).masks) if self.training else x


class Planes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        image = x[:, :784].view(-1, 1, 28, 28)
        if x.shape[1] == 784:
            return image
        return torch.cat([image, x[:, 784:, None, None].repeat(1, 1, 28, 28)], 1)


class View(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.shape)


def block(network: Network, layers: list[nn.Module], shape: tuple[int, ...]) -> list[nn.Module]:
    activation: list[nn.Module] = [ACTIVATIONS[network.activation](network.slope)]
    norm: list[nn.Module] = []
    if network.normalization == "layer":
        norm = [nn.LayerNorm(shape)]
    elif network.normalization == "batch":
        norm = [nn.BatchNorm1d(shape[0]) if len(shape) == 1 else nn.BatchNorm2d(shape[0])]
    both = norm + activation if network.normalization_first else activation + norm
    return layers + both + ([GivenDropout()] if network.dropout else [])


def discriminator(variant: Variant) -> nn.Sequential:
    network, labels = variant.discriminator, 10 * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        size = 784 + labels
        for width in network.hidden:
            layers += block(network, [nn.Linear(size, width)], (width,))
            size = width
    else:
        layers, channels, side = [Planes()], 1 + labels, 28
        for width, kernel in zip(network.hidden, network.kernels, strict=True):
            side = (side - kernel) // 2 + 1
            layers += block(network, [nn.Conv2d(channels, width, kernel, stride=2)], (width, side, side))
            channels = width
        layers.append(nn.Flatten())
        size = channels * side * side
    layers.append(nn.Linear(size, 1))
    return nn.Sequential(*layers, *([nn.Sigmoid()] if network.output == "sigmoid" else []))


def generator(variant: Variant) -> nn.Sequential:
    network = variant.generator
    size = variant.latent.size + 10 * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        for width in network.hidden:
            layers += block(network, [nn.Linear(size, width)], (width,))
            size = width
        layers.append(nn.Linear(size, 784))
    else:  # the only CNN of the catalog: 10 maps of 5x5, then 12x12, then one of 28x28
        layers = block(network, [nn.Linear(size, 250), View(10, 5, 5)], (10, 5, 5))
        first, second = network.kernels
        layers += block(network, [nn.ConvTranspose2d(10, 10, first, stride=2, output_padding=1)], (10, 12, 12))
        layers += [nn.ConvTranspose2d(10, 1, second, stride=2, output_padding=1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Sigmoid() if network.output == "sigmoid" else nn.Tanh())


def load(module: nn.Sequential, weights: dict[str, Any], prefix: str) -> nn.Sequential:
    """Fill a module with the harness's values, in the order of the layers."""
    values = {
        key.removeprefix(prefix): torch.from_numpy(value) for key, value in weights.items() if key.startswith(prefix)
    }
    norms = hidden = 0
    weighted = [m for m in module if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    state: dict[str, Tensor] = {}
    for index, layer in enumerate(module):
        if layer is weighted[-1]:
            name = "output"
        elif layer in weighted:
            name, hidden = f"hidden.{hidden}", hidden + 1
        elif isinstance(layer, (nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d)):
            name, norms = f"norm.{norms}", norms + 1
        else:
            continue
        for key in layer.state_dict():
            if key != "num_batches_tracked":
                state[f"{index}.{key}"] = values.pop(f"{name}.{key}")
    assert not values, f"the harness has tensors that the plain network lacks: {sorted(values)}"
    module.double().load_state_dict(state, strict=False)
    return module


def dump(module: nn.Sequential) -> list[np.ndarray[Any, Any]]:
    return [v.detach().numpy() for k, v in module.state_dict().items() if "num_batches" not in k]


def split(variant: Variant, weights: dict[str, Any]) -> dict[str, list[np.ndarray[Any, Any]]]:
    """The harness's values of both networks in the order of `dump`."""
    modules = {"generator": generator(variant), "discriminator": discriminator(variant)}
    return {side: dump(load(module, weights, f"{side}.")) for side, module in modules.items()}


def optimizer(config: Optimizer, module: nn.Module) -> torch.optim.Optimizer:
    if config.name == "sgd":
        return torch.optim.SGD(module.parameters(), lr=config.learning_rate, momentum=config.momentum)
    return torch.optim.Adam(module.parameters(), lr=config.learning_rate, betas=(config.beta1, config.beta2))


def with_label(x: Tensor, labels: Tensor | None) -> Tensor:
    return x if labels is None else torch.cat([x, torch.eye(10, dtype=x.dtype)[labels]], 1)


def use(masks: Any, slot: int, part: slice = slice(None)) -> None:
    GivenDropout.masks = iter([mask[slot][part] for mask in masks])


def train(variant: Variant, weights: dict[str, Any], draws: list[Any], slot: int) -> dict[str, Any]:
    """Train one seed on its slot of the draws; returns both networks' values and the curves."""
    g = load(generator(variant), weights, "generator.")
    d = load(discriminator(variant), weights, "discriminator.")
    optimizer_g, optimizer_d = optimizer(variant.generator_optimizer, g), optimizer(variant.discriminator_optimizer, d)
    criterion = {"mse": nn.MSELoss(), "bce": nn.BCELoss(), "bce_logits": nn.BCEWithLogitsLoss()}[variant.loss.criterion]
    curves = []

    def loss_of(output: Tensor, target: float) -> Tensor:
        loss: Tensor = criterion(output, torch.full_like(output, target))
        return loss

    def norm_of(module: nn.Module) -> float:
        return float(torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]).norm())

    def mean_probability(output: Tensor) -> float:
        return (output.sigmoid() if variant.loss.criterion == "bce_logits" else output).mean().item()

    g.train()
    d.train()
    for draw in draws:
        records = []
        for one in draw.discriminator:
            labels, fake_labels = (None if x is None else x[slot] for x in (one.labels, one.fake_labels))
            real, batch = one.images[slot], one.images.shape[1]
            use(one.generator_masks, slot)
            fake = g(with_label(one.latents[slot], fake_labels))
            in_d = fake.detach() if variant.update.detach else fake
            norms = []
            use(one.discriminator_masks, slot, slice(0, batch))
            output_real = d(with_label(real, labels))
            loss_real = loss_of(output_real, 1.0)
            if variant.update.discriminator == "two_steps":
                optimizer_d.zero_grad()
                loss_real.backward()
                norms.append(norm_of(d))
                optimizer_d.step()
            use(one.discriminator_masks, slot, slice(batch, None))
            output_fake = d(with_label(in_d, fake_labels))
            loss_fake = loss_of(output_fake, 0.0)
            optimizer_d.zero_grad()
            if variant.update.discriminator == "two_steps":
                loss_fake.backward()
            elif variant.loss.discriminator_reduction == "mean":
                ((loss_real + loss_fake) / 2).backward()
            else:
                (loss_real + loss_fake).backward()
            norms.append(norm_of(d))
            optimizer_d.step()
            records.append(
                (
                    loss_real.item(),
                    loss_fake.item(),
                    mean_probability(output_real),
                    mean_probability(output_fake),
                    sum(n**2 for n in norms) / len(norms),
                )
            )
        if variant.update.generator_latents == "same":
            labels = None if one.fake_labels is None else one.fake_labels[slot]
        else:
            labels = None if draw.generator.labels is None else draw.generator.labels[slot]
            use(draw.generator.generator_masks, slot)
            fake = g(with_label(draw.generator.latents[slot], labels))
        use(draw.generator.discriminator_masks, slot)
        output = d(with_label(fake, labels))
        loss = loss_of(output, 1.0) if variant.loss.generator == "non_saturating" else -loss_of(output, 0.0)
        optimizer_g.zero_grad()
        loss.backward()
        norm_g = norm_of(g)
        optimizer_g.step()
        loss_real_m, loss_fake_m, d_real, d_fake, squared = np.mean(records, 0)
        curves.append((loss_real_m, loss_fake_m, loss.item(), d_real, d_fake, squared**0.5, norm_g))
    return {"generator": dump(g), "discriminator": dump(d), "curves": np.array(curves)}
