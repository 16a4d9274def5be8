"""What an interrupted command says: what is kept, and how to go on."""

from __future__ import annotations

import click
import pytest

from ablations.commands.shared import resumable


@pytest.mark.parametrize(
    ("words", "without", "said"),
    [
        (["run", "quick", "--seeds", "3"], (), "Continue with: ablations run quick --seeds 3"),
        (["search", "quick", "--fresh"], ("--fresh",), "Continue with: ablations search quick\n"),
        (["run", "quick", "--fresh"], (), "--fresh begins all of it again: ablations run quick --fresh"),
    ],
)
def test_the_same_line_goes_on_unless_it_says_to_begin_again(
    words: list[str],
    without: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["ablations", *words])
    with pytest.raises(click.exceptions.Exit) as ended, resumable("what has finished is stored", without):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
    told = capsys.readouterr().err
    assert told.startswith("interrupted; what has finished is stored. ")
    assert said in told
