"""What template.yaml must be, beyond what cfn-lint, checkov and `sam validate` look at.

All of them accept a misspelt STREAM and an API that anybody may call. Each policy here is a small
function whose name is the rule, and mutations.py shows that it notices when the rule is broken.
"""

from . import (
    api,
    buckets,
    circles,
    domains,
    form,
    limits,
    names,
    permissions,
    runtime,
    sign_in,
    site,
    stage,
    watch,
)
from .subject import POLICIES, Policy, Subject

__all__ = [
    "POLICIES",
    "Policy",
    "Subject",
    "api",
    "buckets",
    "circles",
    "domains",
    "form",
    "limits",
    "names",
    "permissions",
    "runtime",
    "sign_in",
    "site",
    "stage",
    "watch",
]
