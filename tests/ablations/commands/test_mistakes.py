"""Plain mistakes are said in a sentence with a way out, and nothing is made or lost by them."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.catalog import STUDIES
from ablations.cli import main
from ablations.config.errors import ConfigError, StoreError
from ablations.data import data_folder
from ablations.scoring.reference_cache import cache_folder
from ablations.store import Archive
from ablations.store.object_store import ObjectStore
from ablations.store.reading import existing
from tests.ablations.factories import keep, make_result, make_study, make_variant

NOBODY = "~nosuchuser/x"
NO_HOME = "there is no home folder ~nosuchuser here"


def ablations(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def refused(*arguments: str) -> str:
    done = ablations(*arguments)
    assert done.exit_code == 2, (done.output, done.exception)
    return done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["data", NOBODY],
        ["data", f"{NOBODY}@64"],
        ["check", f"{NOBODY}.py"],
        ["score", "x.npy", "--data", NOBODY],
        ["run", "quick", "--store", NOBODY],
        ["report", "quick", "--store", NOBODY],
        ["verify", "0123456789", "--store", NOBODY],
        ["search", "baseline", "--data", "digits", "--trials", "1", "--store", NOBODY],
    ],
)
def test_a_home_folder_that_is_not_there_is_named(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npy").touch()
    assert NO_HOME in refused(*command)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize(("variable", "folder"), [("ABLATIONS_DATA", data_folder), ("ABLATIONS_CACHE", cache_folder)])
def test_nor_is_it_taken_from_the_environment(
    variable: str, folder: Callable[[], Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, NOBODY)
    with pytest.raises(ConfigError, match=NO_HOME):
        folder()


def test_the_page_of_mlflow_needs_a_home_folder_too(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    for place in (NOBODY, f"sqlite:///{NOBODY}"):
        assert NO_HOME in refused("mirror", "--store", str(archive.root), "--to", place)


@pytest.mark.parametrize("name", ["/foo", "../foo", "", "*"])
def test_what_is_no_key_is_no_run(name: str, archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    assert f"has no run {name!r}" in refused("verify", name, "--store", str(archive.root))


def test_one_variant_or_run_on_both_sides_is_refused(archive: Archive) -> None:
    given = make_result()
    keep(archive, make_study(), [given])
    for side in ("demo/baseline", "demo/sgd", given.key):
        said = refused("compare", side, side, "--store", str(archive.root))
        assert side in said
        assert "the same runs: name two variants" in said
    assert "no common seed" in refused("compare", "demo/sgd", "demo/baseline", "--store", str(archive.root))


def test_of_a_variant_without_runs_nothing_is_drawn(archive: Archive) -> None:
    keep(archive, make_study(), [make_result(seed=3)])
    for seed, words in (([], "no run"), (["--seed", "3"], "no run of seed 3")):
        said = refused("sample", "demo/sgd", *seed, "--store", str(archive.root))
        assert f"demo/sgd has {words}; it has none of any seed: train it first" in said
    said = refused("sample", "demo/baseline", "--seed", "1", "--store", str(archive.root))
    assert "demo/baseline has no run of seed 1; there are those of the seeds 3" in said


def test_an_empty_store_has_no_valid_names(archive: Archive) -> None:
    assert "unknown variant or run: 'a' (valid: none)" in refused("compare", "a", "b", "--store", str(archive.root))


@pytest.mark.parametrize("kind", ["explicit", "crossed"])
def test_a_new_study_is_not_called_like_one_of_the_catalog(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("quick", "quick.toml"):
        assert "'quick' is a study of the catalog" in refused("new", name, "--kind", kind)
    assert not list(tmp_path.iterdir())
    assert "mine" not in STUDIES
    assert ablations("new", "mine", "--kind", kind).exit_code == 0
    assert ablations("list", "mine.toml").exit_code == 0


# --- a store that is not there ---


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["mirror", "--to", "page"], "--store"),
        (["ui"], "--store"),
        (["gallery", "--out", "page"], "--store"),
        (["extractor-seeds", "quick", "--weights", "weights", "--out", "page.md"], "--store"),
        (["certify", "--data", "digits", "--out", "page"], "--runs"),
        (["by-eye", "--data", "digits", "--variant", "base", "--out", "page"], "--runs"),
    ],
)
def test_what_only_reads_a_store_makes_none(
    command: list[str], option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def served(*arguments: object, **options: object) -> None:
        raise AssertionError("a page is served")

    monkeypatch.setattr("ablations.store.mirror.serve", served)
    monkeypatch.chdir(tmp_path)
    for name in ("weights", "nosuch"):
        (tmp_path / name).mkdir()
    said = refused(*command, option, "nosuch")
    assert "there is no store at nosuch yet" in said
    assert f"name another with {option}" in said
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["nosuch", "weights"]


def test_claims_are_listed_without_a_store_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = ablations("claims", "--store", "nosuch", "--out", "page")
    assert listed.exit_code == 0, listed.output
    assert "there is no store at nosuch, so no claim is answered from runs" in listed.stderr
    assert "S0-b" in listed.stdout
    assert not (tmp_path / "nosuch").exists()
    Archive.open(tmp_path / "empty")
    empty = ablations("claims", "--store", "empty", "--out", "page")
    assert (empty.stdout, empty.stderr) == (listed.stdout, "")


def test_nor_is_one_made_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    address = f"memory://{uuid.uuid4().hex}"
    with pytest.raises(StoreError, match=f"there is no store at {address} yet"):
        existing(address)
    assert not ObjectStore(address).list("")
    keep(Archive.open(address), make_study(variants=(make_variant(),)), [make_result()])
    assert existing(address).studies() == ("demo",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "quick", "--dry-run", "--checkpoint-seconds", "nan"), "'nan' is not a number"),
        (("run", "quick", "--dry-run", "--time-limit", "nan"), "'nan' is not a number"),
        (("run", "quick", "--dry-run", "--store", ""), "it is empty; name a folder"),
    ],
)
def test_what_is_no_number_or_no_name_is_refused(arguments: tuple[str, ...], words: str) -> None:
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 2
    assert words in found.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    words = [sys.executable, "-m", "ablations.cli", "list", "quick"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "cannot write the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
