from __future__ import annotations

import json

from click.testing import CliRunner

from ablations.cli import main
from ablations.store import Archive
from tests.ablations.factories import keep, make_result, make_study


def listed(archive: Archive, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["list", "--stored", "--store", str(archive.root), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_runs_of_each_study_are_counted_by_how_they_ended(archive: Archive) -> None:
    keep(archive, make_study(), [make_result(), make_result(seed=1, status="failed"), make_result(seed=2)])
    tree = json.loads(listed(archive, "--json"))
    counts = tree["studies"]["demo"]
    assert tree["runs"] == 3
    assert (counts["finished"], counts["failed"]) == (2, 1)
    assert counts["runs"] == sum(count for name, count in counts.items() if name != "runs")
    assert counts["runs"] == len(archive.members("demo"))
    assert "3 runs in all" in listed(archive)


def test_a_study_lists_each_of_its_runs_also_those_that_are_missing(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    tree = json.loads(listed(archive, "demo", "--json"))
    assert [run["key"] for run in tree["runs"]] == [member.key for member in archive.members("demo")]
    ended = {run["key"]: (run["status"], run["step"]) for run in tree["runs"] if run["status"] != "missing"}
    assert ended == {make_result().key: ("finished", make_result().last_step)}
    table = listed(archive, "demo").splitlines()
    assert table[0].split()[0] == "variant"
    assert len(table) == 2 + len(tree["variants"])


def test_an_unknown_study_is_refused_with_the_nearest(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    done = CliRunner().invoke(main, ["list", "dmo", "--stored", "--store", str(archive.root)])
    assert done.exit_code == 2
    assert "demo" in done.output
