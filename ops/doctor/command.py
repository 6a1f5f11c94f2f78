"""`make doctor [STACK=] [TEMPLATE=]`: the template, the agent's file, and the stack that runs:
here, or STACK at AWS. `make smoke [STACK=]` is the same of what runs alone, and asks more of it.

SLUICE_TOKEN, or a token on stdin with `--token -`, is explained, and used to ask a deployed agent
one question, which costs what one answer costs. Here, the demo user signs in for that.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from local.errors import TemplateError
from ops import options
from ops.doctor.agent import AGENT
from ops.doctor.check import Result
from ops.doctor.live import LIVE
from ops.doctor.live_stack import LiveStack, Nobody
from ops.doctor.report import as_json, for_people, is_well, line
from ops.doctor.template import TEMPLATE, TemplateFile, deploy_parameters
from ops.doctor.thorough import THOROUGH
from ops.doctor.token import TOKEN, judge, token_of
from ops.oauth import SignedIn, SignInError, open_http
from ops.outputs import ROOT, is_local, read_outputs, state_folder
from ops.token import sign_in, sign_in_here

GROUPS = ("template", "agent", "token", "live", "deployed")


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
            yield from LIVE.results(LiveStack(outputs, person, http, is_local()))


def local_outputs() -> Mapping[str, str] | str:
    """The outputs of the stack that runs here, or why there are none."""
    try:
        outputs: dict[str, str] = json.loads((state_folder() / "outputs.json").read_text())
    except FileNotFoundError:
        return "No local stack is running here: start one with `make dev`, or name one with STACK=."
    return outputs


def look_thoroughly() -> Iterator[Result]:
    """A stack that runs, as somebody who signs in for it. Exits with a sentence if nobody can."""
    outputs = read_outputs()
    try:
        person = sign_in_here(outputs)
        with open_http() as http:
            stack = LiveStack(outputs, person, http, is_local())
            yield from LIVE.results(stack)
            yield from THOROUGH.results(stack)
    except SignInError as error:
        sys.exit(str(error))


@click.command
@options.stack
@options.region
@options.environment
@options.email
@click.option("--live", is_flag=True, help="All that only a running stack can answer; signs in.")
@click.option("--verbose", is_flag=True, help="A line for what is well, too.")
@click.option("--json", "in_json", is_flag=True, help="Every check, for programs.")
@click.option("--only", type=click.Choice(GROUPS), multiple=True, help="Look there alone.")
@click.option("--token", type=click.Choice(["-"]), help="Read a token from stdin.")
def main(
    *, live: bool, verbose: bool, in_json: bool, only: tuple[str, ...], token: str | None
) -> None:
    """What is wrong with the template, the agent's file and a stack, and what fixes it.

    Ends with status 1 if anything is at fault.
    """
    if live and (only or token):
        raise click.UsageError("--live looks at a running stack, and signs in for itself.")
    given = sys.stdin.read() if token else os.environ.get("SLUICE_TOKEN", "")
    found = look_thoroughly() if live else look(only or GROUPS, given.strip())
    results = []
    for result in found:
        results.append(result)
        if verbose and not in_json and is_well(result):
            click.echo(line(result))
    click.echo(as_json(results) if in_json else for_people(results, verbose))
    sys.exit(any(result.faults for result in results))
