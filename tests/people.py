"""People for a test: accounts of their own at a running stack, so that no test sees another's."""

import itertools
from dataclasses import dataclass

from e2e_stack import RunningStack
from playwright.sync_api import BrowserContext

from local.pool import PoolStore
from ops.oauth import CodeFlow, open_http
from ops.token import HiddenFields

PASSWORD = "Person-1234"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with an account; `sub` is the owner of all that they write."""

    email: str
    sub: str

    @classmethod
    def new(cls, stack: RunningStack) -> "Person":
        """An account that nobody has used."""
        email = f"person-{next(_numbers)}@example.com"
        user = PoolStore(stack.state / "pool").ensure_user(email, PASSWORD)
        return cls(email, user.sub)

    def token(self, stack: RunningStack) -> str:
        """A fresh ID token."""
        return stack.tokens(self.email, PASSWORD)["id_token"]

    def be_known(self, stack: RunningStack, context: BrowserContext) -> None:
        """Give a browser the sign-in page's own cookie, as if this person had just been there: the
        page's button then needs no form."""
        flow = CodeFlow.begin(stack.outputs, stack.outputs["SpaUrl"])
        with open_http() as http:
            page = http.get(flow.address(), follow_redirects=True)
            form = HiddenFields()
            form.feed(page.text)
            http.post(page.url, data={**form.fields, "username": self.email, "password": PASSWORD})
            context.add_cookies(
                [
                    {"name": name, "value": value, "url": stack.outputs["LoginUrl"]}
                    for name, value in http.cookies.items()
                    if name.startswith("cognito-")
                ]
            )
