"""The doctor's report: for people, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from ops.doctor.check import Result


def closing(results: Sequence[Result]) -> str:
    """How it went, in one line."""
    faults = sum(len(result.faults) for result in results)
    blind = sum(bool(result.hindrance) for result in results)
    plural = "" if faults == 1 else "s"
    return f"{len(results)} checks, {faults} fault{plural}, {blind} could not look"


def for_people(results: Sequence[Result], verbose: bool) -> str:
    """Faults in full; with `verbose`, also a line for each check that found nothing. Without it,
    reasons not to look that are the same are told once."""
    blocks = [_fault(result) for result in results if result.faults]
    if verbose:
        blocks += [
            "\n".join(
                f"ok        {each.id:<26} {each.looks_at}" for each in results if _is_ok(each)
            )
        ]
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.hindrance:
            reasons.setdefault(result.hindrance, []).append(result.id)
    for reason, ids in reasons.items():
        named = ", ".join(ids) if verbose or len(ids) < 4 else f"{ids[0]} and {len(ids) - 1} more"
        blocks.append(f"no look   {named}\n          {reason}")
    return "\n\n".join(filter(None, [*blocks, closing(results)]))


def as_json(results: Sequence[Result]) -> str:
    """Every check, with `result` ok, fault or "could not look"."""
    return json.dumps([{"result": _word(result), **asdict(result)} for result in results], indent=2)


def _fault(result: Result) -> str:
    lines = [f"{result.severity:<9} {result.id}: {result.symptom}"]
    for fault in result.faults:
        lines += [
            f"  looked at  {result.looks_at}",
            f"  saw        {fault.saw}",
            f"  should be  {fault.should}",
            f"  fix        {fault.fix}",
        ]
    return "\n".join(lines)


def _is_ok(result: Result) -> bool:
    return not result.faults and not result.hindrance


def _word(result: Result) -> str:
    if result.faults:
        return "fault"
    return "could not look" if result.hindrance else "ok"
