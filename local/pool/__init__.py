"""The local stack of the Cognito user pool: managed login, OAuth endpoints, tokens, key set.

Read in this order: config (what the template says), authorize (what a client asks for), store (what
outlives a request), issuer (tokens and what verifies them), grants (what a client gets), pages, app
(routes).

Where Cognito leaves a choice to the client, this one may be stricter, never laxer, so that
what signs in here signs in there. It is no identity provider to put before real people: it
speaks plain HTTP and binds to this machine.
"""

from local.pool.app import create_app
from local.pool.config import PoolConfig
from local.pool.store import PoolStore

__all__ = ["PoolConfig", "PoolStore", "create_app"]
