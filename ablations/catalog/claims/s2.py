"""What S2 claims and prints."""

from __future__ import annotations

from ablations.catalog.claims.checks import Setting, check, falls, mostly
from ablations.config.claim import Check, Claim, Curve

_STEPS = 40_000
_WINDOW = 500


def _printed(setting: Setting, says: str, variant: str, name: str, step: int, printed: float) -> Check:
    """The mean over the last 500 steps before a step of the full-length run equals a printed figure within 10%."""
    curve = Curve(of=variant, curve=name, start=(step - _WINDOW) / _STEPS, stop=step / _STEPS)
    return check(setting, says, curve, "equal", printed)


CLAIMS = (
    Claim(
        name="S2-a",
        text="Maximising log D(G(z)) avoids the vanishing gradient that log(1 - D(G(z))) has early in training.",
        tests=(
            check(
                "harness",
                "G's gradient in the first tenth is smaller with log(1 - D(G(z)))",
                Curve(of="axes/saturating", curve="g_grad_norm", stop=0.1),
                "lower",
                Curve(of="axes/baseline", curve="g_grad_norm", stop=0.1),
            ),
        ),
        reading="It is about gradients early in training, not about the final score.",
    ),
    Claim(
        name="S2-b",
        text="G and D grow stronger together.",
        tests=(
            falls("document", "S2: G's score is lower at the end than at half time", "recipes/s2", 20_000),
            mostly("document", "S2: D tells real from fake better than a coin at the end", "recipes/s2", "d_accuracy"),
        ),
        reading=(
            "G grows if its score still falls; D grows with it if it still tells them apart although the fakes have "
            "become better. D of one time against G of another is not among these tests."
        ),
    ),
    Claim(
        name="S2-printed",
        kind="figures",
        text="At step 2,000, mean losses over the last 500 steps: G 1.7751, D 0.1973.",
        tests=(
            _printed("document", "z of 64: G's loss within 10% of 1.7751", "recipes/s2", "g_loss", 2_000, 1.7751),
            _printed("document", "z of 64: D's loss within 10% of 0.1973", "recipes/s2", "d_loss", 2_000, 0.1973),
        ),
        reading=(
            "S2 is silent on optimizer, rate, batch and latent size; the recipe's were chosen because they give these "
            "two figures, so that this is a check of the code, not of the document."
        ),
    ),
    Claim(
        name="S2-printed-40k",
        kind="figures",
        text="At step 40,000, mean losses over the last 500 steps: G 2.2366, D 0.3085.",
        tests=(
            _printed("document", "z of 64: G's loss within 10% of 2.2366", "recipes/s2", "g_loss", 40_000, 2.2366),
            _printed("document", "z of 64: D's loss within 10% of 0.3085", "recipes/s2", "d_loss", 40_000, 0.3085),
        ),
        reading="Nobody fitted the settings to these: the same runs as for step 2,000, trained on.",
    ),
)
