"""Products by oneDNN: the same mathematics wherever PyTorch multiplies matrices, and gone again when not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ablations.training import products
from ablations.training.products import by_onednn

ERROR = 2e-6
"""Of a float32 product, relative to the norm."""

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")


@pytest.fixture(autouse=True)
def _asked() -> Iterator[None]:
    by_onednn(True)
    yield
    by_onednn(False)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes that oneDNN has multiplied."""
    found: list[tuple[int, ...]] = []
    real = products._product

    def counted(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
        found.append((*left.shape, right.shape[1]))
        return real(left, right, bias)

    monkeypatch.setattr(products, "_product", counted)
    return found


def close(found: Tensor, exact: Tensor) -> None:
    assert found.shape == exact.shape
    assert (found - exact).norm() <= ERROR * exact.norm()


_DRAWS = torch.Generator().manual_seed(0)
A, B, ROWS, MORE, WIDE = (
    torch.randn(3, *size, generator=_DRAWS) for size in ((128, 200), (200, 100), (1, 100), (128, 100), (200, 2000))
)


@pytest.mark.parametrize(
    ("product", "exact"),
    [
        (lambda: torch.bmm(A, B), lambda: A.double() @ B.double()),
        (lambda: torch.baddbmm(ROWS, A, B), lambda: ROWS.double() + A.double() @ B.double()),
        (lambda: torch.mm(A[0], B[0]), lambda: A[0].double() @ B[0].double()),
        (lambda: torch.addmm(ROWS[0], A[0], B[0]), lambda: ROWS[0].double() + A[0].double() @ B[0].double()),
        (lambda: F.linear(A[1], B[1].t(), ROWS[1, 0]), lambda: ROWS[1].double() + A[1].double() @ B[1].double()),
        (lambda: A @ B, lambda: A.double() @ B.double()),
        # Transposed, a part of a wider matrix, one number throughout, every other column.
        (lambda: A.transpose(1, 2).bmm(A), lambda: A.double().transpose(1, 2) @ A.double()),
        (lambda: A[:, :, 50:].bmm(B[:, 50:]), lambda: A.double()[:, :, 50:] @ B.double()[:, 50:]),
        (lambda: A.bmm(torch.ones(1).expand(3, 200, 100)), lambda: A.double() @ torch.ones(3, 200, 100).double()),
        (lambda: A[:, :, ::2].bmm(B[:, ::2]), lambda: A.double()[:, :, ::2] @ B.double()[:, ::2]),
    ],
)
def test_every_product_is_the_same_by_onednn(
    product: Callable[[], Tensor], exact: Callable[[], Tensor], calls: list[tuple[int, ...]]
) -> None:
    close(product(), exact())
    assert calls


@pytest.mark.parametrize(
    "product",
    [
        lambda: torch.bmm(A.double(), B.double()),
        lambda: torch.bmm(A[:, :8], B),  # small
        lambda: torch.bmm(A[:, :7], WIDE),  # thin
        lambda: torch.bmm(A[:0], B[:0]),  # no matrix at all
        lambda: torch.baddbmm(MORE, A, B),  # more than a row is added
        lambda: torch.baddbmm(ROWS, A, B, alpha=0.5),
        lambda: torch.addmm(ROWS[0], A[0], B[0], beta=0.5),
        lambda: torch.addmm(ROWS[0, 0, :1], A[0], B[0]),  # one number for all columns
    ],
)
def test_others_are_bit_for_bit_what_they_were(product: Callable[[], Tensor], calls: list[tuple[int, ...]]) -> None:
    found = product()
    by_onednn(False)
    assert torch.equal(found, product())
    assert not calls


def test_gradients_and_their_gradients_go_through_it(calls: list[tuple[int, ...]]) -> None:
    """As a gradient penalty needs them."""

    def penalty(dtype: torch.dtype) -> tuple[Tensor, ...]:
        left, right, rows = ((values / 5).to(dtype).requires_grad_() for values in (A, B, ROWS))
        (slope,) = torch.autograd.grad(torch.baddbmm(rows, left, right).tanh().sum(), left, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), (left, right, rows))

    for found, exact in zip(penalty(torch.float32), penalty(torch.float64), strict=True):
        close(found, exact)
    assert len(calls) >= 4 * len(A)


def test_a_module_stacked_over_seeds_goes_through_it(calls: list[tuple[int, ...]]) -> None:
    found = torch.func.vmap(F.linear)(A, B.transpose(1, 2))
    close(found, A.double() @ B.double())
    assert len(calls) == len(A)


def test_the_neighbours_of_a_matrix_do_not_matter() -> None:
    assert torch.equal(torch.bmm(A, B)[1], torch.bmm(A[1:2], B[1:2])[0])
    assert torch.equal(torch.bmm(A, B)[2], torch.mm(A[2], B[2]))


def test_it_goes_as_it_came(calls: list[tuple[int, ...]]) -> None:
    by_onednn(True)
    by_onednn(False)
    by_onednn(False)
    torch.bmm(A, B)
    assert not calls


def test_without_onednn_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    by_onednn(False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="no oneDNN"):
        by_onednn(True)
