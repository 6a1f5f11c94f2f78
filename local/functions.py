"""Lambda functions of the template, each invocation in a process of its own.

Only what a route of the API needs is played: a handler in Python, from a folder, with this stack's
own interpreter and packages. Sources: "Define Lambda function handler in Python", "Configure Lambda
function timeout" (3 s), "Defined runtime environment variables".
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.physical_ids import REGION
from local.template import Resource, Template

TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_WORKER = Path(__file__).with_name("function_worker.py")


class FunctionError(Exception):
    """The function gave no result. `str()` says why, for the log."""


@dataclass(frozen=True)
class Function:
    """One function; `absence` is why it cannot be played, or empty."""

    id: str
    folder: Path
    handler: str
    seconds: float
    environment: Mapping[str, str]
    absence: str

    async def invoke(self, event: Mapping[str, Any], log: Callable[[str], None]) -> Any:
        """The handler's result. Raises FunctionError."""
        with tempfile.TemporaryDirectory() as place:
            result = Path(place) / "result.json"
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(_WORKER), self.handler, str(result)),
                cwd=self.folder,
                env={**self.environment, **os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches a terminal's whole process group
            )
            try:
                async with asyncio.timeout(self.seconds):
                    output, _ = await process.communicate(json.dumps(event).encode())
            except TimeoutError as error:
                raise FunctionError(f"Task timed out after {self.seconds:.2f} seconds") from error
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            for line in output.decode(errors="replace").splitlines():
                log(f"{self.id}: {line}")
            if process.returncode:
                raise FunctionError(f"the handler {self.handler} failed")
            return json.loads(result.read_text())


def functions_of(template: Template, root: Path) -> dict[str, Function]:
    """Every function of the template by its ARN; `root` is the template's folder."""
    return {
        each.attributes["Arn"]: _read(each, root)
        for each in template.resources.values()
        if each.type in TYPES and "Arn" in each.attributes
    }


def without_permission(template: Template, arns: Collection[str]) -> list[str]:
    """A sentence for each function behind a route that API Gateway may not call: AWS answers 500
    for it ("Handle errors in API Gateway", Lambda Developer Guide)."""
    permitted = {
        str(each.properties.get("FunctionName")).rpartition(":")[2]
        for each in template.resources.values()
        if each.type == "AWS::Lambda::Permission"
        and each.properties.get("Principal") == "apigateway.amazonaws.com"
    }
    return [
        f"{each.id} has no AWS::Lambda::Permission for apigateway.amazonaws.com: deployed, its "
        "route would answer 500"
        for each in template.resources.values()
        if each.type in TYPES
        and each.attributes.get("Arn") in arns
        and each.attributes["Arn"].rpartition(":")[2] not in permitted
    ]


def _read(resource: Resource, root: Path) -> Function:
    found = resource.properties
    code = found.get("CodeUri", found.get("Code"))
    handler, runtime = str(found.get("Handler", "")), str(found.get("Runtime", ""))
    seconds, memory = float(found.get("Timeout", 3)), found.get("MemorySize", 128)
    folder = root / code if isinstance(code, str) else root
    absence = ""
    if not runtime.startswith("python"):
        absence = f"its Runtime is {runtime or 'not given'}, and only Python runs here"
    elif not isinstance(code, str) or not folder.is_dir():
        absence = "its code is not a folder of this checkout"
    elif not (folder / handler.rpartition(".")[0].replace(".", "/")).with_suffix(".py").is_file():
        absence = f"there is no file for its Handler {handler} in {code}"
    name = str(found.get("FunctionName") or resource.attributes["Arn"].rpartition(":")[2])
    variables = (found.get("Environment") or {}).get("Variables") or {}
    own = {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": REGION,
        "LAMBDA_TASK_ROOT": str(folder),
        "SLUICE_FUNCTION_ARN": resource.attributes["Arn"],
        "SLUICE_FUNCTION_SECONDS": str(seconds),
    }
    environment = {**{key: str(value) for key, value in variables.items()}, **own}
    return Function(resource.id, folder, handler, seconds, environment, absence)
