"""`ablations gallery`: what it needs, and a page with every picture."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from ablations.catalog import STUDIES
from ablations.catalog.gallery import PICTURES
from ablations.cli import main
from ablations.config import Study
from ablations.store import Archive
from ablations.store.noise_check import FILE
from tests.ablations.small_study import run
from tests.reports.factories import NOISE_CHECK

PUBLISHED = Path(__file__).parents[3] / "reports" / "published" / "gallery"


def test_every_picture_is_of_a_run_that_its_study_has_and_says_what_draws_it() -> None:
    for row in PICTURES:
        study, _, variant = row.run.partition("/")
        assert variant in {item.name for item in STUDIES[study].variants}
        assert row.command.startswith(row.run)
        done = CliRunner().invoke(main, ["sample", *row.command.split(), "--out", "no.jpg"])
        assert ".png" in done.stderr, "the options are known, and nothing is drawn"
    assert {row.kind for row in PICTURES} == {"grid", "walk", "sums", "along", "nearest"}


def small(name: str) -> Study:
    """The study with short trainings, on grey digits."""
    found = STUDIES[name]
    shorter = {"steps": 4, "batch_size": 8, "generator.hidden": 8, "discriminator.hidden": 8}
    variants = tuple(
        variant.override({"steps": 4, "batch_size": 2} if variant.generator.kernels else shorter)
        for variant in found.variants
    )
    return dataclasses.replace(found, variants=variants, seeds=1, evaluations=2, dataset="digits")


def test_the_page_shows_every_picture_and_says_of_which_run(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "store")
    for name in ("gallery", "faces"):
        run(small(name), archive)
    archive.attach("gallery", FILE, json.dumps([NOISE_CHECK.as_dict()]).encode())
    out = tmp_path / "page"
    done = CliRunner().invoke(main, ["gallery", "--store", str(archive.root), "--out", str(out)])
    assert done.exit_code == 0, done.output
    page = (out / "README.md").read_text()
    shown = set(re.findall(r"\]\(([\w-]+\.\w+)\)", page))
    assert shown == {path.name for path in out.iterdir()} - {"README.md"}
    assert {f"{row.name}.png" for row in PICTURES} | {"walk.gif", "along.gif", "sanity-check-s2.svg"} <= shown
    for path in out.glob("*.png"):
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert min(picture.size) > 28
    assert all(result.key in page for result in archive.read("gallery").results if result.run.variant.name != "s2")


@pytest.mark.parametrize("there", [(), ("gallery",)])
def test_a_study_that_is_missing_is_named_with_its_command(tmp_path: Path, there: tuple[str, ...]) -> None:
    archive = Archive.open(tmp_path / "store")
    for name in there:
        archive.write_study(STUDIES[name], [], scorer="")
    done = CliRunner().invoke(main, ["gallery", "--store", str(archive.root), "--out", str(tmp_path / "page")])
    assert done.exit_code == 2
    assert "ablations run faces --seeds 1" in done.stderr
    assert ("ablations run gallery" in done.stderr) == (not there)
    assert not (tmp_path / "page").exists()


def test_the_published_page_shows_what_lies_beside_it() -> None:
    page = (PUBLISHED / "README.md").read_text()
    shown = set(re.findall(r"\]\(([\w-]+\.\w+)\)", page))
    assert shown == {path.name for path in PUBLISHED.iterdir()} - {"README.md"}
    assert {f"{row.name}.png" for row in PICTURES} <= shown
    assert all(path.stat().st_size < 400_000 for path in PUBLISHED.iterdir())
