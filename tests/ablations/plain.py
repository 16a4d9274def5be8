"""A GAN's training loop as a person writes it for one seed: torch.nn modules, torch.optim, autograd; nothing of the
harness.

It takes its random draws and its initial weights as arguments, and is what the stacked step is held against.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ablations.config import Optimizer, Variant
from ablations.data import DataShape
from tests.ablations.plain_networks import GivenDropout, discriminator, dump, generator, load


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
        of_g = []
        for update in draw.generator:
            if variant.update.generator_latents == "same":
                labels = None if one.fake_labels is None else one.fake_labels[slot]
            else:
                labels = None if update.labels is None else update.labels[slot]
                use(update.generator_masks, slot)
                fake = g(with_label(update.latents[slot], labels, classes))
            in_d = with_label(fake, labels, classes)
            if joint or name == "relativistic":
                output_real, output = on_both(real, in_d, update.discriminator_masks)
            else:
                use(update.discriminator_masks, slot)
                output = d(in_d)
            loss = g_loss(variant, output, output_real)
            optimizer_g.zero_grad()
            loss.backward()
            of_g.append((loss.item(), norm_of(g) ** 2))
            optimizer_g.step()
        loss_real_m, loss_fake_m, d_real, d_fake, squared = np.mean(records, 0)
        loss_g, squared_g = np.mean(of_g, 0)
        curves.append((loss_real_m, loss_fake_m, loss_g, d_real, d_fake, squared**0.5, squared_g**0.5))
    return {"generator": dump(g), "discriminator": dump(d), "curves": np.array(curves)}
