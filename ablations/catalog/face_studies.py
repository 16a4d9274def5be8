"""The studies of faces: CelebA, and drawn faces where it is not (S1-b, S1-c)."""

from __future__ import annotations

from ablations.catalog.recipes import S1_CELEBA, S1_CELEBA_SMALL
from ablations.config import Contrast, Study

_CNN = S1_CELEBA_SMALL.override({}, name="cnn")
_MLP = _CNN.override(
    {
        "recipe": "custom",
        "update.batch_statistics": "separate",
        **{
            f"{side}.{key}": value
            for side in ("generator", "discriminator")
            for key, value in (
                ("architecture", "mlp"),
                ("hidden", (256,)),
                ("kernels", ()),
                ("normalization", "layer"),
                ("normalization_first", False),
            )
        },
    },
    name="mlp",
)

_QUESTION = Contrast(
    axis="architecture", question="CNN instead of MLP", treatment="cnn", reference="mlp", claims=("S1-b", "S1-c")
)
_WHAT = (
    "A small CNN of the build of S1's CelebA pair against an MLP, each with the normalisation that S1 gives it. "
    "Patches and the arrangement of the whole are told apart: patch_frechet, layout_frechet, disharmony."
)

FACES = Study(
    name="faces",
    title="Faces: local patches and the whole",
    description=f"Drawn faces, 32x32, in colour, without labels. {_WHAT}",
    variants=(_MLP, _CNN),
    contrasts=(_QUESTION,),
    seeds=10,
    evaluations=4,
    dataset="faces",
)

CELEBA_32 = Study(
    name="celeba-32",
    title="CelebA at 32x32: local patches and the whole",
    description=f"The middle of CelebA's aligned faces, scaled to 32x32. {_WHAT}",
    variants=FACES.variants,
    contrasts=FACES.contrasts,
    seeds=5,
    evaluations=4,
    dataset="celeba-32",
)

CELEBA = Study(
    name="celeba",
    title="S1's CelebA pair as the book has it",
    description=(
        "Three convolutions of 8x8 with stride 2, 256 maps, on 128x128 faces, one at a time, for one epoch of 20,000: "
        "hours a seed on a CPU."
    ),
    variants=(S1_CELEBA,),
    seeds=1,
    evaluations=5,
    dataset="celeba",
)

FACE_STUDIES = (FACES, CELEBA_32, CELEBA)
