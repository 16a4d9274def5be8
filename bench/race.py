"""The documents' own loops against the harness: interleaved in one process, one thread, one clock."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from ablations.catalog import STUDIES
from ablations.config import Variant
from ablations.data import Dataset
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup
from bench.limit import Floor, Limits, floor_of
from bench.peers import PEERS, Losses, Peer
from bench.ratios import Interval, ratio_interval
from bench.timing import Work, take_turns, time_block, units_for

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One race. Times are milliseconds of one seed-step, medians over the blocks."""

    name: str
    batch: int
    width: int
    """Seeds in the harness's stack."""
    widths: dict[int, float]
    """The scan that chose the width: width to milliseconds; empty where there was no choice."""
    peer: float
    harness: float
    speedup: Interval
    """The loop's time over the harness's."""
    floor: float
    """The least time on this machine; NaN on a GPU, whose limit is not measured."""
    bound: str
    """What the floor is: arithmetic or memory."""
    busy: float
    """Wall time over CPU time, of both together: above 1 where the machine did other things."""

    @property
    def achieved(self) -> float:
        """The floor over the harness's time, 0 to 1."""
        return self.floor / self.harness

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"achieved": self.achieved}


def race(
    name: str,
    dataset: Dataset,
    folder: Path,
    limits: Limits | None,
    *,
    device: str,
    pairs: int,
    seconds: float,
    precision: Precision = "float32",
) -> Outcome:
    """`folder` holds the same data in torchvision's layout. `limits` is None on a GPU, and where the harness computes
    in bfloat16, for the limit is that of float32.
    """
    peer = PEERS[name]
    variant = STUDIES[peer.study].variant(peer.variant)
    widths = scan(variant, peer.widths, dataset, device, precision, seconds) if len(peer.widths) > 1 else {}
    width = min(widths, key=widths.__getitem__) if widths else peer.widths[0]
    theirs, ours = take_turns(
        loop_work(peer, folder, device),
        group_work(variant, width, dataset, device, precision),
        pairs=pairs,
        seconds=seconds,
    )
    floor = floor_of(variant, width, limits) if limits else Floor(float("nan"), float("nan"))
    peer_times, our_times = theirs.by(device), ours.by(device) / width
    return Outcome(
        name=name,
        batch=variant.batch_size,
        width=width,
        widths=widths,
        peer=_milliseconds(peer_times),
        harness=_milliseconds(our_times),
        speedup=ratio_interval(peer_times, our_times),
        floor=floor.seconds * 1e3,
        bound=floor.bound,
        busy=float((theirs.wall + ours.wall).sum() / (theirs.cpu + ours.cpu).sum()),
    )


def scan(
    variant: Variant, widths: tuple[int, ...], dataset: Dataset, device: str, precision: Precision, seconds: float
) -> dict[int, float]:
    """Milliseconds of a seed-step at each width: the best of three short blocks."""
    found = {}
    for width in widths:
        work = group_work(variant, width, dataset, device, precision)
        units = units_for(work, seconds / 3)
        best = min(time_block(work, units)[0 if device == "cpu" else 1] for _ in range(3))
        found[width] = best / width * 1e3
    return found


def loop_work(peer: Peer, folder: Path, device: str) -> Work:
    """Iterations of a document's loop, begun again where it ends."""
    wait = _waiter(device)
    endless: Iterator[Losses] = itertools.chain.from_iterable(
        peer.train(folder, torch.device(device)) for _ in itertools.count()
    )

    def work(units: int) -> None:
        for _ in range(units):
            next(endless)
        wait()

    return work


def group_work(variant: Variant, width: int, dataset: Dataset, device: str, precision: Precision) -> Work:
    """Iterations of a stack, read out as the trainer does at a tick.

    The engine is the one that training takes on this machine; what it sets of the libraries ends with a block, since
    a document's loop runs as PyTorch comes.
    """
    engine, as_it_comes = choose_engine(device, precision), _set_of_libraries()
    group = SeedGroup(variant, range(width), dataset, engine)

    def work(units: int) -> None:
        set_up(engine)
        group.advance(units)
        group.synchronize()
        group.take_curves()
        _set_libraries(*as_it_comes)

    return work


def _set_of_libraries() -> tuple[str, bool, bool, bool, Any]:
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    coarse_sums = products.allow_bf16_reduced_precision_reduction
    return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark, coarse_sums


def _set_libraries(precision: str, tf32: bool, deterministic: bool, benchmark: bool, coarse_sums: Any) -> None:
    torch.set_float32_matmul_precision(precision)
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = tf32, deterministic
    torch.backends.cudnn.benchmark = benchmark
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = coarse_sums


def _waiter(device: str) -> Callable[[], None]:
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def _milliseconds(times: Any) -> float:
    return float(torch.as_tensor(times).median()) * 1e3


HEADER = ("loop", "batch", "their ms", "our ms", "width", "times faster", "floor ms", "achieved", "bound by")


def row(outcome: Outcome) -> tuple[str, ...]:
    """As the table shows it."""
    known = outcome.floor == outcome.floor
    return (
        outcome.name,
        str(outcome.batch),
        f"{outcome.peer:.3f}",
        f"{outcome.harness:.3f}",
        str(outcome.width),
        str(outcome.speedup),
        f"{outcome.floor:.3f}" if known else "-",
        f"{outcome.achieved:.0%}" if known else "-",
        outcome.bound if known else "-",
    )
