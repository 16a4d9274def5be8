"""The progress of a plan in a notebook: a bar that is drawn over and over in one place."""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from ablations.execution.events import Event
from ablations.execution.progress import Tally, plain_line, whole_detail

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
        self._clock, self._last = clock, float("-inf")
        self.tally = Tally(estimates, clock)
        self._place = shown.display(self._html(self.text()), display_id=True)

    def __call__(self, event: Event) -> None:
        self.tally.add(event)
        if self._clock() - self._last >= INTERVAL or self.tally.ended >= self.tally.names:
            self._last = self._clock()
            self._place.update(self._html(self.text()))

    def text(self) -> str:
        groups = plain_line(self.tally).split(" | ")[1:]
        lines = "<br>".join(html.escape(line) for line in [whole_detail(self.tally), *groups])
        return f'<progress value="{self.tally.fraction:.3f}" max="1" style="width: 24em"></progress><br>{lines}'
