"""What a run may call, within which limits, and how a person adds to it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import ROOT
from sluice.settings import Settings
from sluice.telemetry.logs import ContentFreeFormatter
from sluice.threads.history import Question
from sluice.tools.own import FOLDER, load_tools
from sluice.tools.toolbox import NO_SERVICES, Toolbox
from tool_calls import call, told

pytestmark = pytest.mark.anyio


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of agent/tools to add to."""
    return Path(shutil.copytree(FOLDER, tmp_path / "tools"))


@pytest.fixture
def make_toolbox(own: Path) -> Iterator[Callable[..., Toolbox]]:
    made: list[Toolbox] = []

    def make(**environ: str) -> Toolbox:
        given = {"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "/nowhere"} | environ
        made.append(Toolbox(Settings.read(given), own))
        return made[-1]

    yield make
    for toolbox in made:
        toolbox.close()


def question(time_zone: str | None = None, token: str = "") -> Question:
    return Question([], [{"text": "What is there?"}], time_zone, token)


async def names(toolbox: Toolbox) -> list[str]:
    tools, notices = await toolbox.tools_for(question(), NO_SERVICES)
    assert notices == []
    return [tool.tool_name for tool in tools]


async def test_t5_the_tools_are_these_two_and_none_fetches_a_url(make_toolbox) -> None:
    toolbox = make_toolbox()
    assert await names(toolbox) == ["calculator", "current_time"]
    assert [each["name"] for each in toolbox.description] == ["calculator", "current_time"]
    assert all(each["description"] for each in toolbox.description)


def test_t5_nothing_that_could_speak_http_is_imported_for_tools_unless_configured() -> None:
    seen = """
import sys
from sluice.settings import Settings
from sluice.tools.toolbox import NO_SERVICES, Toolbox
given = {"AWS_REGION": "us-east-1", "SLUICE_CONVERSATIONS": "/nowhere"}
Toolbox(Settings.read(given)).close()
print(*{name.partition(".")[0] for name in sys.modules})
"""
    command = [sys.executable, "-W", "ignore", "-c", seen]
    done = subprocess.run(command, cwd=ROOT / "agent", capture_output=True, text=True, check=True)
    assert not {"mcp", "httpx", "httpx2", "requests"} & set(done.stdout.split())


def test_naming_servers_needs_no_strands() -> None:
    seen = "import sys, sluice.mcp_servers; print('strands' in sys.modules)"
    command = [sys.executable, "-c", seen]
    done = subprocess.run(command, cwd=ROOT / "agent", capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_the_clock_of_a_run_is_that_of_its_person(make_toolbox) -> None:
    toolbox = make_toolbox()
    for zone, expected in (("Asia/Tokyo", "Asia/Tokyo."), (None, "is not known.")):
        tools, _ = await toolbox.tools_for(question(time_zone=zone), NO_SERVICES)
        (clock,) = [each for each in tools if each.tool_name == "current_time"]
        assert told(await call(clock)).endswith(expected)


async def test_a_calculator_is_at_hand_before_the_first_run(make_toolbox) -> None:
    toolbox = make_toolbox()
    (child,) = toolbox._calculator._idle
    tools, _ = await toolbox.tools_for(question(), NO_SERVICES)
    assert told(await call(tools[0], {"expression": "25 * 4"})) == "Result: 100"
    assert toolbox._calculator._idle == [child]


# One file is a tool.


def example() -> str:
    """The file that docs/tools.md shows."""
    text = (ROOT / "docs" / "tools.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found[1]


async def test_the_file_of_the_docs_is_a_tool(own, make_toolbox) -> None:
    (own / "dice.py").write_text(example())
    toolbox = make_toolbox()
    tools, _ = await toolbox.tools_for(question(), NO_SERVICES)
    (dice,) = [each for each in tools if each.tool_name == "roll_dice"]
    assert re.fullmatch(r"\d+ \(.*\)", told(await call(dice, {"count": 3})))
    wrong = await call(dice, {"count": 1_000})
    assert (wrong["status"], told(wrong)) == ("error", "Between 1 and 100 dice, please.")
    (described,) = [each for each in toolbox.description if each["name"] == "roll_dice"]
    assert described["description"] == "Roll dice with six sides."


async def test_a_file_that_cannot_be_imported_is_named_and_the_others_work(
    own, make_toolbox, caplog
) -> None:
    (own / "a_broken.py").write_text("raise ValueError('CANARY')")
    (own / "b_exits.py").write_text("raise SystemExit(1)")
    (own / "c_strange.py").write_text("def (")
    (own / "d_empty.py").write_text("x = 1")
    (own / "e_slow.py").write_text(f"{example()}\nSECONDS = 'CANARY'")
    (own / "f_dice.py").write_text(example())
    (own / "_shared.py").write_text("raise ValueError")
    assert await names(make_toolbox()) == ["calculator", "current_time", "roll_dice"]
    logged = [record for record in caplog.records if record.name == "sluice.tools.own"]
    assert [record.getMessage() for record in logged] == [
        "the tools of a_broken.py cannot be used: it raised ValueError",
        "the tools of b_exits.py cannot be used: it raised SystemExit",
        "the tools of c_strange.py cannot be used: it raised SyntaxError",
        "d_empty.py has no tools: a tool is a function with @tool",
        "the tools of e_slow.py cannot be used: it raised TypeError",
    ]
    assert "CANARY" not in "".join(map(ContentFreeFormatter().format, logged))


async def test_of_two_tools_of_one_name_the_first_is_had(own, make_toolbox, caplog) -> None:
    one = 'from strands import tool\n@tool(name="{}")\ndef f() -> str:\n    """{}"""\n'
    (own / "a.py").write_text(one.format("same", "First."))
    (own / "b.py").write_text(one.format("same", "Second."))
    (own / "c.py").write_text(one.format("current-time", "Another clock."))
    toolbox = make_toolbox()
    described = {each["name"]: each["description"] for each in toolbox.description}
    assert described["same"] == "First."
    assert set(described) == {"calculator", "current_time", "same"}
    await toolbox.tools_for(question(), NO_SERVICES)
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert logged == [
        "two tools are named same: only the first is used",
        "two tools are named current-time: only the first is used",
    ]


def test_a_file_sets_its_own_seconds(own) -> None:
    (own / "a.py").write_text(example())
    (own / "b.py").write_text(example().replace("SECONDS = 5", ""))
    assert [seconds for _, seconds in load_tools(own)] == [5.0, 30.0]


def test_there_need_be_no_folder(tmp_path: Path) -> None:
    assert load_tools(tmp_path / "nowhere") == []


UNUSABLE = """
from strands.tools.tools import PythonAgentTool

def spec(name, schema):
    return {"name": name, "description": "", "inputSchema": {"json": schema}}

text = PythonAgentTool("text", spec("text", {"type": "string"}), print)
choice = PythonAgentTool("choice", spec("choice", {"oneOf": [{"required": ["a"]}]}), print)
"""


async def test_a_tool_whose_arguments_no_model_takes_is_left_out_by_name(
    own, make_toolbox, caplog
) -> None:
    (own / "odd.py").write_text(UNUSABLE)
    toolbox = make_toolbox()
    for _ in range(2):
        tools, (notice,) = await toolbox.tools_for(question(), NO_SERVICES)
        assert [tool.tool_name for tool in tools] == ["calculator", "current_time", "choice"]
        assert notice["name"] == "tools_unusable"
        assert "without text:" in notice["value"]["message"]
    assert "text" not in [each["name"] for each in toolbox.description]
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert logged == ["the tool text is left out: no model takes the schema of its arguments"]
