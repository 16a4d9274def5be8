"""Claims of one's own: read from a study file, refused where no run could answer them, answered in the report."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from ablations.catalog.claims.answerable import check_answerable
from ablations.cli import main
from ablations.commands.study_files import read_study
from ablations.config import Study
from ablations.config.claim import Check, Claim, Curve, Value
from ablations.config.errors import ConfigError
from ablations.execution.options import Options, customized
from reports.analysis.findings import find
from reports.pages.study_page import write
from tests.reports import factories

TEST: dict[str, Any] = {"says": "s", "measure": {"of": "wide"}, "expect": "lower", "against": {"of": "plain"}}
VARIANTS = [{"name": name, "base": "baseline", "steps": 100} for name in ("plain", "wide")]


def tree(*tests: dict[str, Any], **claim: Any) -> dict[str, Any]:
    row = {"name": "C-1", "text": "wide is better", "tests": list(tests or [TEST])} | claim
    return {"name": "mine", "title": "t", "description": "d", "evaluations": 2, "variants": VARIANTS, "claims": [row]}


def read(folder: Path, said: Any) -> Study:
    path = folder / "study.json"
    path.write_text(json.dumps(said))
    return read_study(path)


def test_json_and_toml_say_the_same_claims(tmp_path: Path) -> None:
    curve = {"of": "wide", "curve": "d_loss", "start": 0.9}
    ours = read(tmp_path, tree(TEST, TEST | {"measure": curve, "against": 1, "setting": "late"}, rule="every case"))
    toml = tmp_path / "study.toml"
    toml.write_text(
        'name = "mine"\ntitle = "t"\ndescription = "d"\nevaluations = 2\n'
        + "".join(f'[[variants]]\nname = "{name}"\nbase = "baseline"\nsteps = 100\n' for name in ("plain", "wide"))
        + '[[claims]]\nname = "C-1"\ntext = "wide is better"\nrule = "every case"\n'
        '[[claims.tests]]\nsays = "s"\nmeasure = { of = "wide" }\nexpect = "lower"\nagainst = { of = "plain" }\n'
        '[[claims.tests]]\nsays = "s"\nsetting = "late"\nmeasure = { of = "wide", curve = "d_loss", start = 0.9 }\n'
        'expect = "lower"\nagainst = 1\n'
    )
    assert read_study(toml) == ours
    assert ours.claims == (
        Claim(
            name="C-1",
            text="wide is better",
            rule="every case",
            tests=(
                Check(says="s", measure=Value(of="wide"), expect="lower", against=Value(of="plain")),
                Check(
                    setting="late", says="s", measure=Curve(of="wide", curve="d_loss", start=0.9),
                    expect="lower", against=1.0,
                ),
            ),
        ),
    )  # fmt: skip
    assert Study.from_dict(json.loads(json.dumps(ours.as_dict()))) == ours
    assert "claims" not in dataclasses.replace(ours, claims=()).as_dict(), "stored studies without claims keep theirs"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (tree(TEST | {"measure": {"of": "wid"}}), r"variant in claim 'C-1' .* 'wid'; did you mean 'wide'"),
        (tree(TEST | {"measure": {"of": "wide", "same_seconds": "plane"}}), "'plane'; did you mean 'plain'"),
        (tree(TEST | {"measure": {"of": "wide", "metric": "recal"}}), r"in claims\[0\].tests\[0\] \(C-1: s\): measure"),
        (tree(TEST | {"measure": {"of": "wide", "metric": "recal"}}), "'recal'; did you mean 'recall'"),
        (tree(TEST | {"against": {"of": "wide", "curve": "dloss"}}), "against: 'dloss'; did you mean 'd_loss'"),
        (tree(TEST | {"measure": {"of": "wide", "step": 70}}), "not scored at step 70 but at 0, 50, 100; add it to"),
        (tree(TEST | {"measure": {"of": "wide", "step": 700}}), "give the variant more steps"),
        (tree(TEST | {"measure": {"of": "wide", "step": -1}}), "step must be 0 or more, not -1"),
        (tree(TEST | {"measure": {"of": "wide", "curve": "d_loss", "start": 1.5}}), "0 <= start < stop <= 1, not 1.5"),
        (tree(TEST | {"measure": {"of": "wide", "metrik": "recall"}}), "measure: 'metrik'; did you mean 'metric'"),
        (tree(TEST | {"measure": {"metric": "recall"}}), r"claims\[0\].tests\[0\].measure lacks 'of'"),
        (tree(TEST | {"measure": "wide"}), "measure must be a mapping of settings, not 'wide'"),
        (tree(TEST | {"against": "much"}), "against must be a number, not 'much'"),
        (tree(TEST | {"against": None}), "against must be a number, not None"),
        (tree(TEST | {"expect": "less"}), r"value of study.claims\[0\].tests\[0\].expect: 'less'"),
        (tree(TEST | {"expect": "among"}), "`against` must be a number"),
        (tree(TEST | {"says": ""}), "its `says` is empty"),
        (tree({key: value for key, value in TEST.items() if key != "against"}), r"tests\[0\] lacks 'against'"),
        (tree(rule="any case"), r"rule: 'any case'; did you mean"),
        (tree(tests=[]), "the claim 'C-1' has no tests"),
        (tree(name="a/b"), "claim name 'a/b': names have"),
        (tree() | {"claims": [*tree()["claims"], *tree()["claims"]]}, "more than one claim named 'C-1'"),
        (tree() | {"claims": {"name": "x"}}, "study.claims"),
    ],
)  # fmt: skip
def test_a_claim_that_no_run_could_answer_is_refused(tmp_path: Path, said: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(tmp_path, said)
    assert "\n" not in str(caught.value)


def test_the_way_out_of_an_unscored_step_is_one(tmp_path: Path) -> None:
    asked = tree(TEST | {"measure": {"of": "wide", "step": 70}}) | {"scored_steps": [70]}
    check_answerable(read(tmp_path, asked))


def test_a_study_made_shorter_or_narrower_is_still_run(tmp_path: Path) -> None:
    """`--steps` and `--only` leave claims without an answer, not without a run."""
    study = read(tmp_path, tree(TEST | {"measure": {"of": "wide", "step": 50}}))
    assert customized(study, Options(steps=4)).claims == study.claims
    assert study.restricted(["plain"]).claims == ()


def claimed() -> Study:
    better = Check(says="a CNN scores better", measure=Value(of="cnn"), expect="lower", against=Value(of="baseline"))
    worse = dataclasses.replace(better, says="SGD does", setting="sgd", measure=Value(of="sgd"))
    late = Check(
        says="D's loss stays",
        measure=Curve(of="cnn", curve="d_loss", start=0.9),
        expect="higher",
        against=0.1,
    )
    lost = Check(says="at step 7", measure=Value(of="cnn", step=7), expect="lower", against=0.1)
    rows = {"good": (better, late), "bad": (worse,), "both": (better, worse), "unknown": (lost,)}
    claims = [Claim(name=name, text=f"It is {name} | <so>.", tests=tests) for name, tests in rows.items()]
    some = Claim(name="once", text="Once.", rule="some case", tests=(better, worse))
    return dataclasses.replace(factories.quick_study(), claims=(*claims, some))


def test_the_report_answers_them(tmp_path: Path) -> None:
    found = find(factories.stored(claimed()))
    answers = {item.claim.name: item.answer for item in found.claims}
    assert answers == {
        "good": "confirmed", "bad": "refuted", "both": "depends", "once": "confirmed",
        "unknown": "cannot be tested here",
    }  # fmt: skip
    page = write(found, tmp_path).read_text()
    assert page.index('id="answers"') < page.index('id="claims"') < page.index('id="samples"')
    for name in answers:
        assert f'id="{name}"' in page
    assert "It is good | &lt;so&gt;." in page
    assert "no finished run of cnn has this score at step 7" in page
    assert "Of some case: confirmed where one test speaks for it" in page
    assert "The 4 tests of this section share one error of 5%" in page
    markdown = (tmp_path / "report.md").read_text()
    assert "| [good](#good) | It is good / <so>. | **confirmed** |" in markdown
    assert "### both\n" in markdown
    assert "<b>" not in markdown
    table = pd.read_csv(tmp_path / "claims.csv")
    assert len(table) == sum(len(claim.tests) for claim in claimed().claims)
    under_sgd = table.dropna(subset="sgd").groupby("claim").sgd.unique().map(list).to_dict()
    assert under_sgd == {"bad": ["refuted"], "both": ["refuted"], "once": ["refuted"]}
    assert 'id="claims"' not in write(find(factories.stored(factories.quick_study())), tmp_path / "without").read_text()


def test_list_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text(json.dumps(tree()))
    shown = CliRunner().invoke(main, ["list", str(path)])
    assert "wide is better" in shown.output
