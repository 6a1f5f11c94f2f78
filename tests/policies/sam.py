"""The SAM CLI of this checkout, and its template translator as a process that answers questions."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# Relative to the root of the checkout; `make test` sets the same path.
EXECUTABLE = Path(os.environ.get("SLUICE_SAM", ".build/sam/bin/sam"))


class Sam:
    """Expands templates as the AWS::Serverless transform does, offline.

    The translator lives in the SAM CLI's own environment, which cannot be shared (pyproject.toml),
    so it runs as a process: a line of JSON in, a line of JSON out. Starting it takes a second, an
    answer some milliseconds.
    """

    def __init__(self, executable: Path) -> None:
        """`executable` is the `sam` command; its Python interpreter stands beside it."""
        self._process = subprocess.Popen(
            [executable.parent / "python", Path(__file__).with_name("sam_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        )

    def __enter__(self) -> Self:
        """The translator, ready for questions."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.communicate()

    def expand(self, document: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
        """The CloudFormation template that a SAM template becomes, or {"Refused": reason}."""
        assert self._process.stdin
        assert self._process.stdout
        question = {"template": document, "parameters": dict(parameters)}
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
