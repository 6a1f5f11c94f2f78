"""`make smoke [STACK=]`: what only a stack that runs can answer, one line for each question.

Each check asks as a page or a client would, over HTTP, and needs nothing of AWS but the stack's
addresses. Ends with status 1 when one fails; ARGS=--json prints the findings as JSON.
"""

import argparse
import dataclasses
import json
import sys

from ops.oauth import SignInError, open_http
from ops.outputs import read_outputs
from ops.smoke.checks import Finding, examine
from ops.smoke.target import Target
from ops.terminal import dim
from ops.token import sign_in_here


def _line(finding: Finding) -> str:
    if finding.passed:
        return f"PASS  {finding.check} {dim(f'({finding.saw})')}"
    return (
        f"FAIL  {finding.check}: saw {finding.saw}; expected {finding.expected}; fix: {finding.fix}"
    )


def parse_arguments() -> argparse.Namespace:
    """The command line; `make smoke` passes ARGS on."""
    parser = argparse.ArgumentParser(prog="make smoke", description="Ask a running stack.")
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    return parser.parse_args()


def main() -> None:
    """Ask every question."""
    arguments = parse_arguments()
    outputs = read_outputs()
    findings = []
    try:
        person = sign_in_here(outputs)
        with open_http() as http:
            for finding in examine(Target(outputs, person, http)):
                findings.append(finding)
                if not arguments.json:
                    print(_line(finding), flush=True)
    except SignInError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    failed = sum(not finding.passed for finding in findings)
    if failed:
        sys.exit(f"{failed} of {len(findings)} failed.")


if __name__ == "__main__":
    main()
