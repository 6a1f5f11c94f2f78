"""Under `make dev` the terminal shows why a developer's tool fails, and the wire does not."""

from pathlib import Path

from checkout import copy_checkout
from e2e_stack import run_stack

TOOL = '''
from strands import tool

@tool
def fetch() -> str:
    """Fetch."""
    raise ValueError("CANARY-1")
'''


def test_t8_what_a_tool_raises_is_in_the_terminal_and_not_on_the_wire(tmp_path: Path) -> None:
    root = copy_checkout(tmp_path / "checkout")
    (root / "agent" / "tools" / "own.py").write_text(TOOL)
    (root / "agent" / "tools" / "wrong.py").write_text("import nowhere_to_be_found\n")
    with run_stack(tmp_path / "state", root=root) as stack:
        stack.wait_for("ModuleNotFoundError: No module named 'nowhere_to_be_found'")
        events = stack.ask({"prompt": "Use fetch with {}"}, stack.tokens()["id_token"])
        stack.wait_for("ValueError: CANARY-1")
        stack.wait_for(f'File "{root / "agent" / "tools" / "own.py"}", line 7, in fetch')
    assert any(event["type"] == "TOOL_CALL_RESULT" for event in events)
    assert "CANARY" not in str(events)
