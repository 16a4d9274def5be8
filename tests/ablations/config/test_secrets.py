"""No password of an address is told."""

from __future__ import annotations

import pytest

from ablations.config.secrets import without_secret


@pytest.mark.parametrize(
    "password", ["hunter2", "with/slash", "with@at", "with:colon", "a/b@c", "%20escaped", "quoted'\""]
)
def test_a_password_is_not_told_whatever_signs_it_has(password: str) -> None:
    told = without_secret(f"cannot reach postgresql://ann:{password}@host:5432/trials now")
    assert told == "cannot reach postgresql://ann:***@host:5432/trials now"


@pytest.mark.parametrize("key", ["password", "PASSWORD", "passwd", "pwd", "token", "secret"])
def test_nor_one_behind_a_question_mark(key: str) -> None:
    told = without_secret(f"postgresql://host/trials?user=ann&{key}=hunter2&sslmode=require")
    assert told == f"postgresql://host/trials?user=ann&{key}=***&sslmode=require"


@pytest.mark.parametrize("text", ["http://host:5000/path", "s3://bucket/place", "sqlite:///a/optuna.db", "ann@host"])
def test_an_address_without_a_password_is_told_as_it_is(text: str) -> None:
    assert without_secret(text) == text
