"""Making secrets, and what the database keeps of them.

The secrets are random with at least 256 bits, so a plain hash protects them: there is nothing to guess, and salting or
stretching it would only slow every request down (NIST SP 800-63B, section 5.1.2.2,
https://pages.nist.gov/800-63-3/sp800-63b.html#lookupsecrets). Pairing codes have 50 bits, and minutes to live.
"""

from __future__ import annotations

import hashlib
import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that are hard to mix up: https://www.crockford.com/base32.html."""

_FORGIVEN = str.maketrans({"-": None, " ": None, "O": "0", "I": "1", "L": "1"})


def fresh(prefix: str) -> str:
    """Return a new secret that starts with `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is stored of `secret`; defined for every string, lone surrogates included."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def fresh_code() -> str:
    """Return a new pairing code, such as ``7QK2M-0XW9T``."""
    letters = "".join(secrets.choice(CROCKFORD) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def code_digest(code: str) -> str:
    """Return what is stored of a pairing code, however a person typed it."""
    return digest(code.strip().upper().translate(_FORGIVEN))


def fresh_id(kind: str) -> str:
    """Return a new id such as ``key_3f9c1a7be2d04c58``; not a secret."""
    return f"{kind}_{secrets.token_hex(8)}"
