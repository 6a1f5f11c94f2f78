"""`make deploy [STACK=] [ENV=]`: from this folder to a working chat in an AWS account.

Bundle, build, validate, deploy, publish. A second run without changes changes nothing, and each
kind of change (agent, template, parameter, page) is taken up.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import yaml

from local.errors import TemplateError
from local.parameters import parameter_values
from local.template import parse
from ops import aws, bundle, failures, options, preflight, publish, stacks
from ops.outputs import ROOT
from ops.settings import Settings, read_settings
from ops.stacks import Stack

SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
PARAMETERS = Path(".build") / "parameters.yaml"
PLACEHOLDER = {"AgentCodeBucket": "not-made-yet", "AgentCodeKey": f"agent/{'0' * 64}.zip"}


@click.command
@options.deployed_stack
@options.environment
@options.region
def main() -> None:
    """The agent, the stack and the page; says where the chat is."""
    try:
        bring_up()
    except KeyboardInterrupt:
        sys.exit("\nStopped here; what CloudFormation has begun, it goes on with.")


def bring_up() -> None:
    """Everything that has changed since the last time. Exits with a sentence if it cannot be."""
    settings = read_settings(
        ROOT, os.environ.get("ENV") or "default", os.environ.get("STACK") or None
    )
    settings.choose_account()
    path = ROOT / "template.yaml"
    written = read_template(path)
    if bad_name := preflight.bad_name(settings.stack):
        sys.exit(bad_name)
    with aws.failures_in_words():
        before = stacks.find(settings.stack)
        if before and (obstacle := failures.obstacle(before)):
            sys.exit(obstacle)
        # The zip's place is known only once it is there, and is no reason to refuse anything.
        given = all_values(bundle.without_code(settings), written, PLACEHOLDER)
        if obstacle := preflight.obstacle(path, given, before):
            sys.exit(obstacle)
        bucket, key = bundle.upload(bundle.build())
        code = {"AgentCodeBucket": bucket, "AgentCodeKey": key}
        after = deploy(settings, written, before, code)
        publish.publish(publish.build(ROOT), after.outputs)
    report(before, after)


def read_template(path: Path) -> dict[str, Any]:
    """The template as it is written. Exits with a sentence if it cannot be read."""
    try:
        document: dict[str, Any] = parse(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        sys.exit(f"{path.name} cannot be read: {error}")
    return document


def deploy(
    settings: Settings, written: dict[str, Any], before: Stack | None, code: dict[str, str]
) -> Stack:
    """Bring the stack to what the template and the settings say; `before` is what there is, `code`
    the parameters that name the agent's zip. Returns what there is then. Exits with the reason if
    AWS refuses. Raises one of aws.Failure."""
    is_new_template = before is None or stacks.template(before) != written
    values = all_values(settings, written, code)
    if before and before.status in SETTLED and not is_new_template and before.parameters == values:
        # sam would deploy all the same: AlwaysDeploy makes another deployment of the API each time.
        print(f"stack: {settings.stack} is up to date")
        return before
    if is_new_template:
        print("template: validating", flush=True)
        sam("validate", "--lint", project=settings.project, quiet=True)
    sam("build", project=settings.project, quiet=True)
    execute(settings, before, values)
    after = stacks.find(settings.stack)
    if after is None:
        sys.exit(f"Stack {settings.stack} was deleted while it was deployed.")
    return after


def all_values(settings: Settings, written: dict[str, Any], code: dict[str, str]) -> dict[str, str]:
    """Every parameter's value. Exits with a sentence for one that the template does not allow."""
    try:
        return parameter_values(written, settings.parameters() | code)
    except TemplateError as error:
        sys.exit(f"samconfig.toml, [{settings.environment}.deploy.parameters]: {error}")


def execute(settings: Settings, before: Stack | None, values: dict[str, str]) -> None:
    """Run `sam deploy` with every parameter named: of one left out, it would keep the value that
    the stack had before, whatever samconfig.toml and the template say now."""
    (settings.project / PARAMETERS).write_text(yaml.safe_dump(values))
    last = next(stacks.events(before.id)).id if before else None
    verb = "updating" if before else "creating, which takes CloudFront some minutes"
    print(f"stack: {settings.stack}, {verb}", flush=True)
    flags = ["--stack-name", settings.stack, "--config-env", settings.environment]
    flags += ["--region", aws.client("cloudformation").meta.region_name]
    flags += ["--parameter-overrides", f"file://{PARAMETERS}"]
    # What [default] says, for an environment that does not say it again.
    if "capabilities" not in settings.table:
        flags += ["--capabilities", "CAPABILITY_IAM"]
    if not settings.table.keys() & {"s3_bucket", "resolve_s3"}:
        flags += ["--resolve-s3"]
    if "confirm_changeset" not in settings.table:
        flags += ["--no-confirm-changeset"]
    flags += ["--no-fail-on-empty-changeset"]
    if not sam("deploy", *flags, project=settings.project, quiet=False):
        fail(settings.stack, last)


def fail(name: str, last: str | None) -> NoReturn:
    """End with the reason, from the events since the one whose id is `last`."""
    stack = stacks.find(name)
    history = []
    if stack:
        for event in stacks.events(stack.id):
            if event.id == last:
                break
            history.append(event)
    if not stack or not history:
        sys.exit(f"Nothing was deployed to {name}: sam's own words are above.")
    sys.exit(f"\n{failures.explain(history, stack)}")


def sam(verb: str, *arguments: str, project: Path, quiet: bool) -> bool:
    """Run sam; whether it succeeded. A quiet one says nothing unless it fails, and then ends the
    verb with its words."""
    program = Path(os.environ.get("SLUICE_SAM", ".build/sam/bin/sam"))
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    try:
        ran = subprocess.run(  # noqa: S603 - the SAM CLI that make installed
            [project / program, verb, *arguments],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            text=True,
            check=False,
        )
    except OSError as error:
        sys.exit(f"The SAM CLI cannot be run ({error.strerror}): `make deploy` installs it.")
    if quiet and ran.returncode:
        sys.exit(f"sam {verb} failed:\n{ran.stdout.strip()}")
    return ran.returncode == 0


def report(before: Stack | None, after: Stack) -> None:
    """Where the chat is, and what comes next."""
    print(f"\n  chat     {after.outputs['SpaUrl']}\n  API      {after.outputs['ApiUrl']}")
    print(f"  sign-in  {after.outputs['LoginUrl']}\n")
    if "OidcRedirectUrl" in after.outputs:
        print(
            f"{after.parameters['OidcName']} has to know this redirect of the client "
            f"{after.parameters['OidcClientId']}:\n{after.outputs['OidcRedirectUrl']}\n"
        )
    old, new = (stack and stack.parameters.get("AgentCodeKey") for stack in (before, after))
    if before and old != new:
        print(
            "The agent is a new one. A session that is warm keeps the old one until it ends: after "
            f"{after.parameters['IdleSeconds']} idle seconds, or in a new conversation at once.\n"
        )
    if before is None:
        print(
            f"Next, somebody to sign in: make create-user EMAIL=you@example.com STACK={after.name}"
        )
        print(f"Then, to check all of it:  make doctor STACK={after.name}")
