"""The rows of the table of metrics: what each number means and how damages move it. No torch, no NumPy."""

from __future__ import annotations

from ablations.catalog.metric_facts import BOTH, REPEATS, SHARES, Metric

SPOILING = ("noise", "blur", "salt_and_pepper", "translation", "occlusion", "noise_images")
"""Damages that spoil every image: it is neither real nor near the training images."""
READ_WORSE = ("noise", "blur", "salt_and_pepper", "translation", "occlusion")
"""Damages that a reader misreads in the end."""
COLLAPSES = ("dropped_classes", "duplicates", "one_a_class")
"""Mode collapse between classes, onto some images, and within classes."""
HARMLESS = ("swapped_labels", "copies")
"""The images stay real, and as varied as real ones."""

BALLS = (
    "they can rise while a damage gets worse: digits without their middle ten rows have more precision than digits "
    "without six, and a blur of half a pixel lifts density; read them beside a distance"
)

_E = "\N{LATIN SMALL LETTER E WITH ACUTE}"

ROWS = (
    Metric(
        name="frechet", label=f"Fr{_E}chet distance", better="lower", counted=True,
        about="Distance between Gaussians fitted to the features of the samples and of the test images.",
        unit="squared distance of features, 0: alike", extractors=BOTH,
        rises=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="balanced_frechet", label=f"Fr{_E}chet distance, images", better="lower", counted=True, needs="classes",
        about="The part of the distance that is owed to the images: class shares evened out.",
        unit="squared distance of features, 0: alike", extractors=BOTH,
        rises=(*SPOILING, "duplicates", "one_a_class"), stays=HARMLESS,
    ),
    Metric(
        name="class_share_frechet", label=f"Fr{_E}chet distance, class shares", better="lower", counted=True,
        needs="classes",
        about="What is left of the distance: owed to missing and unevenly drawn classes.",
        unit="squared distance of features, 0: drawn as in the data", extractors=BOTH,
        rises=("dropped_classes",), stays=HARMLESS,
    ),
    Metric(
        name="readable", label="readable", better="higher", needs="classes",
        about="Share of the samples in which anything can be read; class shares are taken of these alone.",
        unit="share, 0 to 1",
        falls=("noise", "blur", "occlusion", "noise_images"), stays=(*HARMLESS, *COLLAPSES),
    ),
    Metric(
        name="class_{}", label="share of a class", better="neither", needs="classes", group=SHARES, detail=True,
        about="Share of the readable samples that the reader reads as this class.",
        unit="share, 0 to 1",
    ),
    Metric(
        name="label_accuracy", label="label accuracy", better="higher", needs="classes", conditional=True,
        about="Share of the readable samples that the reader reads as the class asked for.",
        unit="share, 0 to 1",
        falls=(*READ_WORSE, "swapped_labels"), stays=("copies", "duplicates", "noise_images"),
    ),
    Metric(
        name="frechet_inf", label=f"Fr{_E}chet, unlimited samples", better="lower", tier="full",
        about="The Frechet distance of infinitely many samples, extrapolated.",
        unit="squared distance of features, 0: alike",
        rises=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="frechet_inf_low", label="lower bound of frechet_inf", better="lower", tier="full", detail=True,
        about="The lower end of its 95% interval.",
        unit="squared distance of features",
    ),
    Metric(
        name="frechet_inf_high", label="upper bound of frechet_inf", better="lower", tier="full", detail=True,
        about="The upper end of its 95% interval.",
        unit="squared distance of features",
    ),
    Metric(
        name="kernel_distance", label="kernel distance", better="lower", counted=True, tier="full",
        about="Squared maximum mean discrepancy of the features over all pairs, with a cubic kernel.",
        unit="squared discrepancy, 0: alike", extractors=BOTH,
        left_out="it can fall while a damage gets worse: digits without their middle fourteen rows are nearer than "
        "digits without ten",
        rises=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="kernel_distance_error", label="standard error of kernel_distance", better="lower", counted=True,
        tier="full", detail=True,
        about="The standard error of it, by the jackknife over groups of samples.",
        unit="squared discrepancy", extractors=BOTH,
    ),
    Metric(
        name="precision", label="precision", better="higher", counted=True, tier="full", left_out=BALLS,
        about="Share of the samples that lie among real images: are they realistic?",
        unit="share, 0 to 1",
        falls=SPOILING, stays=(*HARMLESS, "duplicates"),
    ),
    Metric(
        name="recall", label="recall", better="higher", counted=True, tier="full",
        left_out="outliers among the samples reach far: with noise in three samples of four it is no lower than with "
        "none",
        about="Share of the real images that lie among samples: are they all within reach?",
        unit="share, 0 to 1",
        falls=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="density", label="density", better="higher", counted=True, tier="full", left_out=BALLS,
        about="How densely real images lie around the samples: precision that one outlier cannot lift.",
        unit="ratio, about 1 for real images",
        falls=SPOILING, stays=HARMLESS,
    ),
    Metric(
        name="coverage", label="coverage", better="higher", counted=True, tier="full",
        about="Share of the real images with a sample nearby: recall that outliers among the samples cannot lift.",
        unit="share, 0 to 1",
        falls=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="classifier_score", label="classifier score", better="higher", needs="classes", counted=True,
        tier="full",
        about="The Inception score of the frozen classifier: sure of each sample, and of all classes.",
        unit="1 to the number of classes",
        rises=("one_a_class",),
        falls=("noise", "salt_and_pepper", "occlusion", "dropped_classes", "noise_images"), stays=HARMLESS,
    ),
    Metric(
        name="confidence", label="confidence", better="higher", needs="classes", counted=True, tier="full",
        about="Mean probability of the class that the classifier reads.",
        unit="probability, 0 to 1",
        falls=("noise", "noise_images"), stays=HARMLESS,
    ),
    Metric(
        name="mode_count", label="classes present", better="higher", needs="classes", counted=True, tier="full",
        about="How many classes are drawn at least a tenth as often as they occur in the data.",
        unit="classes",
        falls=("dropped_classes",), stays=(*HARMLESS, "noise", "noise_images", "duplicates", "one_a_class"),
    ),
    Metric(
        name="mode_kl", label="class histogram, KL to the data", better="lower", needs="classes", counted=True,
        tier="full",
        about="Divergence of the histogram of the classes drawn from that of the data.",
        unit="nats, 0: alike",
        rises=("occlusion", "dropped_classes"), stays=(*HARMLESS, "noise_images", "one_a_class"),
    ),
    Metric(
        name="intra_class_diversity", label="diversity within classes", better="neither", needs="classes",
        tier="full",
        about="Spread of the samples within a class over that of real images.",
        unit="ratio, 0: one image a class, 1: as the data",
        falls=("blur", "one_a_class"), stays=HARMLESS,
    ),
    Metric(
        name="label_accuracy_{}", label="label accuracy of a class", better="higher", needs="classes",
        tier="full", conditional=True, detail=True,
        about="Label accuracy of the samples that were asked to show this class.",
        unit="share, 0 to 1",
    ),
    Metric(
        name="memorization", label="memorisation", better="lower", counted=True, tier="full", about_copies=True,
        needs="classes",
        about="How likely a sample lies nearer to the training images than a test image does.",
        unit="probability, 0.5: new, 1: copies",
        rises=("copies",), falls=SPOILING, stays=("swapped_labels",),
    ),
    Metric(
        name="copy_share", label="share of copies", better="lower", counted=True, tier="full", about_copies=True,
        needs="classes",
        about="Share of the samples nearer to a training image than all but one in a thousand test images.",
        unit="share, 0 to 1",
        rises=("copies",), stays=(*SPOILING, "swapped_labels", "duplicates", "one_a_class"),
    ),
    Metric(
        name="copy_p", label="p of so many copies", better="neither", counted=True, tier="full", about_copies=True,
        needs="classes",
        detail=True,
        about="Probability of so many copies or more where samples are as new as test images; exact.",
        unit="probability, 0 to 1",
    ),
    Metric(
        name="data_copying", label="C_T by class", better="neither", counted=True, tier="full", about_copies=True,
        needs="classes",
        about="Are samples farther from the training images than test images, class by class (Meehan et al. 2020)?",
        unit="z, far below 0: copies, 0: new, above 0: far from the data",
        falls=("copies",), stays=("swapped_labels",),
    ),
    Metric(
        name="authenticity", label="authenticity", better="higher", counted=True, tier="full", about_copies=True,
        needs="classes",
        about="Share of samples farther from their nearest training image than that is from its own neighbour.",
        unit="share, 0: copies, about 0.5: new",
        falls=("copies",), stays=("swapped_labels",),
    ),
    Metric(
        name="vendi_score", label="Vendi score", better="neither", counted=True, tier="full", extractors=BOTH,
        about="How many wholly different images the samples are worth.",
        unit="images",
        falls=("one_a_class",), stays=HARMLESS,
    ),
    Metric(
        name="sliced_wasserstein", label="sliced Wasserstein distance", better="lower", counted=True, tier="full",
        extractors=BOTH,
        about="Distance of the features' one-dimensional shadows: no Gaussians are assumed.",
        unit="distance of features, 0: alike",
        rises=(*SPOILING, *COLLAPSES), stays=HARMLESS,
    ),
    Metric(
        name="likelihood_divergence", label="feature likelihood divergence", better="lower", counted=True, tier="full",
        about_copies=True,
        about="How much less likely test images are under the samples than under real ones (Jiralerspong et al. 2023).",
        left_out="two sets of real images lie farther apart in it than copies move it",
        unit="nats a feature times 100, about 0 for new images of the data's kind",
        rises=(*SPOILING, "copies"), stays=("swapped_labels",),
    ),
    Metric(
        name="patch_frechet", label=f"Fr{_E}chet distance of patches", better="lower", counted=True,
        extractors=("pieces",),
        about="Distance between the samples' pieces, all places together, and those of the test images.",
        unit="squared distance of pixels, 0: alike",
    ),
    Metric(
        name="layout_frechet", label=f"Fr{_E}chet distance of the layout", better="lower", counted=True,
        extractors=("pieces",),
        about="Distance between the samples, averaged to 8x8, and the test images: what stands where.",
        unit="squared distance of pixels, 0: alike",
    ),
    Metric(
        name="disharmony", label="disharmony of the whole", better="lower", counted=True, extractors=("pieces",),
        about="The layout's distance in units of that of real images with their quarters swapped.",
        unit="ratio, 0: arranged as the data, 1: as little as those",
    ),
    Metric(
        name="repeat_{}_{}", label="the score again", better="lower", of="model", tier="full", group=REPEATS,
        detail=True,
        about="Frechet distance of other samples of the same model, against a part of the test images.",
        unit="squared distance of features, 0: alike",
    ),
    Metric(
        name="d_real_test", label="D(x) on test images", better="neither", of="model",
        about="Mean probability that D gives test images.",
        unit="probability, 0 to 1",
    ),
    Metric(
        name="d_fake_eval", label="D(G(z)) in eval mode", better="neither", of="model",
        about="Mean probability that D gives the samples.",
        unit="probability, 0 to 1",
    ),
    Metric(
        name="d_accuracy", label="accuracy of D", better="neither", of="model",
        about="Share of test images and samples that D tells right, each half of it.",
        unit="share, 0.5: cannot tell",
    ),
    Metric(
        name="d_last_fake", label="last D(G(z)) of this time", better="neither", of="model",
        about="Mean probability that D as it is at the end gives the samples of G as it was at this step.",
        unit="probability, 0 to 1",
    ),
    Metric(
        name="g_gradient_saturating", label="gradient of log(1 - D(G(z)))", better="neither", of="model",
        about="Norm of G's gradient if it minimised this, at the same weights, latents and images as the next one.",
        unit="L2 norm over all of G's parameters",
    ),
    Metric(
        name="g_gradient_non_saturating", label="gradient of log D(G(z))", better="neither", of="model",
        about="Norm of G's gradient if it maximised this (Goodfellow et al. 2014, section 3).",
        unit="L2 norm over all of G's parameters",
    ),
    Metric(
        name="train_seconds", label="training seconds", better="lower", of="clock",
        about="Training seconds of this seed: those of its stack over the number of seeds in it.",
        unit="seconds",
    ),
    Metric(
        name="evaluation_seconds", label="evaluation seconds", better="lower", of="clock",
        about="Seconds of scoring this seed.",
        unit="seconds",
    ),
)  # fmt: skip
