"""A session's process: JSON texts of code, one a line, on stdin; what each printed on stdout.

It is started with -I and imports nothing of Sluice's.
"""

import ast
import contextlib
import io
import json
import os
import resource
import sys
import traceback
from typing import Any

MEMORY_BYTES = 1024 * 1024 * 1024
FILE_BYTES = 50 * 1024 * 1024
CPU_SECONDS = 60
MAX_OUTPUT = 100_000


def main() -> None:
    """Serve until stdin closes."""
    for name, most in (("AS", MEMORY_BYTES), ("FSIZE", FILE_BYTES), ("CORE", 0)):
        # macOS refuses a limit of memory; the time that a call may take bounds it there.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    answers = os.fdopen(os.dup(1), "w")
    # What code prints past sys.stdout, from C or from a process of its own, goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin.buffer:
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + CPU_SECONDS, hard))
        print(json.dumps(run(json.loads(line), names)), file=answers, flush=True)


def run(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run code as a notebook does: the value of a last expression is printed."""
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<code>", "exec"), names)  # noqa: S102 - what it is for
            if isinstance(last, ast.Expr):
                expression = compile(ast.Expression(last.value), "<code>", "eval")
                value = eval(expression, names)  # noqa: S307
                if value is not None:
                    print(repr(value))
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            traceback.print_exc(limit=-1)
            status = 1
    return {
        "stdout": stdout.getvalue()[:MAX_OUTPUT],
        "stderr": stderr.getvalue()[:MAX_OUTPUT],
        "exitCode": status,
    }


if __name__ == "__main__":
    main()
