"""The recipes of the five source documents S0 to S4, as rows of data.

Where a document is silent, the docstring of the row says what was taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from ablations.config import Latent, Loss, Network, Optimizer, Update, Variant

_EPOCH = 60_000

_S1_NETWORK = Network(hidden=(200,), activation="leaky_relu", slope=0.02, normalization="layer", output="sigmoid")

S1 = Variant(
    name="s1",
    recipe="s1",
    latent=Latent(size=100, distribution="normal"),
    generator=_S1_NETWORK,
    discriminator=_S1_NETWORK,
    loss=Loss(criterion="bce"),
    generator_optimizer=Optimizer(name="adam", learning_rate=1e-4),
    discriminator_optimizer=Optimizer(name="adam", learning_rate=1e-4),
    update=Update(discriminator="two_steps"),
    batch_size=1,
    steps=4 * _EPOCH,
)
"""S1 after its four refinements: BCE, LeakyReLU(0.02), LayerNorm(200), Adam 1e-4; one image at a time, two D steps, as
S0 without labels. Length: the book's four epochs."""

S0 = S1.override({"conditional": True, "recipe": "s0"}, name="s0")
"""S0, the conditional GAN: S1's pair with a one-hot label at both inputs."""

S1_FIRST_ATTEMPT = S1.override(
    {
        "recipe": "s1-first-attempt",
        "loss.criterion": "mse",
        "generator.activation": "sigmoid",
        "discriminator.activation": "sigmoid",
        "generator.normalization": "none",
        "discriminator.normalization": "none",
        "generator_optimizer.name": "sgd",
        "generator_optimizer.learning_rate": 0.01,
        "discriminator_optimizer.name": "sgd",
        "discriminator_optimizer.learning_rate": 0.01,
        "latent.size": 1,
        "latent.distribution": "uniform",
    },
    name="s1-first-attempt",
)
"""S1's first attempt in the book, before the refinements: it collapses to one image."""

S1_CNN = S1.override(
    {
        "recipe": "s1-cnn",
        "generator.architecture": "cnn",
        "generator.hidden": (10, 10),
        "generator.kernels": (3, 5),
        "generator.normalization": "batch",
        "discriminator.architecture": "cnn",
        "discriminator.hidden": (10, 10),
        "discriminator.kernels": (5, 3),
        "discriminator.normalization": "batch",
    },
    name="s1-cnn",
)
"""S1's MNIST CNN: D is Conv(1, 10, k5, s2), Conv(10, 10, k3, s2), each with LeakyReLU(0.02) and BatchNorm2d,
Linear(250, 1), Sigmoid. The notes give no G for it: this one mirrors D with transposed convolutions, from a dense
layer to 250 features."""

S2 = Variant(
    name="s2",
    recipe="s2",
    latent=Latent(size=64, distribution="normal"),
    generator=Network(
        hidden=(128, 256, 512, 1024),
        activation="relu",
        normalization="batch",
        normalization_first=True,
        output="sigmoid",
    ),
    discriminator=Network(hidden=(512, 256, 128), activation="leaky_relu", slope=0.2, output="logits"),
    loss=Loss(criterion="bce_logits", discriminator_reduction="mean"),
    generator_optimizer=Optimizer(name="adam", learning_rate=1e-5),
    discriminator_optimizer=Optimizer(name="adam", learning_rate=1e-5),
    update=Update(discriminator="joint"),
    batch_size=128,
    steps=40_000,
)
"""S2. Silent on optimizer, rate, batch and the latent size of its run: Adam 1e-5, batch 128, z of 64 and the mean of
D's two halves reproduce its printed losses."""

S2_Z10 = S2.override({"recipe": "s2-z10", "latent.size": 10}, name="s2-z10")
"""S2 with the latent size that its class has by default."""

S3 = Variant(
    name="s3",
    recipe="s3",
    latent=Latent(size=100, distribution="normal"),
    generator=Network(hidden=(256, 256), activation="relu", dropout=0.1, output="tanh"),
    discriminator=Network(hidden=(256, 256), activation="leaky_relu", slope=0.01, dropout=0.1, output="sigmoid"),
    loss=Loss(criterion="bce"),
    generator_optimizer=Optimizer(name="adam", learning_rate=2e-4),
    discriminator_optimizer=Optimizer(name="adam", learning_rate=2e-4),
    update=Update(discriminator="joint"),
    initialization="xavier",
    image_range="symmetric",
    batch_size=200,
    steps=100 * (_EPOCH // 200),
)
"""S3. The undetached fake of the document is the level `undetached` of the axis `detachment`: it changes the cost, not
the bits."""

S4 = Variant(
    name="s4",
    recipe="s4",
    latent=Latent(size=128, distribution="normal"),
    generator=Network(hidden=(256,), activation="relu", output="sigmoid"),
    discriminator=Network(hidden=(256,), activation="relu", output="sigmoid"),
    loss=Loss(criterion="bce"),
    generator_optimizer=Optimizer(name="adam", learning_rate=2e-4),
    discriminator_optimizer=Optimizer(name="adam", learning_rate=2e-4),
    update=Update(discriminator="joint", generator_latents="same"),
    initialization="normal",
    training_images=55_000,
    batch_size=100,
    steps=100 * (55_000 // 100),
)
"""S4 as it is meant: one update a batch, the same latents for both updates."""

S4_200_EPOCHS = S4.override({"recipe": "s4", "steps": 200 * (55_000 // 100)}, name="s4-200-epochs")
"""S4 trained on to epoch 200, under whose picture its document says "past 1,000 repetitions"."""

S4_PRINTED = S4.override({"recipe": "s4-printed", "update.per": "epoch", "steps": 100}, name="s4-printed")
"""S4 as it is printed: the training calls stand outside the batch loop, one update an epoch."""

S1_CELEBA = S1.override(
    {
        "recipe": "s1-celeba",
        "generator.architecture": "celeba_cnn",
        "generator.hidden": (3, 256, 256),
        "generator.kernels": (8, 8, 8),
        "generator.slope": 0.2,
        "generator.normalization": "batch",
        "generator.normalization_first": True,
        "discriminator.architecture": "celeba_cnn",
        "discriminator.hidden": (256, 256, 3),
        "discriminator.kernels": (8, 8, 8),
        "discriminator.slope": 0.2,
        "discriminator.normalization": "batch",
        "discriminator.normalization_first": True,
        "training_images": 20_000,
        "steps": 20_000,
    },
    name="s1-celeba",
)
"""S1's CNN for CelebA at 128x128, the book's pair, one image at a time. Silent on the length: one epoch of 20,000."""

S1_CELEBA_SMALL = S1_CELEBA.override(
    {
        "recipe": "s1-celeba-small",
        "generator.hidden": (64, 64, 32),
        "generator.kernels": (3, 3, 4),
        "discriminator.hidden": (32, 64, 64),
        "discriminator.kernels": (4, 3, 3),
        "update.discriminator": "joint",
        "update.batch_statistics": "joint",
        "generator_optimizer.learning_rate": 5e-4,
        "generator_optimizer.beta1": 0.5,
        "discriminator_optimizer.learning_rate": 5e-4,
        "discriminator_optimizer.beta1": 0.5,
        "batch_size": 32,
        "steps": 2_000,
    },
    name="s1-celeba-small",
)
"""A narrow one of the same build for 32x32, which a CPU trains in minutes. Its kernels leave out no pixel: with 4, 4, 3
D is blind to the last six rows and columns, where G then draws anything. D's BatchNorm sees real and fake images in one
batch."""

FACE_RECIPES: Mapping[str, Variant] = {v.name: v for v in (S1_CELEBA, S1_CELEBA_SMALL)}
"""Recipes for pictures in colour; they do not fit MNIST."""

RECIPES: Mapping[str, Variant] = {v.name: v for v in (S0, S1, S1_FIRST_ATTEMPT, S1_CNN, S2, S2_Z10, S3, S4, S4_PRINTED)}
"""Every recipe by name. The five of the documents proper are s0, s1, s2, s3 and s4."""
