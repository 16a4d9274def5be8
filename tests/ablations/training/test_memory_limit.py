"""Out of memory, with a real limit of the operating system: an outcome of one variant, and the others go on."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.store import Archive
from tests.ablations.small_study import BASE, STUDY

LIMIT = 12 << 30
"""Of the address space: enough for PyTorch and a small network, not for three billion weights."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are kept by Linux")
def test_a_variant_that_does_not_fit_fails_alone(tmp_path: Path) -> None:
    huge = BASE.override({"generator.hidden": "60000,60000"}, name="huge")
    tree = {**STUDY.as_dict(), "variants": [BASE.as_dict(), huge.as_dict()], "contrasts": [], "seeds": 1}
    (tmp_path / "study.json").write_text(json.dumps(tree))
    command = [
        sys.executable,
        "-m",
        "ablations.cli",
        "run",
        str(tmp_path / "study.json"),
        "--data",
        "digits",
        "--workers",
        "1",
    ]
    command += ["--device", "cpu", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "report"), "--json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout)
    assert summary["counts"]["finished"] == summary["counts"]["failed"] == 1
    assert "memory" in summary["failures"][0]["reason"].lower()
    stored = {result.run.variant.name: result for result in Archive.open(tmp_path / "store").read("small").results}
    assert stored["base"].status == "finished"
    assert stored["huge"].status == "failed"
    assert (tmp_path / "report" / "report.html").exists()
