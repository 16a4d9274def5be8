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
from torch.nn.utils import parametrizations

from ablations.config import Network, Optimizer, Variant
from ablations.data import DataShape

ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
    "sigmoid": lambda slope: nn.Sigmoid(),
    "relu": lambda slope: nn.ReLU(),
    "leaky_relu": nn.LeakyReLU,
    "gelu": lambda slope: nn.GELU(),
}


SPECTRAL = {
    "parametrizations.weight.original": "weight",
    "parametrizations.weight.0._u": "",
    "parametrizations.weight.0._v": "singular_vector",
}
"""PyTorch's names of what the harness calls otherwise, or not at all."""


class GivenDropout(nn.Module):
    """Dropout whose masks come from outside."""

    masks: Iterator[Tensor] = iter(())

    def forward(self, x: Tensor) -> Tensor:
        return x * next(type(self).masks) if self.training else x


class Planes(nn.Module):
    def __init__(self, shape: DataShape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        size, side = self.shape.values, self.shape.height
        image = x[:, :size].view(-1, self.shape.channels, side, side)
        if x.shape[1] == size:
            return image
        return torch.cat([image, x[:, size:, None, None].repeat(1, 1, side, side)], 1)


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


def normed(network: Network, module: nn.Module) -> nn.Module:
    """A layer with weights, under PyTorch's own spectral normalisation where the network has it."""
    return parametrizations.spectral_norm(module) if network.weight_norm == "spectral" else module


def discriminator(variant: Variant, shape: DataShape) -> nn.Sequential:
    network, labels = variant.discriminator, (shape.classes or 0) * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        size = shape.values + labels
        for width in network.hidden:
            layers += block(network, [normed(network, nn.Linear(size, width))], (width,))
            size = width
    else:
        layers, channels, side = [Planes(shape)], shape.channels + labels, shape.height
        for width, kernel in zip(network.hidden, network.kernels, strict=True):
            side = (side - kernel) // 2 + 1
            convolution = normed(network, nn.Conv2d(channels, width, kernel, stride=2))
            layers += block(network, [convolution], (width, side, side))
            channels = width
        layers.append(nn.Flatten())
        size = channels * side * side
    layers.append(normed(network, nn.Linear(size, 1)))
    return nn.Sequential(*layers, *([nn.Sigmoid()] if network.output == "sigmoid" else []))


def generator(variant: Variant, shape: DataShape) -> nn.Sequential:
    network = variant.generator
    size = variant.latent.size + (shape.classes or 0) * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        for width in network.hidden:
            layers += block(network, [normed(network, nn.Linear(size, width))], (width,))
            size = width
        layers.append(normed(network, nn.Linear(size, shape.values)))
    else:  # of two transposed convolutions: maps of `first` pixels, then of `second`, then an image
        one, other = network.kernels
        second = (shape.height - other) // 2 + 1
        first = (second - one) // 2 + 1
        width, next_width = network.hidden
        dense = normed(network, nn.Linear(size, width * first**2))
        layers = block(network, [dense, View(width, first, first)], (width, first, first))
        pads = second - ((first - 1) * 2 + one), shape.height - ((second - 1) * 2 + other)
        up = nn.ConvTranspose2d(width, next_width, one, stride=2, output_padding=pads[0])
        layers += block(network, [normed(network, up)], (next_width, second, second))
        last = nn.ConvTranspose2d(next_width, shape.channels, other, stride=2, output_padding=pads[1])
        layers += [normed(network, last), nn.Flatten()]
    return nn.Sequential(*layers, nn.Sigmoid() if network.output == "sigmoid" else nn.Tanh())


def load(module: nn.Sequential, weights: dict[str, Any], prefix: str) -> nn.Sequential:
    """Fill a module with the harness's values, in the order of the layers.

    PyTorch's spectral normalisation keeps two vectors, of which it makes the first anew from the second in each pass.
    """
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
            ours = SPECTRAL.get(key, key)
            if ours and key != "num_batches_tracked":
                state[f"{index}.{key}"] = values.pop(f"{name}.{ours}")
    assert not values, f"the harness has tensors that the plain network lacks: {sorted(values)}"
    module.double().load_state_dict(state, strict=False)
    return module


def dump(module: nn.Sequential) -> list[np.ndarray[Any, Any]]:
    skipped = ("num_batches_tracked", "_u")
    return [v.detach().numpy().copy() for k, v in module.state_dict().items() if not k.endswith(skipped)]


def split(variant: Variant, shape: DataShape, weights: dict[str, Any]) -> dict[str, list[np.ndarray[Any, Any]]]:
    """The harness's values of both networks in the order of `dump`."""
    modules = {"generator": generator(variant, shape), "discriminator": discriminator(variant, shape)}
    return {side: dump(load(module, weights, f"{side}.")) for side, module in modules.items()}


def optimizer(config: Optimizer, module: nn.Module) -> torch.optim.Optimizer:
    if config.name == "sgd":
        return torch.optim.SGD(module.parameters(), lr=config.learning_rate, momentum=config.momentum)
    return torch.optim.Adam(module.parameters(), lr=config.learning_rate, betas=(config.beta1, config.beta2))


def with_label(x: Tensor, labels: Tensor | None, classes: int | None) -> Tensor:
    return x if labels is None else torch.cat([x, torch.eye(classes or 0, dtype=x.dtype)[labels]], 1)


def use(masks: Any, slot: int, part: slice = slice(None)) -> None:
    GivenDropout.masks = iter([mask[slot][part] for mask in masks])


CRITERIA = {"mse": nn.MSELoss(), "bce": nn.BCELoss(), "bce_logits": nn.BCEWithLogitsLoss()}


def against(criterion: nn.Module, output: Tensor, target: float) -> Tensor:
    loss: Tensor = criterion(output, torch.full_like(output, target))
    return loss


def d_halves(name: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """D's loss on real and on fake images, as the papers have it."""
    if name == "hinge":
        return torch.clamp(1 - real, min=0).mean(), torch.clamp(1 + fake, min=0).mean()
    if name == "wasserstein":
        return -real.mean(), fake.mean()
    if name == "relativistic":
        criterion = nn.BCEWithLogitsLoss()
        return against(criterion, real - fake.mean(), 1.0), against(criterion, fake - real.mean(), 0.0)
    return against(CRITERIA[name], real, 1.0), against(CRITERIA[name], fake, 0.0)


def g_loss(variant: Variant, fake: Tensor, real: Tensor | None) -> Tensor:
    name = variant.loss.criterion
    if name in ("hinge", "wasserstein"):
        return -fake.mean()
    if name == "relativistic":
        assert real is not None
        criterion = nn.BCEWithLogitsLoss()
        return (against(criterion, fake - real.mean(), 1.0) + against(criterion, real - fake.mean(), 0.0)) / 2
    if variant.loss.generator == "saturating":
        return -against(CRITERIA[name], fake, 0.0)
    return against(CRITERIA[name], fake, 1.0)


def penalty(variant: Variant, d: nn.Sequential, draw: tuple[Tensor, ...]) -> Tensor:
    """`draw`: real and fake images, each with its one-hot label or an empty one, and the share of the real one.

    Of the logit, so without D's output layer; sample by sample.
    """
    real, real_labels, fake, fake_labels, share = draw
    if variant.loss.penalty == "r1":
        share = torch.ones_like(share)
    images = (share * real + (1 - share) * fake).detach().requires_grad_()
    labels = share * real_labels + (1 - share) * fake_labels
    logit = d[:-1] if isinstance(d[-1], nn.Sigmoid) else d
    outputs = logit(torch.cat([images, labels], 1))
    (gradient,) = torch.autograd.grad(outputs, images, torch.ones_like(outputs), create_graph=True)
    norms = torch.stack([row.norm() for row in gradient])
    value = (norms**2).mean() / 2 if variant.loss.penalty == "r1" else ((norms - 1) ** 2).mean()
    return variant.loss.penalty_weight * value


def train(variant: Variant, shape: DataShape, weights: dict[str, Any], draws: list[Any], slot: int) -> dict[str, Any]:
    """Train one seed on its slot of the draws; returns both networks' values and the curves."""
    g = load(generator(variant, shape), weights, "generator.")
    d = load(discriminator(variant, shape), weights, "discriminator.")
    optimizer_g, optimizer_d = optimizer(variant.generator_optimizer, g), optimizer(variant.discriminator_optimizer, d)
    name, classes = variant.loss.criterion, shape.classes
    joint = variant.update.batch_statistics == "joint" and variant.discriminator.normalization == "batch"
    one_pass = joint or variant.discriminator.weight_norm == "spectral"
    curves = []

    def norm_of(module: nn.Module) -> float:
        return float(torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]).norm())

    def mean_probability(output: Tensor) -> float:
        return (output.sigmoid() if variant.discriminator.output == "logits" else output).mean().item()

    def on_both(real: Tensor, fake: Tensor, masks: Any) -> tuple[Tensor, Tensor]:
        """D on real and fake images, one pass each; in one where that is what the variant asks for."""
        batch = len(real)
        if one_pass:
            use(masks, slot)
            both = d(torch.cat([real, fake]))
            return both[:batch], both[batch:]
        use(masks, slot, slice(0, batch))
        output_real = d(real)
        use(masks, slot, slice(batch, None))
        return output_real, d(fake)

    g.train()
    d.train()
    for draw in draws:
        records = []
        for one in draw.discriminator:
            labels, fake_labels = (None if x is None else x[slot] for x in (one.labels, one.fake_labels))
            images, batch = one.images[slot], one.images.shape[1]
            real = with_label(images, labels, classes)
            use(one.generator_masks, slot)
            fake = g(with_label(one.latents[slot], fake_labels, classes))
            in_d = with_label(fake.detach() if variant.update.detach else fake, fake_labels, classes)
            norms = []
            if variant.update.discriminator == "two_steps":
                use(one.discriminator_masks, slot, slice(0, batch))
                output_real = d(real)
                loss_real, _ = d_halves(name, output_real, output_real)
                optimizer_d.zero_grad()
                loss_real.backward()
                norms.append(norm_of(d))
                optimizer_d.step()
                use(one.discriminator_masks, slot, slice(batch, None))
                output_fake = d(in_d)
                _, loss_fake = d_halves(name, output_fake, output_fake)
                loss = loss_fake
            else:
                output_real, output_fake = on_both(real, in_d, one.discriminator_masks)
                loss_real, loss_fake = d_halves(name, output_real, output_fake)
                loss = loss_real + loss_fake
                if variant.loss.discriminator_reduction == "mean":
                    loss = loss / 2
            if variant.loss.penalty != "none":
                size = images.shape[1]
                share = one.penalty[slot] if one.penalty.shape[2] else torch.ones(batch, 1)
                given = (images, real[:, size:], fake.detach(), in_d[:, size:], share)
                use(one.discriminator_masks, slot, slice(0, batch))
                loss = loss + penalty(variant, d, given)
            optimizer_d.zero_grad()
            loss.backward()
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
            fake = g(with_label(draw.generator.latents[slot], labels, classes))
        in_d = with_label(fake, labels, classes)
        if joint or name == "relativistic":
            output_real, output = on_both(real, in_d, draw.generator.discriminator_masks)
        else:
            use(draw.generator.discriminator_masks, slot)
            output = d(in_d)
        loss = g_loss(variant, output, output_real)
        optimizer_g.zero_grad()
        loss.backward()
        norm_g = norm_of(g)
        optimizer_g.step()
        loss_real_m, loss_fake_m, d_real, d_fake, squared = np.mean(records, 0)
        curves.append((loss_real_m, loss_fake_m, loss.item(), d_real, d_fake, squared**0.5, norm_g))
    return {"generator": dump(g), "discriminator": dump(d), "curves": np.array(curves)}
