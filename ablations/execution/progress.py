"""The progress of a plan, drawn from its events: live on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ablations.catalog.metrics import primary
from ablations.execution.events import Evaluated, Event, GroupEnded, GroupStarted, Printed, Progressed

QUIET = ("finished", "interrupted")
"""Statuses that need no line of their own: an interrupted run goes on the next time."""


@dataclass(kw_only=True)
class GroupState:
    """Where one group stands."""

    label: str
    seeds: int
    steps: int
    first_step: int
    first_seconds: float | None
    """None in a resumed group until it first reports: its training seconds count its earlier life too."""
    step: int
    train_seconds: float
    score: float | None = None

    @property
    def speed(self) -> float | None:
        """Seed-steps a second of training time, since the group started here; None until it can be told."""
        seconds = self.train_seconds - (self.first_seconds or 0.0)
        steps = self.step - self.first_step
        return self.seeds * steps / seconds if steps > 0 and seconds > 0 else None


class Tally:
    """Where a whole plan stands. Pure but for the clock, which is an argument.

    `estimates` names every group that is to be trained and its expected seconds; a second of work counts the same
    whether it is a cheap step of an MLP or a dear one of a CNN.
    """

    def __init__(self, estimates: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        floor = max([*estimates.values(), 1.0]) * 1e-3
        self._weights = {name: max(seconds, floor) for name, seconds in estimates.items()}
        self._clock = clock
        self._started = clock()
        self._resumed = 0.0
        self._ended_seed_steps = 0
        self.active: dict[str, GroupState] = {}
        self.ended: set[str] = set()

    def add(self, event: Event) -> None:
        match event:
            case GroupStarted():
                self.active[event.group] = GroupState(
                    label=group_label(event.variant, event.seeds),
                    seeds=len(event.seeds),
                    steps=event.steps,
                    first_step=event.step,
                    first_seconds=None if event.step else 0.0,
                    step=event.step,
                    train_seconds=0.0,
                )
                self._resumed += self._weights.get(event.group, 0.0) * event.step / max(event.steps, 1)
            case Progressed():
                self._progress(event)
            case Evaluated():
                if event.group in self.active:
                    self.active[event.group].score = event.scores.get(primary(event.scores))
            case GroupEnded():
                state = self.active.pop(event.group, None)
                if state is not None:
                    self._ended_seed_steps += state.seeds * (state.step - state.first_step)
                self.ended.add(event.group)

    def _progress(self, event: Progressed) -> None:
        state = self.active.get(event.group)
        if state is None:
            return
        if state.first_seconds is None:
            state.first_step, state.first_seconds = event.step, event.train_seconds
        state.step, state.train_seconds = event.step, event.train_seconds

    @property
    def names(self) -> set[str]:
        """Of all groups, ended or not."""
        return set(self._weights)

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    @property
    def fraction(self) -> float:
        """Share of the estimated work that is done, 0 to 1."""
        return self._done / sum(self._weights.values()) if self._weights else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Expected wall seconds to the end, at the pace so far; None until there is a pace."""
        here = self._done - self._resumed
        if here <= 0:
            return None
        return (sum(self._weights.values()) - self._done) * self.seconds / here

    @property
    def speed(self) -> float | None:
        """Seed-steps a second of wall time, over all workers, evaluation included; None until there are any."""
        done = self._ended_seed_steps + sum(s.seeds * (s.step - s.first_step) for s in self.active.values())
        return done / self.seconds if done and self.seconds > 0 else None

    @property
    def _done(self) -> float:
        ended = sum(self._weights.get(name, 0.0) for name in self.ended)
        return ended + sum(self._weights.get(name, 0.0) * s.step / max(s.steps, 1) for name, s in self.active.items())


class Display:
    """Draws events; `with Display(...) as display: execute(plan, store, display)`.

    On a terminal: a bar for the whole plan and a line for each group in training. Elsewhere: at most one plain line in
    `interval` seconds. Either way a line for each run that did not finish, with its reason, at once.
    """

    def __init__(
        self,
        estimates: Mapping[str, float],
        *,
        stream: TextIO | None = None,
        interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tally = Tally(estimates, clock)
        self._interval = interval
        self._clock = clock
        self._last_line = float("-inf")
        self._gone = False
        self._console = Console(file=stream or sys.stdout, highlight=False, soft_wrap=True)
        self._bars = _Bars(self._console) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        with self._drawn():
            if self._bars:
                self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars and not self._gone:
            with self._drawn():
                self._bars.stop()

    def __call__(self, event: Event) -> None:
        self.tally.add(event)
        if not self._gone:
            with self._drawn():
                self._draw(event)

    @contextlib.contextmanager
    def _drawn(self) -> Iterator[None]:
        """A display that nobody can read any more ends no training: it says so once, and is quiet."""
        try:
            yield
        except (OSError, SystemExit) as error:  # rich ends the process where a pipe's reader has gone
            self._gone = True
            reason = getattr(error, "strerror", None) or "its reader has gone"
            with contextlib.suppress(OSError):
                print(f"the progress display cannot be written ({reason}); the work goes on", file=sys.stderr)

    def _draw(self, event: Event) -> None:
        if isinstance(event, GroupEnded):
            self._report_failures(event)
        if isinstance(event, Printed):
            for line in event.text.splitlines():
                self._print(f"{event.group} on {event.node}: {line}")
        if self._bars:
            self._bars.update(self.tally)
        elif self._clock() - self._last_line >= self._interval:
            self._last_line = self._clock()
            self._print(plain_line(self.tally))

    def _report_failures(self, event: GroupEnded) -> None:
        alike: dict[str, list[int]] = {}
        for seed, status in sorted(event.statuses.items()):
            if status not in QUIET:
                alike.setdefault(": ".join(filter(None, [status, event.reasons.get(seed, "")])), []).append(seed)
        for outcome, seeds in alike.items():
            self._print(f"{group_label(event.variant, seeds)} {outcome}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False)


class _Bars:
    """The live lines of a terminal; they vanish when it stops."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[detail]}", markup=False),
            console=console,
            refresh_per_second=4,
            transient=True,
        )
        self._whole = self._progress.add_task("all", total=1.0, detail="starting")
        self._tasks: dict[str, TaskID] = {}

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def update(self, tally: Tally) -> None:
        for name in self._tasks.keys() - tally.active.keys():
            self._progress.remove_task(self._tasks.pop(name))
        for name, state in tally.active.items():
            fields: dict[str, Any] = {"completed": state.step, "detail": group_detail(state)}
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(state.label, total=state.steps, **fields)
            else:
                self._progress.update(self._tasks[name], **fields)
        self._progress.update(self._whole, completed=tally.fraction, detail=whole_detail(tally))


def plain_line(tally: Tally) -> str:
    """The whole plan and every group in training, on one line."""
    groups = [f"{state.label} {group_detail(state)}" for state in tally.active.values()]
    return " | ".join([f"{tally.fraction:4.0%} {whole_detail(tally)}", *groups])


def whole_detail(tally: Tally) -> str:
    parts = [f"{len(tally.ended)}/{len(tally.names)} groups", speed_text(tally.speed)]
    if tally.ended >= tally.names:
        parts.append("recording")
    elif tally.seconds_left is not None:
        parts.append(f"{duration(tally.seconds_left)} left")
    return ", ".join(part for part in parts if part)


def group_detail(state: GroupState) -> str:
    score = "" if state.score is None else f"score {state.score:.1f}"
    return ", ".join(part for part in (f"step {state.step:,}/{state.steps:,}", speed_text(state.speed), score) if part)


def group_label(variant: str, seeds: Sequence[int]) -> str:
    """Such as "adam seeds 0-4"."""
    if len(seeds) == 1:
        return f"{variant} seed {seeds[0]}"
    consecutive = list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"{variant} seeds {f'{seeds[0]}-{seeds[-1]}' if consecutive else ','.join(map(str, seeds))}"


def speed_text(speed: float | None) -> str:
    return "" if speed is None else f"{speed:,.0f} seed-steps/s"


def duration(seconds: float) -> str:
    """Such as "4 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
