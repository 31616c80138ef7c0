"""A stand-in for the Puter services, for tests: the API origin and the sign-in page.

It speaks what the real ones were recorded to speak (tests/data/puter/emulator-exchanges.json) and misbehaves on
request: the model named in a call decides (models.py). ``python -m puter_emulator`` in tests/e2e runs it by hand.
"""

from .emulator import Call, PuterEmulator, SignIn
from .models import piece, pieces

__all__ = ["Call", "PuterEmulator", "SignIn", "piece", "pieces"]
