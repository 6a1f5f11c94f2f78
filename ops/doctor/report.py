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
    """Faults in full, and why checks could not look: without `verbose`, reasons that are the same
    are told once."""
    blocks = [_fault(result) for result in results if result.faults]
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


def is_well(result: Result) -> bool:
    """Whether a check looked, and found nothing."""
    return not result.faults and not result.hindrance


def line(result: Result) -> str:
    """What there is to say of a check that found nothing."""
    return f"ok        {result.id:<26} {result.looks_at}"


def _word(result: Result) -> str:
    if result.faults:
        return "fault"
    return "could not look" if result.hindrance else "ok"
