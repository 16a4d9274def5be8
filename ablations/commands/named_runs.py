"""What a user calls stored runs: STUDY/VARIANT, VARIANT, or the beginning of a key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablations.store import Archive
    from ablations.store.result import Result

KEY = re.compile(r"[0-9a-f]{6,20}")


def find_runs(archive: Archive, name: str, study: str | None) -> tuple[str, list[Result]]:
    """What a name stands for, and the runs behind it.

    Raises:
        ConfigError: nothing is called so (with the nearest name), or several things are.
    """
    from ablations.config.errors import ConfigError, unknown

    if "/" in name or study is not None:
        within, _, variant = name.rpartition("/")
        return _variant(archive, within or study or "", variant)
    known = {name: [v.name for v in archive.study(name).variants] for name in archive.studies()}
    having = [study for study, variants in known.items() if name in variants]
    if len(having) == 1:
        return _variant(archive, having[0], name)
    if having:
        raise ConfigError(f"several studies have a variant {name!r}: say {' or '.join(f'{s}/{name}' for s in having)}")
    if (key := whole_key(archive, name)) is not None:
        return f"run {key}", [archive.get(key, weights=False)]
    raise unknown("variant or run:", name, sorted({v for variants in known.values() for v in variants}))


def whole_key(archive: Archive, beginning: str) -> str | None:
    """The key that begins so; None where none does.

    Raises:
        ConfigError: several do.
    """
    from ablations.config.errors import ConfigError

    keys = archive.keys(beginning) if KEY.fullmatch(beginning) else ()
    if len(keys) > 1:
        raise ConfigError(f"{len(keys)} runs have keys that begin with {beginning}: give more of it")
    return keys[0] if keys else None


def _variant(archive: Archive, study: str, variant: str) -> tuple[str, list[Result]]:
    from ablations.config.errors import unknown

    stored = archive.read(study, only=(variant,), curves=False)
    names = [item.name for item in stored.study.variants]
    if variant not in names:
        raise unknown(f"variant of study {study!r}:", variant, names)
    return f"{study}/{variant}", [item for item in stored.results if item.run.variant.name == variant]


def find_run(archive: Archive, name: str, study: str | None, seed: int | None) -> Result:
    """One run, with its weights: the one that is named, or of a variant that of a seed, by default the first there is.

    Raises:
        ConfigError: nothing is called so, or the variant has no run of that seed.
    """
    from ablations.config.errors import ConfigError

    called, runs = find_runs(archive, name, study)
    chosen = [item for item in runs if seed in (None, item.run.seed)]
    if not chosen:
        seeds = ", ".join(str(item.run.seed) for item in runs)
        there = f"there are those of the seeds {seeds}" if runs else "it has none of any seed: train it first"
        raise ConfigError(f"{called} has no {'run' if seed is None else f'run of seed {seed}'}; {there}")
    return archive.get(chosen[0].key)
