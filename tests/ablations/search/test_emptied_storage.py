"""A database that lost its trials is not taken for a search that has none yet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ablations.config.errors import StoreError
from ablations.search.campaign import Place, conditions, missing
from ablations.search.trial_storage import open_storage, with_driver
from ablations.store import Archive
from tests.ablations.search.factories import SETTINGS as asked


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b""), lambda path: path.unlink()])
def test_an_emptied_database_is_told_from_a_new_one(spoil: object, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "store")
    place = Place(archive=archive, finalists=0)
    place.work.mkdir(parents=True, exist_ok=True)
    assert len(missing(asked, place)) == asked.trials, "a new search"
    tree = {"search": {"name": asked.name}, "trials": [{"number": 0}], "report": None, "best": None}
    archive.write_search(asked.name, tree)
    spoil(place.work / "optuna.db")  # type: ignore[operator]
    with pytest.raises(StoreError, match=r"has no trial of the search .*, of which the archive keeps 1: .* --fresh"):
        missing(asked, place)
    assert len(missing(asked, Place(archive=archive, finalists=0, fresh=True))) == asked.trials
    with open_storage(asked, place.url, under=conditions(asked, place)):
        pass


def test_an_emptied_mirror_is_written_again(tmp_path: Path) -> None:
    from ablations.store.mirror.location import check_database

    (tmp_path / "mlflow.db").touch()
    assert not check_database(tmp_path / "mlflow.db"), "so MLflow makes its tables, and every run is written again"


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    said = r"postgresql://host/x cannot be used: .* 'gan-ablations\[postgres\]'"
    with pytest.raises(StoreError, match=said), open_storage(asked, "postgresql://host/x"):
        pass


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_postgresql_is_reached_by_the_driver_of_the_extra_however_it_is_named(scheme: str) -> None:
    pytest.importorskip("psycopg2", reason="needs a driver for PostgreSQL")
    url = f"{scheme}://tester@127.0.0.1:1/x"  # where nothing listens
    with pytest.raises(StoreError, match=r"cannot be used: .*refused"), open_storage(asked, url):
        pass
    assert with_driver("sqlite:///a.db") == "sqlite:///a.db"
