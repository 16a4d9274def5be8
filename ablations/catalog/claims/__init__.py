"""What the five documents claim, ask and print (S0-a to S4-b), and the tests that answer it: rows of data, a file a
document.

A test compares, seed by seed, a number of one variant's runs with a number of another's, or with a constant. It states
what the claim would have it be; the report says whether it is so, and how sure that is. The tests are written down
before the runs are trained whose scores they read; the page of the answers names the commit.
"""

from __future__ import annotations

from ablations.catalog.claims import s0, s1, s2, s3, s4
from ablations.config.claim import Claim

CLAIMS: tuple[Claim, ...] = (*s0.CLAIMS, *s1.CLAIMS, *s2.CLAIMS, *s3.CLAIMS, *s4.CLAIMS)
