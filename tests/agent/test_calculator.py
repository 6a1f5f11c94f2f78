"""T11: a calculation that would not end is ended, and nothing else notices."""

import threading
import time
from functools import partial
from typing import Any

import pytest
from sluice.tools.calculator import Calculator


@pytest.fixture(scope="module")
def calculator():
    calculator = Calculator(call_seconds=0.5)
    yield calculator
    calculator.close()


def told(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"expression": "25 * 4"}, "Result: 100"),
        ({"expression": "sqrt(144)"}, "Result: 12"),
        ({"expression": "x**2 - 4", "mode": "solve"}, "Result: [(-2+0j), (2+0j)]"),
        ({"expression": "sin(x)/x", "mode": "limit", "wrt": "x", "point": "0"}, "Result: 1"),
        ({"expression": "x**3", "mode": "derive", "wrt": "x", "order": 2}, "Result: 6*x"),
    ],
)
def test_it_calculates(calculator, arguments, expected) -> None:
    assert told(calculator.calculate(**arguments)) == expected


@pytest.mark.parametrize("bomb", ["9**9**9", "factorial(10**7)", "2**(2**40)"])
def test_t11_a_bomb_is_stopped_within_its_time_and_the_next_works(calculator, bomb) -> None:
    calculator.calculate(expression="1 + 1")
    started = time.monotonic()
    result = calculator.calculate(expression=bomb)
    assert time.monotonic() - started < 3
    assert result["status"] == "error"
    assert "more than 0.5 seconds, or too much memory" in told(result)
    assert told(calculator.calculate(expression="2 + 3")) == "Result: 5"


def test_an_expression_that_is_none_is_told(calculator) -> None:
    for expression in ("__import__('os').getcwd()", "(" * 300, "1 +", "x" * 3_000):
        assert calculator.calculate(expression=expression)["status"] == "error"


def test_the_child_sees_nothing_of_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
    calculator = Calculator()
    calculator.calculate(expression="1 + 1")
    with open(f"/proc/{calculator._child.pid}/environ", "rb") as environ:  # noqa: PTH123
        assert b"CANARY" not in environ.read()
    calculator.close()


def test_an_idle_child_ends_itself_and_is_replaced() -> None:
    calculator = Calculator(idle_seconds=0.05)
    assert told(calculator.calculate(expression="1 + 1")) == "Result: 2"
    assert calculator._child.wait(10) == 0
    assert told(calculator.calculate(expression="1 + 2")) == "Result: 3"
    calculator.close()


def test_t11_ping_answers_while_a_bomb_goes_off(run_agent, monkeypatch) -> None:
    monkeypatch.setattr("sluice.engine.Calculator", partial(Calculator, call_seconds=1.5))
    said: list[str] = []
    slowest = 0.0
    with run_agent() as client:
        client.ask("1 + 1")
        bomb = threading.Thread(target=lambda: said.append(client.say("What is 9**9**9?")))
        bomb.start()
        while bomb.is_alive():
            started = time.monotonic()
            client.ping()
            slowest = max(slowest, time.monotonic() - started)
            bomb.join(0.05)
    assert slowest < 0.25
    assert "could not work out" in said[0]
