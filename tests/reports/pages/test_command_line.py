"""The command that trains a variant again, as pages state it."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

import pytest

from ablations.catalog import STUDIES
from ablations.config import Engine, Study
from ablations.config.origin import OwnPart
from ablations.config.parts import register
from ablations.store import StoredStudy
from reports.analysis.findings import find
from reports.pages.command_line import command
from tests.reports.factories import stored


def test_a_command_states_what_differs_from_the_catalog() -> None:
    study = STUDIES["quick"]
    changed = tuple(v.override({"batch_size": 7, "generator.hidden": (50, 60)}) for v in study.variants[:1])
    altered = Study(name="quick", title="t", description="d", variants=changed, seeds=2)
    parts = shlex.split(command(find(stored(altered)), changed[0]))
    settings = [parts[i + 1] for i, word in enumerate(parts) if word == "--set"]
    assert settings == ["generator.hidden=50,60", "batch_size=7"]
    repeated = study.variants[0].override(dict(setting.split("=") for setting in settings))
    assert repeated == changed[0]
    untouched = Study(name="quick", title="t", description="d", variants=study.variants[:1], seeds=2)
    assert "--set" not in command(find(stored(untouched)), study.variants[0])


def test_a_command_names_the_engine_and_the_sources_of_the_runs() -> None:
    variant = STUDIES["quick"].variants[0]
    study = Study(name="quick-bfloat16", title="t", description="d", variants=(variant,), seeds=2)
    engine = Engine(precision="bfloat16", isa="amx_bf16")
    own = OwnPart(kind="dataset", name="mine", source="my_data.py", sha256="5" * 64)
    parts = shlex.split(command(find(as_trained(study, engine=engine, own_data=own)), variant))
    assert parts[:3] == ["ablations", "run", "quick"]
    said = dict(zip(parts[3::2], parts[4::2], strict=True))
    assert (said["--precision"], said["--isa"], said["--parts"]) == ("bfloat16", "amx_bf16", "my_data.py")


@pytest.mark.parametrize(("study", "variant"), [("mine", "baseline"), ("quick", "another")])
def test_a_command_names_the_runs_of_what_is_not_in_the_catalog(study: str, variant: str) -> None:
    one = dataclasses.replace(STUDIES["quick"].variants[0], name=variant)
    found = find(stored(Study(name=study, title="t", description="d", variants=(one,), seeds=2)))
    assert shlex.split(command(found, one)) == ["ablations", "verify", *(result.key for result in found.results)]


def as_trained(study: Study, **facts: Any) -> StoredStudy:
    """A stored study whose runs state these facts too."""
    made = stored(study)
    results = tuple(dataclasses.replace(item, run=dataclasses.replace(item.run, **facts)) for item in made.results)
    return dataclasses.replace(made, results=results)


def test_a_setting_that_the_catalog_lacks_is_told() -> None:
    register("loss", "my_hinge", lambda margin=1.0: None, outputs=("logits",))
    told = {"loss.criterion": "my_hinge", "discriminator.output": "logits", "loss.settings.margin": 2.0}
    variant = STUDIES["quick"].variants[0].override(told)
    study = Study(name="quick", title="t", description="d", variants=(variant,), seeds=2)
    assert "loss.settings.margin=2.0" in shlex.split(command(find(stored(study)), variant))
