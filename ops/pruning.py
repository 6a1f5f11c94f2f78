"""What the bundle leaves out, by rule and with reasons.

Nothing here is found by watching what a run happens to import. That the agent does without what is
dropped is proven afterwards: ops/bundle_proof.py asks it for an answer; tests/ops/test_bundle.py
has it talk to Bedrock and S3.
"""

import glob
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

UNUSED = {
    # The calculator needs SymPy and Rich, the 60 other tools of its package need the rest.
    "aiohttp": "strands-agents-tools: its Exa and Tavily tools",
    "aws-requests-auth": "strands-agents-tools: its HTTP tool",
    "dill": "strands-agents-tools: its Python tool",
    "markdownify": "strands-agents-tools: its HTTP tool",
    "pillow": "strands-agents-tools: its image and screen tools",
    "prompt-toolkit": "strands-agents-tools: its questions to people",
    "pyjwt": "strands-agents-tools: its HTTP tool; mcp: OAuth",
    "slack-bolt": "strands-agents-tools: its Slack tool",
    "tenacity": "strands-agents-tools: its workflow tool",
    "markdown-it-py": "rich: Markdown on a terminal",
    "pygments": "rich: coloured source code on a terminal",
    "httpcore": "httpx: its requests, of which Strands' MCP client makes none",
    "python-multipart": "mcp: its servers",
    "sse-starlette": "mcp: its servers",
}
"""Dependencies that the lock names and the agent never imports, with the feature that they are for.
What only they depend on goes with them."""


@dataclass(frozen=True)
class Rule:
    """Files whose path in the bundle matches a glob pattern (`**` is any folders)."""

    pattern: str
    reason: str
    keep: bool = False


RULES = (
    Rule("*.dist-info/METADATA", "packages ask for their own version", keep=True),
    Rule("*.dist-info/entry_points.txt", "OpenTelemetry finds its parts by them", keep=True),
    Rule("*.dist-info/**/{LICENSE,LICENCE,COPYING,NOTICE,AUTHORS}*", "their terms", keep=True),
    Rule("*.dist-info/**", "for installers: what is listed there is not here any more"),
    Rule(".lock", "uv's own"),
    Rule("pyproject.toml", "the agent's, for uv"),
    Rule("bin/**", "programs for a shell"),
    Rule("share/**", "manual pages"),
    Rule("isympy.py", "SymPy's shell"),
    Rule("jsonpatch_cli.py", "jsonpatch's programs for a shell"),
    Rule("**/__pycache__/**", "compiled anew, for a machine where no file has the same date"),
    Rule("**/{tests,benchmarks}/**", "tests of the packages"),
    Rule("**/{README,test_}*", "documentation, tests of the packages"),
    Rule("**/*.{md,rst,png,ipynb}", "documentation"),
    Rule("**/*.{pyi,typed}", "for type checkers"),
    Rule("**/*.{c,h,pxd,pyx}", "sources of compiled modules"),
    Rule("botocore/data/{bedrock-runtime,s3,sts}/**", "the services Sluice calls", keep=True),
    Rule("botocore/data/secretsmanager/**", "a model's key: see models/model_key.py", keep=True),
    Rule("botocore/data/*/**", "the 400 that it does not: see `is_kept`"),
    Rule("boto3/{data,examples}/**", "for boto3.resource(), which Sluice does not call"),
    Rule("mcp/{cli,server}/**", "the agent is a client: see agent/sluice/tools/mcp_server_stub.py"),
    Rule("strands_tools/{__init__,calculator}.py", "the one tool in use", keep=True),
    Rule("strands_tools/utils/{__init__,console_util}.py", "what it imports", keep=True),
    Rule("strands_tools/**", "the other tools"),
    Rule("sympy/physics/{__init__,matrices}.py", "SymPy's matrices import them", keep=True),
    Rule("sympy/physics/units/**", "simplify() and solve() import them", keep=True),
    Rule("sympy/physics/**", "not among the calculator's functions"),
    Rule("sympy/{crypto,diffgeom,holonomic,liealgebras,stats}/**", "nor are these"),
    Rule("sympy/testing/**", "tests of the packages"),
    Rule("sympy/parsing/{autolev,c,fortran,latex}/**", "other languages than Python"),
)
"""The first rule that matches a path decides; a path that none matches is kept."""


def is_kept(path: str, services: Collection[str] = ()) -> bool:
    """Whether the bundle holds a file, given by its path in it.

    `services` are those that the person's own tools use beside Sluice's (local/services.py).
    """
    described = re.match(r"(?:botocore|boto3)/data/([^/]+)/", path)
    if described and described[1] in services:
        return True
    rule = decide(path)
    return rule is None or rule.keep


def decide(path: str) -> Rule | None:
    """The rule that decides about a path."""
    return next((rule for rule in RULES if _regex(rule.pattern).match(path)), None)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    patterns = [
        glob.translate(alternative, recursive=True, include_hidden=True)
        for alternative in _alternatives(pattern)
    ]
    return re.compile("|".join(patterns))


def _alternatives(pattern: str) -> list[str]:
    """`a{b,c}d` as `abd` and `acd`, as shells write them."""
    before, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    inside, _, after = rest.partition("}")
    return [before + choice + end for choice in inside.split(",") for end in _alternatives(after)]
