"""The step on a GPU: recorded once as a CUDA graph and replayed, so that no launch waits for Python.

Draws are copied into fixed places on the device before each replay; nothing is read back between ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ablations.training.step import DiscriminatorDraw, Draws, GeneratorDraw, TrainedNetwork

WARM_UP_STEPS = 3
"""Steps run before the recording, as CUDA graphs ask for; what they changed is put back."""

Replay = Callable[[], None]
Record = Callable[[Callable[[], Tensor]], tuple[Replay, Tensor]]


def record_cuda_graph(step: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
    """Record what `step` does on the current device; returns its replay and the tensor that each replay fills."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = step()
    return graph.replay, output


class CapturedStep:
    """A training step with the draws in fixed places: the first call records it, every call replays it."""

    def __init__(
        self, step: Callable[[Draws], Tensor], networks: Sequence[TrainedNetwork], record: Record = record_cuda_graph
    ) -> None:
        self._step = step
        self._networks = networks
        self._record = record
        self._places: Draws | None = None
        self._replay: Replay | None = None
        self._output = torch.empty(0)

    def __call__(self, draws: Draws) -> Tensor:
        """One iteration; the quantities of `quantities.CURVES`, of shape (7, seeds)."""
        if self._places is None or self._replay is None:
            places = self._places = _copied(draws)
            self._warm_up(places)
            self._replay, self._output = self._record(lambda: self._step(places))
        else:
            for place, value in zip(tensors_of(self._places), tensors_of(draws), strict=True):
                place.copy_(value, non_blocking=True)
        self._replay()
        return self._output.clone()

    def _warm_up(self, draws: Draws) -> None:
        """Run the step a few times on a side stream, then put back every value it changed."""
        kept = [(network, _values(network), _optimizer_values(network)) for network in self._networks]
        stream = torch.cuda.Stream() if torch.cuda.is_available() else None
        if stream is not None:
            stream.wait_stream(torch.cuda.current_stream())  # for the draws and the copies that are put back
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                self._step(draws)
        if stream is not None:
            torch.cuda.current_stream().wait_stream(stream)
        for network, values, optimizer_values in kept:
            _put_back(network, values, optimizer_values)


def _copied(draws: Draws) -> Draws:
    """The same draws in memory of their own: those given may be a window of a larger block."""

    def copied(value: Any) -> Any:
        if value is None:
            return None
        return value.clone() if isinstance(value, Tensor) else [item.clone() for item in value]

    return Draws(
        [
            DiscriminatorDraw(**{name: copied(value) for name, value in vars(one).items()})
            for one in draws.discriminator
        ],
        [GeneratorDraw(**{name: copied(value) for name, value in vars(one).items()}) for one in draws.generator],
    )


def tensors_of(draws: Draws) -> Iterator[Tensor]:
    """Every tensor of an iteration's draws, always in the same order."""
    for one in (*draws.discriminator, *draws.generator):
        for value in vars(one).values():
            if isinstance(value, Tensor):
                yield value
            elif value is not None:
                yield from value


def _values(network: TrainedNetwork) -> dict[str, Tensor]:
    return {name: values.detach().clone() for name, values in network.tensors.items()}


def _optimizer_values(network: TrainedNetwork) -> dict[Tensor, dict[str, Tensor]]:
    return {
        parameter: {name: value.clone() for name, value in state.items() if isinstance(value, Tensor)}
        for parameter, state in network.optimizer.state.items()
    }


@torch.no_grad()
def _put_back(
    network: TrainedNetwork, values: dict[str, Tensor], optimizer_values: dict[Tensor, dict[str, Tensor]]
) -> None:
    """In place, since a recording keeps addresses. An optimizer's state that was not there before becomes zero."""
    for name, value in values.items():
        network.tensors[name].copy_(value)
    for parameter, state in network.optimizer.state.items():
        before = optimizer_values.get(parameter, {})
        for name, value in state.items():
            if isinstance(value, Tensor):
                value.copy_(before[name]) if name in before else value.zero_()
