"""Passwords: what the pool's policy asks of them, how they are kept, and how guessing is slowed."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass

# 16 MiB and about 50 ms a guess: enough for accounts that never leave this machine.
COST, BLOCK, LANES = 2**14, 8, 1

# Compared with when nobody has the name, so that the answer takes as long as for somebody.
NOBODYS_HASH = f"scrypt${COST}${BLOCK}${LANES}$AAAA$AAAA"

# docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
SYMBOLS = set("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")


@dataclass(frozen=True)
class PasswordPolicy:
    """Policies.PasswordPolicy of the pool."""

    minimum_length: int
    uppercase: bool
    lowercase: bool
    numbers: bool
    symbols: bool

    def missing(self, password: str) -> list[str]:
        """What a password still lacks, in words; empty when it satisfies the policy."""
        asked = [
            (len(password) >= self.minimum_length, f"at least {self.minimum_length} characters"),
            (not self.uppercase or any(c.isupper() for c in password), "an upper-case letter"),
            (not self.lowercase or any(c.islower() for c in password), "a lower-case letter"),
            (not self.numbers or any(c.isdigit() for c in password), "a digit"),
            (not self.symbols or any(c in SYMBOLS for c in password), "a symbol"),
        ]
        return [words for satisfied, words in asked if not satisfied]


def hash_password(password: str) -> str:
    """A salted scrypt hash that carries its own parameters: scrypt$n$r$p$salt$hash."""
    salt = os.urandom(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=LANES)
    parts = ["scrypt", str(COST), str(BLOCK), str(LANES)]
    return "$".join(parts + [base64.b64encode(data).decode() for data in (salt, digest)])


def password_matches(password: str, hashed: str) -> bool:
    _, n, r, p, salt, digest = hashed.split("$")
    found = hashlib.scrypt(
        password.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p)
    )
    return hmac.compare_digest(found, base64.b64decode(digest))


class Lockout:
    """Cognito's answer to guessing, by sign-in name, whether or not somebody has that name.

    After five failures the name is locked for 1 s, and twice as long after each further one, up to
    15 minutes; attempts while it is locked are not counted; signing in, or 15 minutes without an
    attempt, forgets it all (developerguide/authentication.html, "Lockout behavior for failed
    sign-in attempts").
    """

    FREE, LONGEST = 5, 15 * 60

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float, float]] = {}  # name: count, locked until, last

    def locked(self, name: str, now: float) -> bool:
        _, until, _ = self._failures.get(name, (0, 0.0, 0.0))
        return now < until

    def failed(self, name: str, now: float) -> None:
        # Names that nobody tried for a while go first, so that guessing names cannot fill memory.
        self._failures = {
            key: entry for key, entry in self._failures.items() if now - entry[2] < self.LONGEST
        }
        count = self._failures.get(name, (0, 0.0, 0.0))[0] + 1
        seconds = min(2 ** (count - self.FREE), self.LONGEST) if count >= self.FREE else 0
        self._failures[name] = (count, now + seconds, now)

    def succeeded(self, name: str) -> None:
        self._failures.pop(name, None)
