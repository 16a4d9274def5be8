"""Stored stacks of other machines and of other widths count where they are accepted, whole or not at all."""

from __future__ import annotations

import dataclasses

from ablations.store import Archive
from ablations.store.records import trained_as
from tests.ablations.factories import make_result
from tests.ablations.small_study import STUDY, keys, plan


def test_whole_stacks_of_another_machine_count_where_they_are_accepted(archive: Archive) -> None:
    """A publication that goes on where the processor has another instruction set trains only what is missing."""
    here = plan(archive).conditions.engine
    other = dataclasses.replace(here, isa="avx2" if here.isa == "avx512" else "avx512")
    for job in plan(archive).jobs:
        runs = [dataclasses.replace(run, engine=other) for run in job.runs]
        for run in runs if job.variant.name == "base" else runs[:1]:
            archive.put(dataclasses.replace(make_result(job.variant), run=run))
    mine, theirs = plan(archive), plan(archive, accepted=((other, 3),))
    assert not mine.reused
    assert len(theirs.reused) == STUDY.seeds
    assert {job.variant.name for job in theirs.jobs} == {v.name for v in STUDY.variants} - {"base"}
    assert {job.runs[0].engine for job in theirs.jobs} == {mine.conditions.engine}, "half a stack is trained here whole"
    assert theirs.reused <= keys(theirs)
    assert not plan(archive, accepted=((other, 3),), fresh=True).reused
    longer = plan(archive, accepted=((other, 3),), evaluations=4)
    assert {job.runs[0].engine for job in longer.jobs} == {mine.conditions.engine}, "scored too rarely, trained here"
    assert trained_as(archive) == ((other, 3),)
    assert plan(archive, accepted=((mine.conditions.engine, 3), (other, 3))).members == theirs.members


def test_whole_stacks_of_another_width_count_where_they_are_accepted(archive: Archive) -> None:
    """Those of one variant were trained three seeds at once, those of another one by one but for the last seed."""
    wide, narrow = plan(archive, width=3), plan(archive, width=1)
    first, second = (variant.name for variant in STUDY.variants[:2])
    for job in narrow.jobs:
        if job.variant.name == first or (job.variant.name == second and job.runs[0].seed < 2):
            archive.put(dataclasses.replace(make_result(job.variant), run=job.runs[0]))
    engine = wide.conditions.engine
    assert trained_as(archive) == ((engine, 1),)
    mixed = plan(archive, width=3, accepted=((engine, 1),))
    of_first = {member.key for member in narrow.members if member.variant == first}
    assert mixed.reused == of_first <= keys(mixed)
    assert len(mixed.members) == len(wide.members)
    assert {job.variant.name for job in mixed.jobs} == {variant.name for variant in STUDY.variants} - {first}
    assert {len(job.runs) for job in mixed.jobs} == {3}, "of which a seed is missing is trained whole"
    for job in wide.jobs:
        for run in job.runs:
            archive.put(dataclasses.replace(make_result(job.variant), run=run))
    assert plan(archive, width=3, accepted=((engine, 1),)).members == wide.members, "one's own come first"
    assert plan(archive, width=2, accepted=((engine, 3),)).jobs, "three seeds are not two and two"
