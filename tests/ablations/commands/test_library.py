"""The library's face, as `docs/own_parts.md` has it, and the whole example of README."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch

import ablations
from ablations.commands import notebook_bar
from ablations.config import own_parts
from ablations.config.errors import ConfigError, StoreError
from ablations.execution.events import GroupEnded, GroupStarted
from ablations.execution.options import Options
from ablations.store import Archive
from ablations.training.generator import StoredGenerator
from ablations.training.stored_module import stored_modules
from tests.ablations.small_study import STUDY
from tests.readme import BLOCK

ROOT = Path(ablations.__file__).parents[1]
PAGE = (ROOT / "docs" / "own_parts.md").read_text()
README = (ROOT / "README.md").read_text()
LINES = 40
"""That the example may have, its commands with it."""
SMALL: dict[str, Any] = {"data": "digits", "steps": 6, "seeds": 2, "evaluations": 1, "workers": 1, "progress": False}


def documented(frame: str) -> list[str]:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{frame}` |")]
    return re.findall(r"`(\w+)`", line)[1:]


def test_its_names_are_there_and_no_others() -> None:
    for name in ablations.__all__:
        getattr(ablations, name)
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        ablations.nosuch  # noqa: B018


def test_the_example_of_readme_is_short_and_runs_as_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {name: body for _, name, body in BLOCK.findall(README) if name}
    commands = re.findall(r"^\$ (ablations .*my_.*)$", README, re.MULTILINE)
    assert [*files] == ["my_parts.py", "my_study.json"]
    assert commands == ["ablations check my_parts.py", "ablations run my_study.json --parts my_parts.py"]
    assert sum(len(body.splitlines()) for body in files.values()) + len(commands) <= LINES
    for name, body in files.items():
        Path(name).write_text(body)
    [program] = [body for language, name, body in BLOCK.findall(PAGE) if language == "python" and not name]
    outcomes: list[ablations.Outcome] = []
    run = ablations.run

    def small_run(study: str, parts: str) -> ablations.Outcome:
        outcomes.append(run(study, parts=parts, **SMALL))
        return outcomes[0]

    monkeypatch.setattr(ablations, "run", small_run)
    names: dict[str, Any] = {}
    exec(program.replace("load(outcome.runs.key[0])", "load(outcome.runs.key[2])"), names)
    [outcome] = outcomes
    assert list(outcome.runs.variant) == ["plain", "plain", "normed", "normed"]
    assert set(documented("runs")) <= set(outcome.runs.columns)
    assert set(documented("contrasts")) <= set(outcome.contrasts.columns)
    assert list(outcome.contrasts.treatment) == ["normed"]
    assert outcome.failures == ()
    assert "srcdoc=" in outcome._repr_html_()
    assert "A spectrally normalised D" in outcome._repr_html_()
    assert names["generator"](torch.zeros(3, 100)).shape == (3, 1, 28, 28)
    own_parts._forget(own_parts.loaded()[0])
    own_parts._loaded.clear()
    with pytest.raises(ConfigError, match="is needed: name that source with --parts"):
        ablations.load(outcome.runs.key[3])
    loaded = ablations.load(outcome.runs.key[3], parts="my_parts.py")
    chance = loaded.discriminator(torch.rand(5, 1, 28, 28))
    assert chance.shape == (5,)
    assert ((chance > 0) & (chance < 1)).all()


def test_a_stored_network_gives_what_the_run_gave(archive: Archive, tmp_path: Path) -> None:
    outcome = ablations.run(STUDY, store=archive.root, out=tmp_path / "out", **(SMALL | {"seeds": 1}))
    key = outcome.runs.key[list(outcome.runs.variant).index("base")]
    loaded = ablations.load(key, store=archive.root)
    stored, last = archive.get(key), max(archive.get(key).snapshots)
    from ablations.training.step_inputs import evaluation_latents

    shape = loaded.generator._shape
    drawn = StoredGenerator(stored.run.variant, shape, 0, stored.snapshots[last]).sample(30)
    latents = evaluation_latents(stored.run.variant, 0, 30, torch.device("cpu"), torch.float32)[0]
    torch.testing.assert_close(loaded.generator(latents), drawn, rtol=0, atol=1e-6)
    assert not loaded.generator.training
    again, _ = stored_modules(stored.run.variant, shape, stored.weights)
    again.load_state_dict(loaded.generator.state_dict())
    assert sum(values.numel() for values in again.parameters()) > 1_000
    other = ablations.load(outcome.runs.key[list(outcome.runs.variant).index("other")], store=archive.root)
    with pytest.raises(ValueError, match="is conditional: give the classes too"):
        other.generator(latents)
    classes = torch.arange(30) % 10
    for labels, message in (
        (
            torch.eye(10)[classes],
            r"as int64 \(30,\), not float32 of shape \(30, 10\); of one-hot labels, labels.argmax",
        ),
        (classes.float(), r"as int64 \(30,\), not float32 of shape \(30,\)$"),
        (classes[:4], r"as int64 \(30,\), not int64 of shape \(4,\)$"),
        (classes + 3, r"each from 0 to 9, not 10$"),
    ):
        with pytest.raises(ValueError, match=message):
            other.generator(latents, labels)
        with pytest.raises(ValueError, match=message):
            other.discriminator(drawn, labels)
    assert other.generator(latents, classes).shape == drawn.shape
    with pytest.raises(StoreError, match="has no run 'nosuch'"):
        ablations.load("nosuch", store=archive.root)


def test_an_option_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown option 'seed'; did you mean 'seeds'"):
        ablations.run(STUDY, store=tmp_path, seed=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers must be a whole number from 1 on, not 0"),
        ({"seeds": 0}, "seeds must be a whole number from 1 on, not 0"),
        (
            {"seeds": 99_999_999_999},
            "seeds is 99,999,999,999; a plan keeps an entry for each, and takes 100,000 at most",
        ),
        ({"steps": -3}, "steps must be a whole number from 1 on, not -3"),
        ({"evaluations": 1.5}, "evaluations must be a whole number from 1 on, not 1.5"),
        ({"width": 0}, "width must be a whole number from 1 on or 'fastest', not 0"),
        ({"reference_seeds": "all"}, "reference_seeds must be a whole number from 1 on or 'auto', not 'all'"),
        ({"variant_seeds": {"base": 0}}, "variant_seeds of 'base' must be a whole number from 1 on, not 0"),
        ({"time_limit": 0}, "time_limit must be more than 0 seconds, not 0"),
    ],
)
def test_a_number_that_counts_nothing_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}$"):
        ablations.run(STUDY, store=tmp_path / "store", **options)
    assert not list(tmp_path.iterdir())


def test_a_study_has_its_own_data_unless_others_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = dataclasses.replace(STUDY, dataset="digits")
    asked: list[str | None] = []

    def stop(study: ablations.Study, options: Options, archive: Archive) -> None:
        asked.append(options.dataset or study.dataset)
        raise StoreError("enough")

    monkeypatch.setattr("ablations.execution.plan.make_plan", stop)
    for data in (None, "faces"):
        with pytest.raises(StoreError, match="enough"):
            ablations.run(study, store=tmp_path, data=data)
    assert asked == ["digits", "faces"]


def test_other_operands_have_a_study_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def stop(study: ablations.Study, options: Options, archive: Archive) -> None:
        asked.append(study.name)
        raise StoreError("enough")

    monkeypatch.setattr("ablations.execution.plan.make_plan", stop)
    for precision in ("float32", "bfloat16"):
        with pytest.raises(StoreError, match="enough"):
            ablations.run(STUDY, store=tmp_path, precision=precision)
    assert asked == [STUDY.name, f"{STUDY.name}-bfloat16"]


@pytest.mark.slow
def test_a_script_without_a_guard_trains_in_several_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import ablations\n"
        "from tests.ablations.small_study import STUDY\n"
        "open('ran', 'a').write('x')\n"
        "outcome = ablations.run(STUDY, data='digits', steps=3, seeds=1, evaluations=1, workers=2, progress=False)\n"
        "print(len(outcome.runs), outcome.failures)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "2 ()"
    assert (tmp_path / "ran").read_text() == "x"


def test_a_notebook_has_a_bar_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Place:
        update = staticmethod(shown.append)

    def display(text: str, display_id: bool) -> Place:
        shown.append(text)
        return Place()

    class ZMQInteractiveShell: ...

    kernel, page = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    kernel.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    page.HTML, page.display = str, display  # type: ignore[attr-defined]
    assert not notebook_bar.in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    assert notebook_bar.in_notebook()
    bar = notebook_bar.NotebookBar({"a": 1.0})
    bar(GroupStarted(group="a", variant="<v>", seeds=(0,), step=0, steps=4))
    bar(GroupEnded(group="a", variant="<v>", statuses={0: "finished"}, reasons={}))
    assert 'value="0.000"' in shown[0]
    assert "&lt;v&gt; seed 0" in shown[1]
    assert 'value="1.000"' in shown[-1]
    bar.close()
    assert "1/1 groups, in " in shown[-1]
