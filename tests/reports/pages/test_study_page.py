import dataclasses
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from ablations.config import Study
from reports import words
from reports.analysis.findings import find
from reports.pages.old_and_new import page as old_and_new
from reports.pages.study_page import write
from tests.reports.factories import quick_study, recipes_study, stored
from tests.reports.pages.outline import Outline
from tests.reports.pages.page_text import text_of

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    statuses = {("sgd", 1): "diverged", ("sgd", 3): "diverged", ("cnn", 0): "interrupted"}
    material = stored(quick_study(), statuses=statuses, repeats=True)  # type: ignore[arg-type]
    return write(find(material, noise_floor=1.4), tmp_path_factory.mktemp("report") / "new" / "folder")


def test_the_page_is_well_formed_and_fetches_nothing(quick: Path) -> None:
    outline = Outline()
    outline.feed(quick.read_text())
    assert outline.open == []
    assert all(address.startswith("data:image/png;base64,") for address in outline.addresses)
    assert not re.search(r"https?://|@import|url\(", quick.read_text())
    assert quick.stat().st_size < 5_000_000


def test_the_answers_come_first_in_words(quick: Path) -> None:
    text = text_of(quick)
    places = [text.index(title) for title in (" Answers ", " Effects ", " Samples ", " Axis by axis ", " Every seed ")]
    assert places == sorted(places)
    assert re.search(
        r"worse Sigmoid instead of LeakyReLU S1-a at 1,000 steps balanced_frechet_10k higher by \d+ "
        r"\[\d+, [\d,]+\] \(\+\d+%\)",
        text,
    )
    assert "(sgd: 2 diverged of 5; baseline: none of 5; p = 1)" in text
    assert "4 scored seeds on one side, at least 5 are needed" in text
    assert "Real training images score 1.40" in text


def test_a_difference_is_split_and_needs_both_kinds_of_features(quick: Path) -> None:
    text = text_of(quick)
    sigmoid = text[text.index("Sigmoid instead of LeakyReLU") : text.index("No normalization instead")]
    for kind in ("the reader&#39;s features", "the label-free features"):
        assert re.search(
            kind + r" whole \+[\d,.]+ \[.*\] = images \+[\d,.]+ \[.*\] \+ class shares \+[\d,.]+ \[", sigmoid
        )
    assert "depends on the score" in text
    assert "images: better by the reader&#39;s features, no difference shown by the label-free features" in text
    contrasts = pd.read_csv(quick.parent / "contrasts.csv").set_index("treatment")
    row = contrasts.loc["sigmoid"]
    parts = row[["balanced_frechet_effect", "class_share_frechet_effect"]].sum()
    assert row.frechet_effect == pytest.approx(parts)
    assert row.effect == row.balanced_frechet_effect


def test_an_answer_that_is_none_says_what_more_seeds_would_cost(quick: Path) -> None:
    text = text_of(quick)
    assert "This study would have found a difference of" in text
    assert re.search(r"takes \d+ more seeds, about", text)
    assert re.search(r"Comparing seed by seed (saved \d+%|made intervals of this width take \d+% more|neither)", text)


def test_an_answer_says_how_it_came_about_over_training(quick: Path) -> None:
    text = text_of(quick)
    assert "along training: worse from step 200 to the end" in text
    assert len(re.findall("Effect along training", quick.read_text())) == 7


def test_a_study_with_looks_shows_the_path_of_each_interval(tmp_path: Path) -> None:
    study = dataclasses.replace(quick_study(seeds=14), looks=(5, 10, 14), reference_seeds=38)
    text = text_of(page := write(find(stored(study)), tmp_path))
    assert "over looks at 5, 10, 14 seeds" in text
    assert re.search(r"decided after \d looks?", text)
    assert "Interval by look" in page.read_text()


def test_old_results_of_one_kind_of_features_are_judged_and_say_so(tmp_path: Path) -> None:
    material = stored(quick_study())
    results = tuple(
        dataclasses.replace(
            result,
            evaluations=tuple(
                dataclasses.replace(item, metrics={"frechet_10k": item.metrics["frechet_10k"]})
                for item in result.evaluations
            ),
        )
        for result in material.results
    )
    text = text_of(write(find(dataclasses.replace(material, results=results)), tmp_path))
    assert "by one kind of features only" in text
    assert "the verdicts rest on frechet_10k alone" in text
    assert re.search(r"worse Sigmoid instead of LeakyReLU S1-a at 1,000 steps frechet_10k higher", text)


def test_every_run_is_there_with_its_key_and_the_command_that_repeats_it(quick: Path) -> None:
    text, runs = text_of(quick), pd.read_csv(quick.parent / "runs.csv")
    assert len(runs) == 40
    assert all(key in text for key in runs.key)
    assert "ablations run quick --only sgd --seeds 5 --steps 1000" in text


def test_failures_are_counted_with_their_wilson_interval(quick: Path) -> None:
    text = text_of(quick)
    assert "2 of 5 40% [12%, 77%]" in text
    assert "diverged: a loss was not finite at step 400 (2\N{MULTIPLICATION SIGN})" in text


def test_the_variance_is_told_apart_by_source(quick: Path) -> None:
    text = text_of(quick)
    section = text[text.index("Where the variance comes from") : text.index("Train a row again")]
    said = r"In the median variant 9\d\.\d% of the variance of frechet_10k from seed to seed comes from training: "
    assert re.search(said, section)
    assert re.search(r"conditional 5 [\d.]+ \[[\d.]+, [\d.]+\] [\d.]+ ", section)
    table = pd.read_csv(quick.parent / "variance.csv")
    assert table.groupby("variant").share.sum().to_numpy() == pytest.approx(1)
    assert table[table.variant == "sgd"].seeds.unique() == [3], "the two that diverged have no repeats"
    assert "## Where the variance comes from" in (quick.parent / "report.md").read_text()


def test_how_far_both_scores_vary_from_seed_to_seed_is_stated(quick: Path) -> None:
    heading = "From seed to seed The standard deviation over the training seeds"
    text, runs = text_of(quick), pd.read_csv(quick.parent / "runs.csv")
    section = text[text.index(heading) : text.index("Where the variance comes from")]
    own = runs[(runs.variant == "mse") & (runs.status == "finished")]
    both = own.frechet_10k.std(), own.score.std()
    row = " ".join(map(words.number, (*both, both[1] / both[0])))
    assert f"mse {len(own)} {row}" in section
    assert re.search(r"The second is [\d.]+ times the first \(geometric mean\)\.", section)
    markdown = (quick.parent / "report.md").read_text()
    assert f"| mse | {len(own)} | {row.replace(' ', ' | ')} |" in markdown
    assert markdown.index("## From seed to seed") < markdown.index("## Where the variance comes from")


def test_runs_without_repeated_scores_have_no_section_of_the_variance(tmp_path: Path) -> None:
    page = write(find(stored(recipes_study())), tmp_path)
    assert "Where the variance" not in page.read_text()
    assert not (tmp_path / "variance.csv").exists()
    few = write(find(stored(recipes_study(), repeats=True)), tmp_path)
    assert "too few seeds" in text_of(few)
    assert " nan" not in text_of(few)


def test_the_cost_is_told_in_all_and_by_variant(quick: Path) -> None:
    text, runs = text_of(quick), pd.read_csv(quick.parent / "runs.csv")
    section = text[text.index(" Cost ") : text.index("Train a row again")]
    total = runs.train_seconds.sum() + runs.evaluation_seconds.sum()
    assert f"All 40 runs together: {words.duration(total)} of computing (made up, 1 thread a process)" in section
    assert "baseline 4.0 s 4.00 ms 4.0 s 1.00\N{MULTIPLICATION SIGN} 0.50 s" in section
    assert "cnn 12 s 12.0 ms 12 s 3.00\N{MULTIPLICATION SIGN} 0.50 s" in section
    assert len(pd.read_csv(quick.parent / "cost.csv")) == 8
    assert "| cnn | 12 s | 12.0 ms | 12 s |" in (quick.parent / "report.md").read_text()


def test_the_tables_beside_the_page_hold_the_same_verdicts(quick: Path) -> None:
    contrasts = pd.read_csv(quick.parent / "contrasts.csv")
    assert contrasts.set_index("treatment").verdict["sigmoid"] == "worse"
    assert contrasts.set_index("treatment").verdict["cnn"] == "too few scores"
    markdown = (quick.parent / "report.md").read_text()
    assert "| Sigmoid instead of LeakyReLU | **worse** at 1,000 steps |" in markdown
    for name in ("evaluations.csv", "curves.csv"):
        assert len(pd.read_csv(quick.parent / name)) > 100


def test_every_table_is_there_as_csv_and_as_parquet(quick: Path) -> None:
    tables = sorted(quick.parent.glob("*.csv"))
    assert len(tables) == 6
    for path in tables:
        assert pd.read_parquet(path.with_suffix(".parquet")).to_csv(index=False) == path.read_text()


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    material = stored(recipes_study())
    one, other = write(find(material), tmp_path / "one"), write(find(material), tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


def test_a_crossed_study_shows_main_effects_and_interactions(tmp_path: Path) -> None:
    base = quick_study().variants[0]
    variants = tuple(
        base.override({"loss.criterion": loss, "conditional": conditional}, name=f"{loss}-{conditional}")
        for loss in ("bce", "mse")
        for conditional in (False, True)
    )
    study = Study(name="crossed", title="Crossed", description="", variants=variants)
    levels = {"bce-False": 100.0, "bce-True": 100.0, "mse-False": 100.0, "mse-True": 300.0}
    text = text_of(write(find(stored(study, scores=levels)), tmp_path))
    assert "cross all levels of 2 factors" in text
    assert re.search(r"loss MSE instead of BCE \+\d+", text)
    assert "conditional instead of unconditional, with MSE instead of BCE" in text


def test_the_files_beside_the_page_stand_alone(quick: Path) -> None:
    names = {path.stem for path in (quick.parent / "figures").glob("*.svg")}
    assert {"forest", "seeds", "profile", "optimizer-score", "normalization-d-loss"} <= names
    for path in (quick.parent / "figures").glob("*.svg"):
        root = ET.fromstring(path.read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert float(root.attrib["width"]) > 300
        if not path.stem.endswith("narrow"):
            with Image.open(path.with_suffix(".png")) as picture:
                assert picture.size[0] == 2 * float(root.attrib["width"])
    assert ">batch_norm</text>" in (quick.parent / "figures" / "normalization-d-loss.svg").read_text()
    with Image.open(quick.parent / "samples" / "cnn.png") as picture:
        assert picture.size == (289, 115)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_controls_work_in_a_browser(quick: Path, tmp_path: Path) -> None:
    """The slider swaps the samples, a button hides its variant, the pointer reads the curves: as the page tells."""
    clicks = """<script>{
      const slider = document.getElementById("point");
      slider.value = 0; slider.dispatchEvent(new Event("input"));
      document.querySelector("[data-toggle=sigmoid]").click();
      const seen = [...document.querySelectorAll(".grids img:not([hidden])")].map(i => i.dataset.step);
      const chart = document.querySelector("svg[data-x]"), box = chart.getBoundingClientRect();
      chart.dispatchEvent(new PointerEvent("pointermove", {clientX: box.right - 1, clientY: box.top + 9}));
      const read = document.getElementById("reading").innerText.replace(/\\s+/g, " ");
      const bars = [...document.querySelectorAll("#variance .bar")].map(bar => {
        const parts = [...bar.children].reduce((sum, part) => sum + part.getBoundingClientRect().width, 0);
        return Math.abs(parts - bar.getBoundingClientRect().width) < 1 && bar.firstChild.offsetWidth > 100;
      });
      const cost = [...document.querySelectorAll("#cost .bar i")].map(part => part.getBoundingClientRect().width);
      document.title = `steps ${new Set(seen).size === 1 && seen[0]} hidden ${document.querySelectorAll(".off").length}`
        + ` bars ${bars.length} ${bars.every(Boolean)} dearest ${cost.indexOf(Math.max(...cost))}`
        + ` wide ${document.documentElement.scrollWidth <= window.innerWidth} read ${read}`;
    }</script></body>"""
    page = tmp_path / "clicked.html"
    page.write_text(quick.read_text().replace("</body>", clicks))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += [
        "--disable-background-networking",
        "--disable-component-update",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    line = [str(CHROMIUM), *flags, "--window-size=500,1200", "--dump-dom", page.as_uri()]
    dom = subprocess.run(line, capture_output=True, text=True, timeout=100, check=True).stdout
    # Six figures of the axis, one of which draws the variant twice.
    assert "<title>steps 0 hidden 7 bars 8 true dearest 7 wide true read at 1,000 baseline 205 mse 260</title>" in dom


def test_the_page_on_the_old_score_has_a_row_a_contrast_and_a_row_a_variant() -> None:
    study = quick_study()
    text = old_and_new(find(stored(study)))
    assert text.count("\n| ") == 2 * 2 + len(study.contrasts) + len(study.variants)
    assert f"of {len(study.contrasts)} verdicts differ" in text
    assert "`frechet_10k`" in text
    assert "`balanced_frechet_10k`" in text
