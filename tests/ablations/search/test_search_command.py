"""`ablations search` and `tune-and-compare` from end to end, small: spaces, trials, MLflow, report, refusals."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from markupsafe import Markup

from ablations.cli import main
from ablations.config.errors import StoreError
from ablations.search import campaign, optuna_figures
from ablations.search.campaign import Place
from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.search.factories import SETTINGS
from tests.ablations.stored import folder_of

pytestmark = pytest.mark.usefixtures("few_digits")

SMALL = ["--data", "digits", "--workers", "1", "--steps", "9", "--seeds", "1", "--finalists", "1"]
NARROW = [f"--space={side}.hidden=8:16" for side in ("generator", "discriminator")] + ["--space=batch_size=8:16"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def mirror(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("mirror")
    shutil.copy(empty_database, folder)
    return Mirror.open(folder)


@pytest.fixture(autouse=True, scope="module")
def _here(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


def run_json(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Optuna's figures, which take a second each: for tests of what else a search leaves."""
    monkeypatch.setattr(optuna_figures, "_drawn", lambda draw, salt: Markup("<svg></svg>"))


@pytest.fixture(scope="module")
def searched(_here: None) -> Any:
    return run_json("search", *SMALL, *NARROW, "--trials", "3")


def test_a_search_reports_its_trials_and_a_study_that_checks_its_best(searched: Any) -> None:
    (search,) = searched["searches"]
    assert [trial["number"] for trial in search["trials"]] == [0, 1, 2]
    ended = [trial for trial in search["trials"] if trial["state"] == "finished"]
    assert len(ended) > 1, "there is a choice"
    assert min(ended, key=lambda trial: float(trial["value"])).items() >= search["best"].items()
    page = Path(searched["report"])
    text = page.read_text()
    assert "<svg" in text
    assert "http" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "https://matplotlib.org", ""
    ).replace("http://creativecommons.org", "")
    assert len((page.parent / "baseline-trials.csv").read_text().splitlines()) == 4
    listed = run("list", str(page.parent / "baseline-check.json"))
    assert listed.exit_code == 0, listed.output
    assert "baseline tuned" in listed.output


def test_the_archive_has_the_search_with_its_trials(searched: Any) -> None:
    (tree,) = Archive.open("results/store").searches()
    (search,) = searched["searches"]
    assert (tree["search"]["name"], tree["best"]) == ("baseline", search["best"]["number"])
    assert tree["report"] == Path(searched["report"]).read_text()
    trials = [(trial["number"], trial["state"], trial["value"], dict(trial["curve"])) for trial in tree["trials"]]
    assert trials == [
        (trial["number"], trial["state"], trial["value"], {int(k): v for k, v in trial["scores"].items()})
        for trial in search["trials"]
    ]


def test_the_mirror_has_a_run_for_the_search_and_a_child_for_each_trial_once(
    searched: Any, mirror: Mirror, undrawn: None
) -> None:
    from mlflow.tracking import MlflowClient

    shown = ["--mirror", str(folder_of(mirror))]
    for _ in range(2):
        again = run_json("search", *SMALL, *NARROW, "--trials", "3", *shown)
        assert again["searches"][0]["trials"] == searched["searches"][0]["trials"]
    client = MlflowClient(mirror.uri)
    experiment = client.get_experiment_by_name("search")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (run for run in runs if run.data.tags["kind"] == "search")
    children = {int(run.data.tags["trial"]): run for run in runs if run.data.tags["kind"] == "trial"}
    assert len(runs) == 1 + len(children) == 4
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["best_trial"] == str(searched["searches"][0]["best"]["number"])
    for trial in searched["searches"][0]["trials"]:
        child = children[trial["number"]]
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["status"] == trial["state"]
        assert float(child.data.params["latent.size"]) == trial["latent.size"]
        assert child.data.metrics.get("value") == trial["value"]
        history = client.get_metric_history(child.info.run_id, "score/validation_score")
        assert {str(point.step): point.value for point in history} == trial["scores"]
    assert mirror.studies() == ()


def test_the_charts_of_a_search_stand_under_a_link(searched: Any, mirror: Mirror) -> None:
    from mlflow.tracking import MlflowClient

    mirror.sync(Archive.open("results/store"))
    page = mirror.search_pages()["baseline"]
    key = page.partition("viewStateShareKey=")[2].partition("&")[0]
    experiment = MlflowClient(mirror.uri).get_experiment_by_name("search")
    assert experiment is not None
    view = experiment.tags[f"mlflow.sharedViewState.{key}"]
    assert len(view) < 5000
    charts = json.loads(zlib.decompress(base64.b64decode(view.removeprefix("deflate;"))))["compareRunCharts"]
    tried = set(searched["searches"][0]["best"]) - {"number", "value"}
    assert set(charts[0]["selectedParams"]) == tried == {chart["xaxis"]["key"] for chart in charts[1:]}
    trial = MlflowClient(mirror.uri).search_runs([experiment.experiment_id], "tags.kind = 'trial'")[0]
    assert tried <= set(trial.data.params)
    assert {*charts[0]["selectedMetrics"], charts[1]["yaxis"]["key"]} <= set(trial.data.metrics)


def test_a_study_file_states_a_space_and_the_command_line_narrows_it(folder: Path) -> None:
    study = {
        "name": "mine",
        "title": "Mine",
        "description": "A study with a space.",
        "variants": [{"name": "plain", "base": "s3", "steps": 90}],
        "search": {"space": {"batch_size": "16:32", "latent.size": [8, 16]}, "fix": {"generator": {"dropout": 0.2}}},
    }
    (folder / "mine.json").write_text(json.dumps(study))
    facts = run_json("search", "--study", "mine.json", "--dry-run", "--space", "batch_size=20:24")["plain"]
    assert facts["space of batch_size"].startswith("20:24")
    assert facts["space of latent.size"] == "8,16"
    assert facts["setting generator.dropout"] == 0.2
    assert "space of generator.dropout" not in facts
    assert facts["evaluation steps"] == [12, 23, 45, 90]
    assert run("list", "mine.json").exit_code == 0
    (folder / "wrong.json").write_text(json.dumps({**study, "search": {"spaces": {}}}))
    assert "did you mean 'space'" in run("search", "--study", "wrong.json", "--dry-run").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "basline"], "did you mean 'baseline'"),
        (["search", "--space", "batch_sze=1:2"], "did you mean 'batch_size'"),
        (["search", "--space", "batch_size=9:3"], "is empty"),
        (["search", "--space", "batch_size"], "is not KEY=VALUE"),
        (["search", "--fix", "latent.sise=3"], "did you mean 'latent.size'"),
        (["search", "--objective", "score-and-seconds"], "take --pruner none"),
        (["search", "--sampler", "grid", *SMALL], "more than 10,000 trials"),
        (["tune-and-compare", "activatio"], "did you mean 'activation'"),
    ],
)
def test_mistakes_end_with_exit_code_2_and_the_way_out(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_stored_search_with_another_space_is_refused(searched: Any) -> None:
    result = run("search", *SMALL, *NARROW, "--trials", "3", "--space", "latent.size=8:9")
    assert result.exit_code == 2
    assert "space of latent.size" in result.output


def test_an_axis_is_tuned_and_compared(folder: Path) -> None:
    tree = run_json("tune-and-compare", "conditioning", *SMALL, *NARROW, "--trials", "2", "--final-seeds", "1")
    assert [item["level"] for item in tree["rankings"]] == ["conditional"]
    assert [len(search["trials"]) for search in tree["searches"]] == [2, 2]
    page = Path(tree["report"]).read_text()
    assert "Tuned against tuned" in page
    assert "Each level was granted 2 trials of 9 steps of 1 seed" in page
    assert tree["budget"]["granted"] == {"trials": 2, "steps": 18, "seconds": None}
    for level in tree["budget"]["used"]:
        assert (level["trials"], level["trials_beyond_budget"]) == (2, 0)
        assert 0 < level["charged_steps"] <= 18
        assert level["seconds"] > level["train_seconds"] > 0
    stored = Archive.open("results/store").read("tuned-conditioning")
    assert len(stored.results) == 4
    assert all(result.run.seed == 0 for result in stored.results)
    assert {result.run.dataset for result in stored.results} == {"digits"}


def test_levels_in_whose_seconds_no_trial_ended_are_compared_untuned(folder: Path) -> None:
    small = [*SMALL, *NARROW, "--trials", "2", "--final-seeds", "1", "--store", "results/short"]
    tree = run_json("tune-and-compare", "conditioning", *small, "--seconds", "1e-9")
    assert tree["budget"]["granted"]["seconds"] == 1e-9
    assert [level["trials"] for level in tree["budget"]["used"]] == [0, 0]
    assert all(level["trials_beyond_budget"] for level in tree["budget"]["used"])
    assert [item["tuned"] for item in tree["rankings"]] == [None]
    assert "beyond that and had no part" in Path(tree["report"]).read_text()


def test_a_serial_executor_has_one_worker_whatever_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    def stop(options: object, engine: object, workers: int | None, requirement: object) -> None:
        asked.append(workers)
        raise StoreError("enough")

    monkeypatch.setattr("ablations.search.campaign.default_workers", lambda engine: 2)
    monkeypatch.setattr("ablations.search.campaign.choose_executor", stop)
    small = ["--data", "digits", "--steps", "9", "--trials", "2", "--name", "serial"]
    for executor in ("serial", "processes"):
        assert "enough" in run("search", "baseline", *small, "--executor", executor).output
    assert asked == [1, 2]


@pytest.mark.parametrize("what", ["scorer", "data"])
def test_trials_of_another_scorer_or_of_other_data_are_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def stop(*arguments: object) -> None:
        raise StoreError("enough")

    monkeypatch.setattr("ablations.search.campaign.choose_executor", stop)
    begun = ["search", "baseline", "--data", "digits", "--steps", "9", "--trials", "2", "--name", f"by-{what}"]
    assert "enough" in run(*begun).output
    assert "enough" in run(*begun).output, "the same goes on"
    now = campaign.conditions(SETTINGS, Place(archive=Archive.open("results/store"))) | {what: "another"}
    monkeypatch.setattr("ablations.search.campaign.conditions", lambda settings, place: now)
    refused = run(*begun)
    assert refused.exit_code == 2
    assert f"was made with {what} = " in refused.output
    assert "now it is another; take another --name" in refused.output
