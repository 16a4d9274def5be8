from ablations.config import Contrast, Study
from reports.analysis.grouping import axes
from reports.figures.palette import HUES, Style, styles
from tests.reports.factories import quick_study, recipes_study


def test_the_reference_is_ink_and_variants_drawn_together_differ() -> None:
    study = quick_study()
    given = styles(study)
    assert given["baseline"] == Style(0)
    for names in axes(study).values():
        assert len({given[name] for name in names}) == len(names)


def test_hues_serve_once_before_they_serve_twice() -> None:
    given = styles(quick_study())
    assert len({style.hue for style in given.values()}) == HUES + 1
    assert all(style.dash == 0 for style in given.values())


def test_more_variants_on_one_axis_than_hues_get_dashes() -> None:
    base = quick_study().variants[0]
    names = [f"v{i}" for i in range(20)]
    study = Study(
        name="many",
        title="Many",
        description="",
        variants=(base, *(base.override({}, name=name) for name in names)),
        contrasts=tuple(Contrast(axis="a", question=n, treatment=n, reference="baseline") for n in names),
    )
    given = styles(study)
    assert len(set(given.values())) == 21


def test_an_axis_lists_its_reference_first_and_nobody_twice() -> None:
    assert axes(quick_study())["normalization"] == ["baseline", "no_norm", "batch_norm"]
    assert axes(recipes_study()) == {"": ["S0", "S1", "S2", "S4"]}
