"""A user's own source: run where it was named, once, and known again by its digest where it is not there."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path

import pytest

from ablations.catalog import BASELINE
from ablations.config import Engine, Run, Variant, own_parts
from ablations.config.errors import ConfigError
from ablations.config.origin import Origin, OwnPart
from ablations.config.own_parts import PartError
from ablations.config.parts import KINDS, LOSSES
from tests.ablations.config.sources import LOSS, write

NETWORKS = """
from ablations.config.parts import register
def make_d(shape, classes, hidden, width=8, act="relu", sizes=(1, 2), flag=False): ...
def make_g(shape, latent_size): ...
register("discriminator", "mine", make_d)
register("generator", "mine", make_g)
register("generator", "only_g", make_g)
"""
MINE = {"generator.architecture": "mine", "discriminator.architecture": "mine"}


def test_a_file_is_run_once_and_again_only_where_it_was_edited(tmp_path: Path) -> None:
    place = write(tmp_path, LOSS.format(name="one"))
    first = own_parts.load([place, place])[0]
    assert "one" in LOSSES
    assert own_parts.load([place])[0] is not None
    write(tmp_path, LOSS.format(name="two"))
    second = own_parts.load([place])[0]
    assert "one" not in LOSSES
    assert "two" in LOSSES
    assert first.sha256 != second.sha256
    assert own_parts.loaded() == (second,)


def test_the_source_is_part_of_a_variants_identity_its_name_is_not(tmp_path: Path) -> None:
    assert "own_parts" not in BASELINE.as_dict()
    digests = []
    for name, text in (("a.py", ""), ("b.py", ""), ("c.py", "# other\n")):
        [origin] = own_parts.load([write(tmp_path, LOSS.format(name="mine") + text, name)])
        variant = BASELINE.override({"loss.criterion": "mine"})
        assert [(part.source, part.sha256) for part in variant.own_parts] == [(name, origin.sha256)]
        digests.append(variant.digest)
        own_parts._forget(origin)
    assert digests[0] == digests[1] != digests[2]


def test_a_stored_variant_is_read_without_its_source_and_keeps_its_identity(tmp_path: Path) -> None:
    place = write(tmp_path, LOSS.format(name="mine"))
    [origin] = own_parts.load([place])
    variant = BASELINE.override({"loss.criterion": "mine"})
    tree, digest = variant.as_dict(), variant.digest
    own_parts._forget(origin)
    again = Variant.from_dict(tree)
    assert (again, again.digest) == (variant, digest)
    assert again.override({"batch_size": 8}).own_parts == variant.own_parts
    assert again.override({"loss.criterion": "mse"}).own_parts == ()
    write(tmp_path, LOSS.format(name="mine") + "# edited")
    del own_parts._loaded[place]
    own_parts.load([place])
    assert Variant.from_dict(tree).digest == digest
    with pytest.raises(ConfigError, match=r"unknown loss.*or a part of your own: name its file with --parts\)"):
        BASELINE.override({"loss.criterion": "min"})


def test_the_key_of_a_run_holds_the_data_and_not_who_made_them() -> None:
    run = Run(variant=BASELINE, seed=0, width=1, slot=0, dataset="mine", data_digest="d", engine=Engine(), numerics=1)
    own = OwnPart(kind="dataset", name="mine", source="a.py", sha256="0" * 64)
    assert dataclasses.replace(run, own_data=own).key == run.key


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("mine", "mine", "the loss 'mine' is registered already by a.py; take another name"),
        ("free", "bce", "the loss 'bce' is built in; take another name"),
    ],
)
def test_a_name_belongs_to_one_source(tmp_path: Path, first: str, second: str, message: str) -> None:
    own_parts.load([write(tmp_path, LOSS.format(name=first), "a.py")])
    before = {name: LOSSES[name] for name in LOSSES}
    with pytest.raises(ConfigError, match=message):
        own_parts.load([write(tmp_path, LOSS.format(name="third") + LOSS.format(name=second), "b.py")])
    assert {name: LOSSES[name] for name in LOSSES} == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nosuchmodule", r"^my_parts.py, line 1: ModuleNotFoundError: No module named 'nosuch"),
        ("a = 1\nb = )", r"SyntaxError: unmatched '\)' \(my_parts.py, line 2\)"),
        ("\nraise SystemExit(3)", r"my_parts.py, line 2: SystemExit: 3"),
        ("def f():\n    1 / 0\nf()", r"my_parts.py, line 2: ZeroDivisionError"),
        ("x = 'a' * 10**7\nprint(x)\nraise ValueError(x)", r"line 3: ValueError: a{400}$"),
    ],
)
def test_code_that_fails_is_told_in_a_sentence_with_its_line(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PartError, match=message) as caught:
        own_parts.load([write(tmp_path, text)])
    assert "\n" not in str(caught.value)
    assert own_parts.loaded() == ()
    assert capsys.readouterr().out == ""


def test_a_line_is_named_once(tmp_path: Path) -> None:
    """That of the mistake, and not that of the call by which it was noticed."""
    text = "from ablations.config.parts import register\n\ndef f(width): ...\n\nregister('generator', 'x', f)\n"
    with pytest.raises(PartError, match=r"^my_parts\.py, line 3: the parameter 'width' of the generator 'x' needs"):
        own_parts.load([write(tmp_path, text)])
    text = "class ConfigError(Exception): ...\n\nraise ConfigError('notes.txt, line 5: smudged')"
    with pytest.raises(PartError, match=r"^my_parts\.py, line 3: ConfigError: notes\.txt, line 5: smudged$"):
        own_parts.load([write(tmp_path, text)])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nosuch.py", "No such file"),
        ("parts.txt", "name a Python file"),
        ("package:nosuch", "unknown package of parts"),
    ],
)
def test_a_place_that_is_none_is_refused(place: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        own_parts.load([place])


def test_an_installed_package_is_named_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mypack").mkdir()
    write(tmp_path / "mypack", "", "__init__.py")
    write(tmp_path / "mypack", f"def enter():{LOSS.format(name='packed')}".replace("\n", "\n    "), "door.py")
    info = tmp_path / "mypack-1.0.dist-info"
    info.mkdir()
    write(info, "Metadata-Version: 2.1\nName: mypack\nVersion: 1.0\n", "METADATA")
    write(info, "[ablations.parts]\nmine = mypack.door:enter\n", "entry_points.txt")
    monkeypatch.syspath_prepend(str(tmp_path))
    [origin] = own_parts.load(["package:mine"])
    assert (origin.name, "packed" in LOSSES) == ("package:mine", True)
    write(tmp_path / "mypack", "more = 1", "other.py")
    sys.modules.pop("mypack.door")
    assert own_parts.load(["package:mine"])[0].sha256 != origin.sha256


def test_another_process_refuses_a_source_that_was_edited(tmp_path: Path) -> None:
    place = write(tmp_path, LOSS.format(name="one"))
    origins = own_parts.load([place])
    own_parts.ensure(origins)
    own_parts._forget(origins[0])
    own_parts._loaded.clear()
    own_parts.ensure(origins)
    assert "one" in LOSSES
    own_parts._forget(origins[0])
    own_parts._loaded.clear()
    write(tmp_path, LOSS.format(name="one") + "#")
    with pytest.raises(ConfigError, match=r"my_parts.py has changed since the plan was made.*run the study again"):
        own_parts.ensure(origins)


def test_a_network_takes_the_settings_that_its_function_names(tmp_path: Path) -> None:
    own_parts.load([write(tmp_path, NETWORKS)])
    said = {"discriminator.settings.width": "16", "discriminator.settings.sizes": "3,4", "discriminator.hidden": "5"}
    variant = BASELINE.override(MINE | said | {"discriminator.settings.flag": "yes"})
    assert dict(variant.discriminator.settings) == {"width": 16, "sizes": (3, 4), "flag": True}
    assert variant.discriminator.hidden == (5,)
    assert variant.discriminator.normalization == "none"  # which the baseline has, and this network does not read
    assert Variant.from_dict(variant.as_dict()) == variant
    assert variant.flat()["discriminator.settings.width"] == 16
    assert hash(variant) == hash(Variant.from_dict(variant.as_dict()))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (MINE | {"discriminator.settings.widht": 3}, "did you mean 'width'"),
        (MINE | {"discriminator.settings.width": "wide"}, "settings.width must be a whole number, not 'wide'"),
        (MINE | {"discriminator.dropout": 0.1}, r"does not read discriminator.dropout; its own settings: .*width"),
        (MINE | {"discriminator.settings.width": float("nan")}, "must be finite"),
        ({"discriminator.architecture": "only_g"}, "registered as a generator only; register a discriminator too"),
        ({"discriminator.settings.width": 3}, "architecture=mlp takes no settings of its own"),
        (MINE | {"conditional": True}, "generator.architecture=mine takes no classes"),
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, overrides: dict[str, object], message: str) -> None:
    own_parts.load([write(tmp_path, NETWORKS)])
    with pytest.raises(ConfigError, match=message):
        BASELINE.override(overrides)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(width): ...", r"my_parts.py, line 2: the parameter 'width' of the generator 'x' needs a default"),
        ("def f(a=[object()]): ...", "must be a number, a text"),
        ("f = 3", "must be a function that gives an nn.Module, or a class of them, not int"),
        (
            "from torch import nn\nf = nn.Linear(784, 1)",
            r"my_parts.py, line 4: the generator 'x' is a network already, a Linear; register its class or a function",
        ),
        ("def f(shape, /): ...", "line 2: 'shape' must be taken by name"),
        (
            "def f(shape, dropout=0.3): ...",
            r"line 2: the default 0.3 of 'dropout' would never be used: .*generator.dropout, which is 0.0 unless",
        ),
    ],
)
def test_what_makes_no_network_is_refused_when_it_is_registered(tmp_path: Path, text: str, message: str) -> None:
    door = "from ablations.config.parts import register\n"
    with pytest.raises(PartError, match=message):
        own_parts.load([write(tmp_path, f'{door}{text}\nregister("generator", "x", f)')])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "register('metric', 'x', print, better='smaller')",
            "better of the metric 'x': 'smaller'; did you mean 'lower'? (valid: higher, lower, neither)",
        ),
        (
            "register('extractor', 'x', print, replaces='readr')",
            "replaces of the extractor 'x': 'readr'; did you mean 'reader'? (valid: contrastive, reader)",
        ),
        (
            "register('output', 'x', print, image_range='[0, 1]')",
            "image_range of the output 'x': '[0, 1]' (valid: symmetric, unit)",
        ),
    ],
)
def test_a_fact_that_is_none_of_its_words_is_refused_when_it_is_registered(
    tmp_path: Path, call: str, message: str
) -> None:
    with pytest.raises(PartError) as caught:
        own_parts.load([write(tmp_path, f"from ablations.config.parts import register\n{call}\n")])
    assert str(caught.value) == f"my_parts.py, line 2: unknown value of {message}"


def test_a_source_that_was_sent_is_run_by_its_content_and_held_to_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "my_parts.py"
    good = b"from ablations.config.parts import register\nregister('loss', 'sent', 3, outputs=('logits',))\n"
    text = good.replace(b"sent", b"bad") + b"1 / 0\n"
    path.write_bytes(text)
    origin = Origin(
        name="my_parts.py", sha256=hashlib.sha256(good).hexdigest(), files=(str(path),), place=str(path), text=good
    )
    own_parts.ensure(own_parts.sent([origin]))
    assert "sent" in KINDS["loss"], "not what stands at that place here"
    own_parts.ensure(own_parts.sent([origin]))
    with pytest.raises(ConfigError, match=r"my_parts.py arrived with SHA-256 \w{12}, not"):
        own_parts.ensure(own_parts.sent([dataclasses.replace(origin, text=good + b"#", sha256="0" * 64)]))
    failing = dataclasses.replace(origin, text=text, sha256=hashlib.sha256(text).hexdigest())
    path.unlink()
    with pytest.raises(own_parts.PartError, match=r"my_parts.py, line 3: ZeroDivisionError"):
        own_parts.ensure(own_parts.sent([failing]))
    assert "bad" not in KINDS["loss"]
