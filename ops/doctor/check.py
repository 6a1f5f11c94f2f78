"""What a check is, what it can find, and how a group of checks is run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Symptom(StrEnum):
    """What people notice. The first five are the tutorial's troubleshooting list."""

    ALL_AT_ONCE = "the answer comes all at once"
    REFUSED = "401"
    NO_ANSWER = "502, 504 or 424"
    CUT = "the stream drops after 30 s"
    MODEL = "the agent does not stream or answers with an error"
    SIGN_IN = "the sign-in page shows an error"
    PAGE = "the page says that it cannot reach the API"
    BUSY = "429"
    OPEN = "somebody without a token gets an answer"
    STALE = "a change does not arrive"
    DEPLOY = "the deployment fails"
    WATCH = "an alarm or a graph stays empty"


Severity = Literal["error", "warning"]
"""error: people get no answer, or sign in nowhere. warning: they do, but worse, or not for long."""


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be, and the command or line that fixes it."""

    saw: str
    should: str
    fix: str


class CannotLookError(Exception):
    """There was nothing to look at. `str()` says why, in a sentence."""


@dataclass(frozen=True)
class Check[Subject]:
    """A question about a subject; `look` yields faults, or raises because it cannot tell."""

    id: str
    looks_at: str
    symptom: Symptom
    severity: Severity
    look: Callable[[Subject], Iterable[Fault]]


@dataclass(frozen=True)
class Result:
    """What became of one check. No faults and no `hindrance`: all is well."""

    id: str
    looks_at: str
    symptom: Symptom
    severity: Severity
    faults: tuple[Fault, ...] = ()
    hindrance: str = ""
    """Why it could not look."""


@dataclass
class Group[Subject]:
    """The checks that look at one kind of thing. Their ids begin with its name."""

    name: str
    explain: Callable[[Exception], str]
    """A sentence for an exception that a check lets through: it could not look."""
    checks: list[Check[Subject]] = field(default_factory=list)

    def check(
        self, id_: str, looks_at: str, symptom: Symptom, severity: Severity = "error"
    ) -> Callable[[Callable[[Subject], Iterable[Fault]]], Callable[[Subject], Iterable[Fault]]]:
        """Register the decorated function under `NAME.id_`."""

        def register(
            look: Callable[[Subject], Iterable[Fault]],
        ) -> Callable[[Subject], Iterable[Fault]]:
            self.checks.append(Check(f"{self.name}.{id_}", looks_at, symptom, severity, look))
            return look

        return register

    def examine(self, subject: Subject) -> list[Result]:
        """Run every check; one that fails never keeps the others from looking."""
        return list(self.results(subject))

    def results(self, subject: Subject) -> Iterator[Result]:
        """The same, each as soon as it is there."""
        return (self._result(check, subject) for check in self.checks)

    def hindered(self, why: str) -> list[Result]:
        """Every check's result when there is no subject at all."""
        return [
            Result(each.id, each.looks_at, each.symptom, each.severity, hindrance=why)
            for each in self.checks
        ]

    def _result(self, check: Check[Subject], subject: Subject) -> Result:
        faults: tuple[Fault, ...] = ()
        hindrance = ""
        try:
            faults = tuple(check.look(subject))
        except CannotLookError as error:
            hindrance = str(error)
        except Exception as error:  # an answer of a shape that nobody documented, say
            hindrance = self.explain(error)
        return Result(check.id, check.looks_at, check.symptom, check.severity, faults, hindrance)
