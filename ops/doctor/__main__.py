"""`make doctor [STACK=] [TEMPLATE=]`: the template, the agent's file, and the stack that runs:
here, or STACK at AWS.

SLUICE_TOKEN, or a token on stdin with `--token -`, is explained, and used to ask a deployed agent
one question, which costs what one answer costs. Here, the demo user signs in for that.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from local.errors import TemplateError
from ops.doctor.agent import AGENT
from ops.doctor.check import Result
from ops.doctor.live import LIVE, LiveStack, Nobody
from ops.doctor.report import as_json, for_people
from ops.doctor.template import TEMPLATE, TemplateFile, deploy_parameters
from ops.doctor.token import TOKEN, judge, token_of
from ops.oauth import SignedIn, SignInError, open_http
from ops.outputs import ROOT, is_local, state_folder
from ops.token import sign_in

GROUPS = ("template", "agent", "token", "live", "deployed")


def parse_arguments() -> argparse.Namespace:
    """The command line; `make doctor` passes ARGS on."""
    parser = argparse.ArgumentParser(prog="python -m ops.doctor", description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="a line for what is well, too")
    parser.add_argument("--json", action="store_true", help="every check, for programs")
    parser.add_argument(
        "--only", choices=GROUPS, action="append", help="look there and nowhere else"
    )
    parser.add_argument("--token", choices=["-"], help="read a token from stdin")
    return parser.parse_args()


def look(only: Sequence[str], token: str) -> Iterator[Result]:
    """The results of every group that applies."""
    if "template" in only:
        yield from look_at_template()
    if "agent" in only:
        yield from AGENT.examine(ROOT / "agent")
    outputs: Mapping[str, str] | str
    if is_local():
        outputs = local_outputs()
    else:
        from ops.doctor.deployed import DEPLOYED, DeployedStack  # boto3 takes its time

        stack = DeployedStack(os.environ["STACK"])
        if "deployed" in only:
            yield from DEPLOYED.examine(stack)
        try:
            outputs = stack.outputs or f"Stack {stack.name} has no outputs."
        except Exception as error:  # explained as for every check that looks there
            outputs = DEPLOYED.explain(error)
    yield from look_at_stack(only, outputs, token)


def look_at_template() -> list[Result]:
    """The file TEMPLATE with the parameters that `make deploy` would give it."""
    path = Path(os.environ.get("TEMPLATE") or ROOT / "template.yaml")
    environment = os.environ.get("ENV") or "default"
    try:
        given = deploy_parameters(ROOT, environment)
    except (TemplateError, SystemExit) as error:
        return TEMPLATE.hindered(str(error))
    return TEMPLATE.examine(TemplateFile(path, given))


def look_at_stack(
    only: Sequence[str], outputs: Mapping[str, str] | str, token: str
) -> Iterator[Result]:
    """The token, and the stack over HTTP. `outputs` is a sentence when there is no stack."""
    if isinstance(outputs, str):
        for hindered in (TOKEN.hindered(outputs), LIVE.hindered(outputs)):
            yield from (each for each in hindered if each.id.split(".")[0] in only)
        return
    with open_http() as http:
        why = "No token was given: set SLUICE_TOKEN to one (make -s token STACK=...)."
        if not token and is_local():
            try:
                token = sign_in(outputs, DEMO_EMAIL, DEMO_PASSWORD)["id_token"]
            except SignInError as error:
                why = f"The demo user could not sign in: {error}"
        judged = TOKEN.examine(judge(token, outputs, http)) if token else TOKEN.hindered(why)
        if any(each.faults for each in judged):
            token, why = "", "The token itself is at fault; see token.*."
        if "token" in only:
            yield from judged
        if "live" in only:
            person = SignedIn(outputs, {"id_token": token_of(token)}) if token else Nobody(why)
            yield from LIVE.examine(LiveStack(outputs, person, http, is_local()))


def local_outputs() -> Mapping[str, str] | str:
    """The outputs of the stack that runs here, or why there are none."""
    try:
        outputs: dict[str, str] = json.loads((state_folder() / "outputs.json").read_text())
    except FileNotFoundError:
        return "No local stack is running here: start one with `make dev`, or name one with STACK=."
    return outputs


def main() -> None:
    """Look, report, and exit with 1 if anything is at fault."""
    arguments = parse_arguments()
    token = sys.stdin.read() if arguments.token else os.environ.get("SLUICE_TOKEN", "")
    results = list(look(arguments.only or GROUPS, token.strip()))
    print(as_json(results) if arguments.json else for_people(results, arguments.verbose))
    sys.exit(any(result.faults for result in results))


if __name__ == "__main__":
    main()
