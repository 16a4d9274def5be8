"""The progress of a plan in a notebook: a bar that is drawn over and over in one place."""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ablations.execution.events import Event
from ablations.execution.progress import Tally, duration, plain_line, whole_detail

INTERVAL = 0.5


def in_notebook() -> bool:
    """Whether this process is the kernel of one."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class NotebookBar:
    """Takes events, and shows a bar for the whole plan with a line for what is in training."""

    def __init__(self, estimates: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        shown = importlib.import_module("IPython.display")  # there is one, where there is a notebook
        self._html: Callable[[str], Any] = shown.HTML
        self._clock, self._last, self._begun = clock, float("-inf"), clock()
        self.tally = Tally(estimates, clock)
        self._place = shown.display(self._html(self.text()), display_id=True)

    def __call__(self, event: Event) -> None:
        self.tally.add(event)
        if self._clock() - self._last >= INTERVAL or self.tally.ended >= self.tally.names:
            self._last = self._clock()
            self._place.update(self._html(self.text()))

    def close(self) -> None:
        """Say that it is over."""
        groups = f"{len(self.tally.ended)}/{len(self.tally.names)} groups"
        self._place.update(self._html(self._bar([f"{groups}, in {duration(self._clock() - self._begun)}"])))

    def text(self) -> str:
        return self._bar([whole_detail(self.tally), *plain_line(self.tally).split(" | ")[1:]])

    def _bar(self, lines: Sequence[str]) -> str:
        below = "<br>".join(map(html.escape, lines))
        return f'<progress value="{self.tally.fraction:.3f}" max="1" style="width: 24em"></progress><br>{below}'
