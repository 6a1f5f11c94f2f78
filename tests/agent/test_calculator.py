"""T11: a calculation that would not end is ended, and nothing else notices."""

import signal
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import pytest
from sluice.tools.calculator import Calculator
from sluice.tools.timeout import Limited
from tool_calls import FakeAgent, call, told

SLOW_INTEGRAL = {
    "expression": "exp(-x**2)*sin(x**3)*log(1 + x**4)/(1 + cos(x)**2)",
    "mode": "integrate",
    "wrt": "x",
}
BOMBS = [
    {"expression": "9**9**9"},
    {"expression": "factorial(10**7)"},
    {"expression": "2**(2**40)"},
    {"expression": "expand((x + y + z + 1)**400)"},
    SLOW_INTEGRAL,
]


@pytest.fixture(scope="module")
def calculator():
    calculator = Calculator(call_seconds=0.5)
    yield calculator
    calculator.close()


@pytest.fixture
def make_calculator():
    made: list[Calculator] = []

    def make(**arguments: float) -> Calculator:
        made.append(Calculator(**arguments))
        return made[-1]

    yield make
    for calculator in made:
        calculator.close()


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


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb["expression"])
def test_t11_a_bomb_is_stopped_within_its_time_and_the_next_works(calculator, bomb) -> None:
    calculator.calculate(expression="1 + 1")
    started = time.monotonic()
    result = calculator.calculate(**bomb)
    assert time.monotonic() - started < 3
    assert result["status"] == "error"
    assert "more than 0.5 seconds, or too much memory" in told(result)
    assert told(calculator.calculate(expression="2 + 3")) == "Result: 5"


def test_an_expression_that_is_none_is_told(calculator) -> None:
    for expression in ("__import__('os').getcwd()", "(" * 300, "1 +", "x" * 3_000):
        assert calculator.calculate(expression=expression)["status"] == "error"


def test_the_model_is_not_offered_what_strands_fills_in(calculator) -> None:
    schema = calculator.calculate.tool_spec["inputSchema"]["json"]
    assert set(schema["properties"]) == {"expression", "mode", "wrt", "point", "order"}


def test_the_child_sees_nothing_of_the_environment(make_calculator, monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
    calculator = make_calculator()
    calculator.calculate(expression="1 + 1")
    with open(f"/proc/{calculator._idle[0].pid}/environ", "rb") as environ:  # noqa: PTH123
        assert b"CANARY" not in environ.read()


def test_a_child_is_started_ahead_and_does_the_first_calculation(make_calculator) -> None:
    calculator = make_calculator()
    calculator.prepare()
    (child,) = calculator._idle
    assert told(calculator.calculate(expression="1 + 1")) == "Result: 2"
    assert calculator._idle == [child]


def test_an_idle_child_ends_itself_and_is_replaced(make_calculator) -> None:
    calculator = make_calculator(idle_seconds=0.05)
    assert told(calculator.calculate(expression="1 + 1")) == "Result: 2"
    (child,) = calculator._idle
    assert child.wait(10) == 0
    assert told(calculator.calculate(expression="1 + 2")) == "Result: 3"
    calculator._idle[0].wait(10)
    calculator.prepare()
    assert calculator._idle[0].pid != child.pid


def test_a_run_that_begins_keeps_the_child(make_calculator, monkeypatch) -> None:
    monkeypatch.setattr("sluice.tools.child.TOUCH_SECONDS", 0.0)
    calculator = make_calculator(idle_seconds=0.6)
    calculator.calculate(expression="1 + 1")
    (child,) = calculator._idle
    for _ in range(4):
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        calculator.prepare()
    assert calculator._idle == [child]
    assert told(calculator.calculate(expression="1 + 2")) == "Result: 3"


def test_t11_a_bomb_does_not_hold_up_another_run(make_calculator, until) -> None:
    calculator = make_calculator(call_seconds=20.0)
    stop = threading.Event()
    context = FakeAgent(stop)
    with ThreadPoolExecutor(1) as pool:
        bomb = pool.submit(
            partial(calculator.calculate, expression="9**9**9", tool_context=context)
        )
        until(lambda: bool(calculator._busy))
        assert told(calculator.calculate(expression="2 + 3")) == "Result: 5"
        assert not bomb.done()
        stop.set()
        assert bomb.result(2)["status"] == "error"


@pytest.mark.anyio
async def test_t11_a_stop_does_not_wait_for_a_calculation_which_is_ended(make_calculator) -> None:
    calculator = make_calculator()
    calculator.calculate(expression="1 + 1")
    (child,) = calculator._idle
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    result = await call(Limited(calculator.calculate), {"expression": "9**9**9"}, stop)
    assert time.monotonic() - started < 1
    assert told(result) == "The tool was given up, because the run was stopped."
    assert child.wait(5) == -signal.SIGKILL


def test_closing_ends_a_calculation_under_way(make_calculator, until) -> None:
    calculator = make_calculator(call_seconds=20.0)
    with ThreadPoolExecutor(1) as pool:
        bomb = pool.submit(calculator.calculate, expression="9**9**9")
        until(lambda: bool(calculator._busy))
        calculator.close()
        assert bomb.result(5)["status"] == "error"
    assert not calculator._idle
    calculator.prepare()
    assert not calculator._idle


def test_t11_ping_answers_while_bombs_go_off(run_agent, make_calculator, monkeypatch) -> None:
    shorter = partial(Calculator, call_seconds=1.5)
    monkeypatch.setattr("sluice.tools.toolbox.Calculator", shorter)
    # In the same process, because the offline model knows arithmetic only.
    beside = make_calculator(call_seconds=1.5)
    pings = []
    with run_agent() as client, ThreadPoolExecutor(len(BOMBS)) as pool:
        client.ask("1 + 1")
        said = [
            pool.submit(client.say, f"What is {bomb}?", thread=bomb)
            for bomb in ("9**9**9", "2**(2**40)")
        ]
        results = [
            pool.submit(beside.calculate, **bomb)
            for bomb in ({"expression": "factorial(10**7)"}, SLOW_INTEGRAL)
        ]
        while not all(bomb.done() for bomb in (*said, *results)):
            started = time.monotonic()
            client.ping()
            pings.append(time.monotonic() - started)
            wait((*said, *results), timeout=0.02)
    # Bombs that held it up would hold up all of them; one may be late on a busy machine.
    assert statistics.median(pings) < 0.25
    assert all("could not work out" in bomb.result() for bomb in said)
    assert all("was stopped" in told(bomb.result()) for bomb in results)
