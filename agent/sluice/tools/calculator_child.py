"""The calculator's process: a JSON request on each line of stdin, a JSON result on each of stdout.

Started by sluice.tools.child, which ends it when a calculation takes too long. The limits here
hold even if that parent is gone. The first line on stdout says only that it is ready.
"""

import json
import os
import resource
import select
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

CPU_SECONDS = 6
MEMORY_BYTES = 1024 * 1024 * 1024
MAX_RESULT = 10_000


def main(idle_seconds: float) -> None:
    """Serve until stdin closes, or nobody has asked for `idle_seconds`."""
    is_confined = _confine()
    calculate = _import_calculator()
    print("ready", flush=True)
    for line in _read_lines(idle_seconds):
        if is_confined and _allow_cpu():
            result = _evaluate(calculate, json.loads(line))
        else:
            result = _answer("error", "The calculator is off: this machine sets it no limits.")
        print(json.dumps(result), flush=True)


def _read_lines(idle_seconds: float) -> Iterator[bytes]:
    """The lines of stdin. Empty ones, which only say that a run has begun, are passed over."""
    rest = b""
    # Not sys.stdin: what that has read ahead, select does not see.
    while select.select([0], [], [], idle_seconds)[0]:
        piece = os.read(0, 65536)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from filter(None, lines)


def _evaluate(calculate: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
    try:
        result = calculate(**request)
        text = "\n".join(block["text"] for block in result["content"])
        status = result["status"]
    except (MemoryError, RecursionError):
        status, text = "error", "The calculation needs more memory than it may have."
    return _answer(status, text)


def _answer(status: str, text: str) -> dict[str, Any]:
    return {"status": status, "content": [{"text": text[:MAX_RESULT]}]}


def _confine() -> bool:
    """Take from this process what no calculation needs; whether what has to be limited is.

    macOS refuses a limit of memory below what a process has mapped, which there is hundreds of
    gigabytes. Time, which every system limits, bounds memory there; Linux, where the deployed
    agent runs, has to limit both.
    """
    os.nice(10)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", 0)
    has_memory_limit = _limit("RLIMIT_AS", MEMORY_BYTES)
    return has_memory_limit or sys.platform != "linux"


def _allow_cpu() -> bool:
    """Give one calculation its CPU time; past it, the kernel ends the process. False if it would
    not."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return _limit("RLIMIT_CPU", int(used.ru_utime + used.ru_stime) + CPU_SECONDS, keep_hard=True)


def _limit(name: str, most: int, keep_hard: bool = False) -> bool:
    """Limit a resource to `most`, or to less where the system does already; whether it is limited.

    With `keep_hard`, the limit may be raised again later.
    """
    try:
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (soft, hard if keep_hard else soft))
    except (AttributeError, OSError, ValueError):
        return False
    return True


def _import_calculator() -> Callable[..., Any]:
    # The module takes only the decorator `tool` from Strands. A stand-in that returns the function
    # as it is spares the child the framework: 40 MB and half a second.
    strands = types.ModuleType("strands")
    strands.tool = lambda function: function  # type: ignore[attr-defined]
    sys.modules["strands"] = strands
    from strands_tools.calculator import calculator

    function: Callable[..., Any] = calculator
    return function


if __name__ == "__main__":
    main(float(sys.argv[1]))
