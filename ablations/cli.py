"""The command line. Exit codes: 0 done, 1 some run failed, 2 bad input, 130 interrupted.

Every command lives in its own module of `ablations.commands` and imports the libraries it needs when it runs, so that
`--help` is immediate.
"""

from __future__ import annotations

import errno
import traceback
from typing import Any

import click

from ablations import __version__
from ablations.commands import (
    by_eye,
    certify,
    check,
    claims,
    classifier,
    compare,
    data,
    doctor,
    extractor,
    extractor_seeds,
    gallery,
    listing,
    mirror,
    new,
    publish,
    report,
    rescore,
    run,
    sample,
    sanity,
    score,
    search,
    tune,
    ui,
    verify,
)
from ablations.commands.shared import TRACEBACK
from ablations.config.errors import UserError, nearest
from ablations.config.secrets import without_secret


class Refusal(click.ClickException):
    """A user's mistake, as click shows it."""

    exit_code = UserError.exit_code


class Commands(click.Group):
    """A group that tells a user's mistake in one line and exits 2, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            if ctx.meta.get(TRACEBACK):
                click.echo(without_secret("".join(traceback.format_exception(error))), err=True, nl=False)
            raise Refusal(str(error)) from error
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            raise Refusal(f"cannot write the output: {error.strerror}; what was stored stays stored") from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(130) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.commands:
            hint = nearest(name, self.commands)
            raise click.UsageError(f"unknown command {name!r}{hint} (valid: {', '.join(self.commands)})", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ablations")
def main() -> None:
    """Reproducible ablations of GANs on MNIST: train the variants of a study under the same seeds, score them, and
    report which choices made the GAN better.
    """


for module in (
    listing,
    run,
    sample,
    gallery,
    sanity,
    report,
    compare,
    claims,
    publish,
    ui,
    mirror,
    new,
    verify,
    score,
    rescore,
    search,
    tune,
    certify,
    by_eye,
    check,
    data,
    classifier,
    extractor,
    extractor_seeds,
    doctor,
):
    main.add_command(module.command)


if __name__ == "__main__":
    main()
