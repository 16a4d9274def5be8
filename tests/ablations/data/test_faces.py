"""Drawn faces: always the same, each part whole wherever it stands."""

from __future__ import annotations

import hashlib

import numpy as np

from ablations.data import load_dataset
from ablations.data.faces import draw_faces


def test_the_faces_are_the_same_bytes_everywhere() -> None:
    """No function is taken whose last bit is a library's choice, so the digest is a constant."""
    faces = load_dataset("faces")
    assert faces.shape.image == (3, 32, 32)
    assert (len(faces.train_images), len(faces.test_images), faces.train_labels) == (12_000, 2_000, None)
    assert faces.digest == "ffbd52300ee3045a8e2db4e1db742760f819ed93b3f3ca76f80271912159de41"
    assert (
        hashlib.sha256(draw_faces(50).tobytes()).hexdigest()
        == "ae1e1fc2fde0bd86d474186975d20429424223b6573f5441caa44f3d49e7b3e9"
    )


def test_only_the_share_that_is_asked_for_is_misplaced_and_only_in_the_middle() -> None:
    right, half, wrong = (draw_faces(1_000, seed=3, misplaced=share) for share in (0.0, 0.5, 1.0))
    changed = (right != half).any((1, 2, 3))
    assert 0.45 < changed.mean() < 0.55
    assert (right != wrong).any((1, 2, 3)).all()
    assert np.array_equal(half[~changed], right[~changed])
    assert np.array_equal(half[changed], wrong[changed])
    edges = np.ones((32, 32), dtype=bool)
    edges[4:30, 3:29] = False
    assert np.array_equal(right[:, :, edges], wrong[:, :, edges])


def test_another_seed_draws_other_faces() -> None:
    assert (draw_faces(20, seed=1) != draw_faces(20, seed=2)).any((1, 2, 3)).all()
