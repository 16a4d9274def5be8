"""The library in a notebook: cells that a kernel of Jupyter runs, and what they show."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

CELLS = (
    """
import ablations
from ablations import Contrast, Halves, Study, register
from ablations.catalog import BASELINE

own = Halves(lambda real: (1 - real).relu(), lambda fake: (1 + fake).relu(), lambda fake: -fake)
register("loss", "of_a_cell", own, outputs=("logits",))
""",
    """
tiny = {"generator.hidden": (8,), "discriminator.hidden": (8,), "discriminator.output": "logits"}
logits = {"loss.criterion": "bce_logits", "batch_size": 8, "steps": 40}
base = BASELINE.override(tiny | logits, name="usual")
mine = base.override({"loss.criterion": "of_a_cell"}, name="mine")
study = Study(
    name="cells", title="A loss of a cell", description="Its own.", variants=(base, mine), seeds=5, evaluations=1,
    contrasts=(Contrast(axis="loss", question="hinge", treatment="mine", reference="usual"),),
)
outcome = ablations.run(study, data="digits")
outcome
""",
    "print(outcome.runs.status.value_counts().to_dict(), len(outcome.contrasts))",
    """
import torch
print(tuple(ablations.load(outcome.runs.key[0]).generator(torch.zeros(2, base.latent.size)).shape))
""",
)


def shown(cell: Mapping[str, Any]) -> str:
    return "".join(
        text if isinstance(text, str) else "".join(text)
        for output in cell["outputs"]
        for text in (output.get("text", ""), output.get("data", {}).get("text/html", ""))
    )


@pytest.mark.slow
def test_a_notebook_trains_shows_its_bar_and_its_report(tmp_path: Path) -> None:
    empty: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**empty, "id": f"cell{number}", "source": text.strip()} for number, text in enumerate(CELLS)]
    page = tmp_path / "page.ipynb"
    page.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    places = {"IPYTHONDIR": tmp_path / "ipython", "JUPYTER_RUNTIME_DIR": tmp_path / "runtime"}
    subprocess.run(
        [Path(sys.executable).with_name("jupyter-execute"), "--inplace", "--kernel_name=python3", page],
        cwd=tmp_path,
        env=os.environ | {name: str(path) for name, path in places.items()},
        check=True,
    )
    _, trained, counted, loaded = map(shown, json.loads(page.read_text())["cells"])
    assert trained.count("<progress ") == 1, "one bar, in one place"
    assert "2/2 groups, in " in trained
    assert "<iframe " in trained
    assert "A loss of a cell" in html.unescape(trained)
    assert counted.strip() == "{'collapsed': 10} 1", "forty steps draw no digits"
    assert loaded.strip() == "(2, 1, 28, 28)"
    assert (tmp_path / "results" / "reports" / "cells" / "report.html").is_file()
