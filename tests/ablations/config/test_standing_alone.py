"""A file of own parts that needs what lies beside it is refused, since its text alone is its identity."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ablations.config import own_parts
from ablations.config.own_parts import PartError
from ablations.config.parts import LOSSES
from tests.ablations.config.sources import LOSS, write


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import helper_of_mine\n", r"line 1: it imports helper_of_mine, which stands beside it; .*package:NAME"),
        (
            "import sys\nsys.path.insert(0, {folder!r})\nfrom helper_of_mine import WIDTH\n",
            r"it imports helper_of_mine \(.*helper_of_mine\.py\), which stands beside it",
        ),
        (
            "import json\nwith open({folder!r} + '/cfg.json') as file:\n    WIDTH = json.load(file)\n",
            r"it reads .*cfg\.json when it is loaded",
        ),
        ("from pathlib import Path\nPath({folder!r}, 'cfg.json').read_text()\n", r"it reads .*cfg\.json when"),
    ],
    ids=["not found", "found", "open", "pathlib"],
)
def test_what_a_file_reads_beside_itself_would_be_no_part_of_its_identity(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path, "WIDTH = 8\n", "helper_of_mine.py")
    write(tmp_path, "8", "cfg.json")
    place = write(tmp_path, text.format(folder=str(tmp_path)) + LOSS.format(name="mine"))
    with pytest.raises(PartError, match=rf"my_parts\.py.*{words}"):
        own_parts.load([place])
    assert "mine" not in LOSSES
    sys.modules.pop("helper_of_mine", None)


def test_what_is_installed_or_written_may_be_used_and_parts_may_read_when_they_are_called(tmp_path: Path) -> None:
    write(tmp_path, "8", "cfg.json")
    text = f"import colorsys\nimport statistics\nopen({str(tmp_path / 'log.txt')!r}, 'w').close()\n"
    text += f"def late():\n    return open({str(tmp_path / 'cfg.json')!r})\n"
    own_parts.load([write(tmp_path, text + LOSS.format(name="mine"))])
    assert "mine" in LOSSES
    assert (tmp_path / "cfg.json").read_text() == "8"
