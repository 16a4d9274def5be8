"""The number of the numerics: it changes where, and only where, a change of the code changes the bits of a training.

It is part of every training's identity, in place of a digest of source text: code can be moved, renamed and cleaned
without losing a stored run. `nox -s bits -- --against REV` trains what the catalog names for a few dozen steps with
both trees and refuses a changed bit without a new number, and a new number without a changed bit.
"""

NUMERICS = 3
