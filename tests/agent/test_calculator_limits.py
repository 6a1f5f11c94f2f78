"""The calculator's process limits itself on every system, and does nothing without limits."""

import io
import json
import os
import resource
import sys
from types import SimpleNamespace

import pytest
from sluice.tools import calculator_child
from sluice.tools.calculator_child import CPU_SECONDS, MEMORY_BYTES

INFINITY = resource.RLIM_INFINITY
KINDS = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_CPU")


class FakeResource:
    """The module `resource` of another system; limits are (soft, hard) by name."""

    RLIM_INFINITY = INFINITY
    RUSAGE_SELF = resource.RUSAGE_SELF

    def __init__(
        self,
        refused: dict[str, Exception] | None = None,
        absent: tuple[str, ...] = (),
        hard: int = INFINITY,
    ) -> None:
        self.limits = {name: (hard, hard) for name in KINDS if name not in absent}
        self._refused = refused or {}
        for name in self.limits:
            setattr(self, name, name)

    def getrusage(self, _who: int) -> SimpleNamespace:
        return SimpleNamespace(ru_utime=2.9, ru_stime=1.2)

    def getrlimit(self, kind: str) -> tuple[int, int]:
        return self.limits[kind]

    def setrlimit(self, kind: str, limits: tuple[int, int]) -> None:
        if kind in self._refused:
            raise self._refused[kind]
        soft, hard = limits
        before = self.limits[kind][1]
        # As setrlimit(2) has it for a process without privileges; infinity is -1 in Python.
        if before != INFINITY and (hard == INFINITY or hard > before):
            raise ValueError("not allowed to raise maximum limit")
        if hard != INFINITY and (soft == INFINITY or soft > hard):
            raise ValueError("current limit exceeds maximum limit")
        self.limits[kind] = limits


@pytest.fixture
def calculate(monkeypatch: pytest.MonkeyPatch):
    """Let a child with this `resource` serve one request on a platform; its answer."""

    def calculate(fake: FakeResource, platform: str = "linux") -> dict:
        monkeypatch.setattr(calculator_child, "resource", fake)
        monkeypatch.setattr(calculator_child, "_read_lines", lambda _: [b'{"expression": "1"}'])
        monkeypatch.setattr(calculator_child, "_import_calculator", lambda: _one)
        monkeypatch.setattr(os, "nice", lambda _: 0)
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(sys, "stdout", said := io.StringIO())
        calculator_child.main(1)
        ready, answer = said.getvalue().splitlines()
        assert ready == "ready"
        return json.loads(answer)

    return calculate


def _one(expression: str) -> dict:
    return {"status": "success", "content": [{"text": f"Result: {expression}"}]}


WORKS = {"status": "success", "content": [{"text": "Result: 1"}]}
OFF = {
    "status": "error",
    "content": [{"text": "The calculator is off: this machine sets it no limits."}],
}


def test_t11_each_limit_is_set(calculate) -> None:
    fake = FakeResource()
    assert calculate(fake) == WORKS
    assert fake.limits == {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_AS": (MEMORY_BYTES, MEMORY_BYTES),
        "RLIMIT_CPU": (4 + CPU_SECONDS, INFINITY),
    }


def test_t11_limits_that_are_lower_already_stay(calculate) -> None:
    fake = FakeResource(hard=5)
    assert calculate(fake) == WORKS
    assert fake.limits["RLIMIT_AS"] == fake.limits["RLIMIT_CPU"] == (5, 5)


@pytest.mark.parametrize(
    "refusal", [ValueError("current limit exceeds maximum limit"), OSError(22, "Invalid argument")]
)
def test_macos_calculates_without_a_limit_of_memory(calculate, refusal: Exception) -> None:
    assert calculate(FakeResource({"RLIMIT_AS": refusal}), "darwin") == WORKS
    assert calculate(FakeResource(absent=("RLIMIT_AS",)), "openbsd") == WORKS


@pytest.mark.parametrize("name", ["RLIMIT_CORE", "RLIMIT_FSIZE"])
def test_a_limit_that_only_tidies_may_be_refused(calculate, name: str) -> None:
    assert calculate(FakeResource({name: OSError(1, "Operation not permitted")})) == WORKS
    assert calculate(FakeResource(absent=(name,))) == WORKS


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_t11_without_a_limit_of_time_nothing_is_calculated(calculate, platform: str) -> None:
    refused = {"RLIMIT_CPU": ValueError("current limit exceeds maximum limit")}
    assert calculate(FakeResource(refused), platform) == OFF
    assert calculate(FakeResource(absent=("RLIMIT_CPU",)), platform) == OFF


def test_t11_linux_calculates_nothing_without_a_limit_of_memory(calculate) -> None:
    assert calculate(FakeResource({"RLIMIT_AS": OSError(22, "Invalid argument")})) == OFF
