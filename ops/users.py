"""`make create-user EMAIL= [STACK=]`: a person who may sign in, or a new password for one.

The password is asked for twice, or made up (--generate); it never stands on a command line, where
every program of the machine could read it. --invite lets Cognito mail a temporary one instead.
"""

import getpass
import os
import secrets
import string
import sys
from typing import Any, Protocol

import click

from local.demo import DEMO_EMAIL
from local.errors import TemplateError
from local.parameters import read_parameters
from local.physical_ids import Origins
from local.pool import PoolConfig, PoolStore
from local.pool.passwords import PasswordPolicy
from local.pool.store import StoreError, UserRefusedError
from local.template import load
from ops import options
from ops.outputs import ROOT, is_local, read_outputs, state_folder

GENERATED_LENGTH = 20
_ALPHABET = string.ascii_letters + string.digits + "-_"


class Pool(Protocol):
    """What this command needs of a user pool, local or deployed."""

    policy: PasswordPolicy

    def has(self, email: str) -> bool:
        """Whether the address has an account."""

    def create(self, email: str, password: str) -> None:
        """Add an account that signs in with this password."""

    def reset(self, email: str, password: str) -> None:
        """Give an account this password."""

    def invite(self, email: str) -> None:
        """Add an account, or take it as it is, and mail a temporary password to it."""


class LocalPool:
    """The pool of the state folder. A stack that runs reads its users afresh at each sign-in.
    Raises TemplateError, StoreError or UserRefusedError."""

    def __init__(self) -> None:
        nowhere = "http://localhost"
        template = load(
            ROOT / "template.yaml",
            read_parameters(ROOT / "samconfig.toml"),
            Origins(nowhere, nowhere, nowhere, nowhere, state_folder()),
        )
        self._config = PoolConfig.of(template)
        self.policy = self._config.password_policy
        self._store = PoolStore(state_folder() / "pool")

    def has(self, email: str) -> bool:
        return self._store.user_named(email, self._config.case_sensitive) is not None

    def create(self, email: str, password: str) -> None:
        self._store.create_user(email, password, self.policy)

    def reset(self, email: str, password: str) -> None:
        if email.casefold() == DEMO_EMAIL:
            raise UserRefusedError(f"{DEMO_EMAIL} keeps its password, which `make dev` prints.")
        self._store.ensure_user(email, password)

    def invite(self, email: str) -> None:
        raise UserRefusedError(f"The local pool cannot mail {email}: leave --invite out.")


class CognitoPool:
    """A deployed stack's pool. `cognito` is a boto3 client; raises aws.Failure."""

    def __init__(self, cognito: Any, pool_id: str) -> None:
        self._cognito = cognito
        self._pool_id = pool_id
        pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        policy = pool.get("Policies", {}).get("PasswordPolicy", {})
        self.policy = PasswordPolicy(
            minimum_length=policy.get("MinimumLength", 8),
            uppercase=policy.get("RequireUppercase", False),
            lowercase=policy.get("RequireLowercase", False),
            numbers=policy.get("RequireNumbers", False),
            symbols=policy.get("RequireSymbols", False),
        )

    def has(self, email: str) -> bool:
        try:
            self._cognito.admin_get_user(UserPoolId=self._pool_id, Username=email)
        except self._cognito.exceptions.UserNotFoundException:
            return False
        return True

    def create(self, email: str, password: str) -> None:
        self._add(email, MessageAction="SUPPRESS")
        try:
            self.reset(email, password)
        except BaseException:
            # A user who was added without a password could neither sign in nor be added again.
            self._cognito.admin_delete_user(UserPoolId=self._pool_id, Username=email)
            raise

    def reset(self, email: str, password: str) -> None:
        self._cognito.admin_set_user_password(
            UserPoolId=self._pool_id, Username=email, Password=password, Permanent=True
        )

    def invite(self, email: str) -> None:
        again = {"MessageAction": "RESEND"} if self.has(email) else {}
        self._add(email, DesiredDeliveryMediums=["EMAIL"], **again)

    def _add(self, email: str, **how: Any) -> None:
        self._cognito.admin_create_user(
            UserPoolId=self._pool_id,
            Username=email,
            # Whoever adds a person vouches for the address; without that nobody could reset a
            # forgotten password, because the code for it goes to a verified address only.
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
            **how,
        )


def make_password(policy: PasswordPolicy) -> str:
    """A random password that satisfies a policy: 119 bits or more."""
    length = max(GENERATED_LENGTH, policy.minimum_length)
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(length))
        if not policy.missing(password):
            return password


def ask_for_password(policy: PasswordPolicy, email: str) -> str:
    """A password typed twice. Raises UserRefusedError when there is nobody to type it, or when it
    does not do: before anything is sent anywhere."""
    if not sys.stdin.isatty():
        raise UserRefusedError(
            "A password can be typed in a terminal only: add ARGS=--generate to have one made up."
        )
    password = getpass.getpass(f"Password for {email}: ", stream=sys.stderr)
    if missing := policy.missing(password):
        raise UserRefusedError(f"The password lacks {', '.join(missing)}.")
    if getpass.getpass("Once more: ", stream=sys.stderr) != password:
        raise UserRefusedError("The two are not the same: nothing was changed.")
    return password


def run(pool: Pool, email: str, *, generate: bool, invite: bool, reset: bool) -> str:
    """Do what was asked; what there is to say about it. Raises what the pool raises."""
    exists = pool.has(email)
    if exists and not reset:
        raise UserRefusedError(
            f"{email} has an account already: add ARGS=--reset to give it a new password."
        )
    if reset and not exists:
        raise UserRefusedError(f"{email} has no account: leave --reset out to add one.")
    if invite:
        pool.invite(email)
        return f"A temporary password is on its way to {email}."
    password = make_password(pool.policy) if generate else ask_for_password(pool.policy, email)
    (pool.reset if exists else pool.create)(email, password)
    done = f"{email} has a new password." if exists else f"{email} may sign in."
    # Nobody keeps it: whoever sees this line has to.
    return f"{done} The password, shown this once: {password}" if generate else done


@click.command
@options.email
@options.stack
@options.region
@click.option("--generate", is_flag=True, help="Make a password up, and show it once.")
@click.option("--invite", is_flag=True, help="Let Cognito mail a temporary password.")
@click.option("--reset", is_flag=True, help="A new password for an account.")
def main(*, generate: bool, invite: bool, reset: bool) -> None:
    """A person who may sign in, or a new password for one."""
    if generate and invite:
        raise click.UsageError("--generate and --invite are two ways: give one of them.")
    how = {"generate": generate, "invite": invite, "reset": reset}
    os.umask(0o077)  # as in local/: what the state folder holds is this person's alone
    email = os.environ.get("EMAIL", "").strip()
    if "@" not in email:
        sys.exit("Say who: make create-user EMAIL=somebody@example.com")
    try:
        if is_local():
            print(run(LocalPool(), email, **how))
            return
        from ops import aws  # boto3 takes a fifth of a second, which the local pool can do without

        outputs = read_outputs()
        with aws.failures_in_words():
            cognito = CognitoPool(aws.client("cognito-idp"), outputs["UserPoolId"])
            done = run(cognito, email, **how)
        if "PasskeyUrl" in outputs:
            # Cognito asks only those who sign up by themselves.
            print(f"Once signed in, {email} may add a passkey at {outputs['PasskeyUrl']}")
        print(done)
    except (TemplateError, StoreError, UserRefusedError) as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, EOFError):
        sys.exit("Nothing was changed.")
