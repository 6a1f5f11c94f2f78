"""What the pool knows beside the template: keys, users, and who is signed in.

Three files, because their writers differ: `keys.json` is written once, `users.json` by whoever adds
a user, also while the stack runs (so it is read afresh each time), `grants.json` by the running
pool. Codes and browser sessions live for minutes and stay in memory. The
store outlives an app that an edited template replaces.
"""

import hashlib
import json
import os
import secrets
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from local.pool.authorize import AuthorizationRequest
from local.pool.passwords import Lockout, PasswordPolicy, hash_password, password_matches

CODE_SECONDS = 5 * 60  # developerguide/authorization-endpoint.html
SESSION_SECONDS = 60 * 60  # developerguide/cognito-user-pools-managed-login.html
DAY = 24 * 60 * 60


class StoreError(Exception):
    """A file of the store cannot be used; the message says which and what to do."""


class UserRefusedError(Exception):
    """A user cannot be added; the message says why, for the person who asked."""


@dataclass(frozen=True)
class User:
    """A user; the user name is `sub`, as in every pool whose UsernameAttributes are [email]."""

    sub: str
    email: str
    password_hash: str
    email_verified: bool = True  # an administrator adds users, and vouches for the address


@dataclass
class Grant:
    """What one sign-in gave one client: its refresh tokens are one family, revoked as one."""

    id: str  # origin_jti of every token of the family
    sub: str
    client_id: str
    scopes: list[str]
    auth_time: int
    expires: float  # rotation does not extend it
    refresh_tokens: dict[str, float | None] = field(default_factory=dict)
    """SHA-256 of each refresh token: when it was rotated out, None while it is the current one."""


@dataclass(frozen=True)
class Session:
    """A browser that signed in on the login domain; `id` is its cookie."""

    id: str
    sub: str
    auth_time: int


@dataclass
class Code:
    """An authorization code; it is kept after use, so that a replay is known for one."""

    request: AuthorizationRequest
    session: Session
    expires: float
    redeemed: bool = False
    grant_id: str | None = None


class PoolStore:
    """The pool's state under a folder. Every file is written whole, with mode 600.

    `clock` gives seconds since the epoch. Raises StoreError when a file cannot be read.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.now = clock
        self.lockout = Lockout()
        self.codes: dict[str, Code] = {}
        self._sessions: dict[str, Session] = {}
        # ID and access tokens have a key each, as in Cognito: developerguide/
        # amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
        self._keys = self._read("keys.json")
        if not self._keys:
            self._keys = {use: _new_key() for use in ("id", "access")}
            self._write("keys.json", self._keys)
        self._grants = self._read_as(Grant, "grants.json")

    @cached_property
    def keys(self) -> dict[str, RSAKey]:
        """The signing keys by the use of a token: "id" and "access". Reading them takes longer
        than adding a user, who needs none."""
        return {use: RSAKey.import_key(key) for use, key in self._keys.items()}

    # Users

    def create_user(self, email: str, password: str, policy: PasswordPolicy) -> User:
        """Add a user; raises UserRefusedError."""
        if "@" not in email:
            raise UserRefusedError(f"{email} is not an email address.")
        if self.user_named(email, case_sensitive=False):
            raise UserRefusedError(f"{email} has an account already.")
        if missing := policy.missing(password):
            raise UserRefusedError(f"The password lacks {', '.join(missing)}.")
        return self._save_user(User(str(uuid.uuid4()), email, hash_password(password)))

    def ensure_user(self, email: str, password: str) -> User:
        """The user with this password, made or changed as needed; for the stack's own demo user."""
        user = self.user_named(email, case_sensitive=False)
        if user and password_matches(password, user.password_hash):
            return user
        sub = user.sub if user else str(uuid.uuid4())
        return self._save_user(User(sub, email, hash_password(password)))

    def user_named(self, email: str, case_sensitive: bool) -> User | None:
        for user in self._read_as(User, "users.json").values():
            if user.email == email:
                return user
            if not case_sensitive and user.email.casefold() == email.casefold():
                return user
        return None

    def user(self, sub: str) -> User | None:
        return self._read_as(User, "users.json").get(sub)

    def _save_user(self, user: User) -> User:
        self._write("users.json", {**self._read("users.json"), user.sub: asdict(user)})
        return user

    # Browser sessions and codes

    def open_session(self, sub: str) -> Session:
        """Remember a browser for an hour."""
        now = self.now()
        self._sessions = {
            cookie: session
            for cookie, session in self._sessions.items()
            if now < session.auth_time + SESSION_SECONDS
        }
        session = Session(secrets.token_urlsafe(32), sub, int(now))
        self._sessions[session.id] = session
        return session

    def session(self, cookie: str) -> Session | None:
        session = self._sessions.get(cookie)
        if session is None or self.now() >= session.auth_time + SESSION_SECONDS:
            return None
        return session

    def close_session(self, cookie: str) -> None:
        self._sessions.pop(cookie, None)

    def issue_code(self, request: AuthorizationRequest, session: Session) -> str:
        now = self.now()
        self.codes = {value: code for value, code in self.codes.items() if now < code.expires}
        value = str(uuid.uuid4())
        self.codes[value] = Code(request, session, expires=now + CODE_SECONDS)
        return value

    # Grants

    def open_grant(self, code: Code, seconds: int) -> Grant:
        grant = Grant(
            id=str(uuid.uuid4()),
            sub=code.session.sub,
            client_id=code.request.client_id,
            scopes=list(code.request.scopes),
            auth_time=code.session.auth_time,
            expires=self.now() + seconds,
        )
        self._grants[grant.id] = grant
        return grant

    def grant(self, grant_id: str) -> Grant | None:
        return self._grants.get(grant_id)

    def grant_of(self, refresh_token: str) -> Grant | None:
        """The grant that a refresh token belongs to, current or rotated out."""
        digest = digest_of(refresh_token)
        return next((g for g in self._grants.values() if digest in g.refresh_tokens), None)

    def add_refresh_token(self, grant: Grant) -> str:
        """A new current refresh token of a grant. The store keeps only its hash."""
        token = secrets.token_urlsafe(64)
        grant.refresh_tokens[digest_of(token)] = None
        self._save_grants()
        return token

    def is_rotated_out(self, grant: Grant, refresh_token: str, grace: int) -> bool:
        """Whether a token of the grant was replaced at least `grace` seconds ago."""
        since = grant.refresh_tokens[digest_of(refresh_token)]
        return since is not None and self.now() >= since + grace

    def rotate(self, grant: Grant, refresh_token: str) -> str:
        """A new refresh token in place of this one; its grace period starts with its first use."""
        digest = digest_of(refresh_token)
        if grant.refresh_tokens[digest] is None:
            grant.refresh_tokens[digest] = self.now()
        return self.add_refresh_token(grant)

    def revoke(self, grant: Grant) -> None:
        self._grants.pop(grant.id, None)
        self._save_grants()

    def _save_grants(self) -> None:
        # An access token may outlive its grant's refresh tokens by a day at most.
        self._grants = {
            key: grant for key, grant in self._grants.items() if self.now() < grant.expires + DAY
        }
        self._write("grants.json", {key: asdict(grant) for key, grant in self._grants.items()})

    # Files

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            read = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StoreError(f"{path} is not JSON. Delete it to start it afresh.") from error
        if not isinstance(read, dict):
            raise StoreError(f"{path} holds no JSON object. Delete it to start it afresh.")
        return read

    def _read_as[T](self, kind: Callable[..., T], name: str) -> dict[str, T]:
        try:
            return {key: kind(**fields) for key, fields in self._read(name).items()}
        except TypeError as error:
            raise StoreError(
                f"{self.folder / name} is of another version. Delete it to start it afresh."
            ) from error

    def _write(self, name: str, content: dict[str, Any]) -> None:
        # mkstemp gives mode 600; the rename makes the change whole or not at all.
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=name)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=1)
        Path(temporary).replace(self.folder / name)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _new_key() -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return dict(key.as_dict(private=True))
