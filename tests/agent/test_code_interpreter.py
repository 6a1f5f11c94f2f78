"""Python in a sandbox as a tool: what it says, keeps and makes, and what if a session is lost."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from image_samples import PNG
from sluice.tools.code_interpreter import MAX_CODE
from support import serve

from local.interpreter import Interpreter
from local.interpreter.session import Session

_PNG = base64.b64encode(PNG).decode()
CHART = f"import base64; open('chart.png', 'wb').write(base64.b64decode('{_PNG}'))"


@pytest.fixture
def interpreter() -> Iterator[Interpreter]:
    service = Interpreter(lambda _line: None)
    yield service
    service.close()


@pytest.fixture
def with_code(run_agent: Any, interpreter: Interpreter) -> Iterator[Callable[[], Any]]:
    """A life of the agent that may run Python."""
    with serve(interpreter) as url:
        yield lambda: run_agent(
            SLUICE_CODE_INTERPRETER="on",
            AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=url,
            SLUICE_MAX_PROMPT="100000",
        )


def run(client: Any, code: str, thread: str = "t", **fields: Any) -> Any:
    """The content of what the code came to, and whether it failed."""
    events = client.ask(f"```python\n{code}\n```", thread, **fields)
    assert events[-1].type.value == "RUN_FINISHED", events[-1]
    (result,) = [event for event in events if event.type.value == "TOOL_CALL_RESULT"]
    return result.content, (result.metadata or {}).get("status")


def test_code_runs_and_a_conversation_keeps_its_variables(with_code: Any) -> None:
    with with_code() as client:
        assert run(client, "x = 6 * 7\nprint(x)") == ("42", None)
        assert run(client, "x + 1") == ("43", None)
        content, status = run(client, "x", "another")
        assert "NameError" in content
        assert status == "error"
        assert run(client, "pass") == ("The code ran, and printed nothing.", None)


def test_code_that_is_too_long_is_refused_and_no_part_of_it_runs(with_code: Any) -> None:
    with with_code() as client:
        content, status = run(client, f"print(1)\n# {'x' * MAX_CODE}")
        assert (content, status) == (
            "The code is longer than 50000 characters: run it in parts.",
            "error",
        )


def test_files_that_code_makes_are_the_persons_and_stay(with_code: Any) -> None:
    with with_code() as client:
        code = f"{CHART}\nopen('sales.csv', 'w').write('month,sales\\nMay,7\\n')\nprint('done')"
        content, _ = run(client, code, runId="r")
        text, image, table = content
        assert "[sales.csv, 18 bytes: the person has it]" in text.text
        assert (image.type, image.source.mime_type) == ("image", "image/png")
        assert (table.type, table.source.mime_type) == ("document", "text/csv")
        assert table.metadata["name"] == "sales.csv"
        assert table.source.value == hashlib.sha256(b"month,sales\nMay,7\n").hexdigest()
        again, _ = run(client, "print('nothing new')")
        assert again == "nothing new"
        (changed, *_), _ = run(client, "open('sales.csv', 'a').write('June,8\\n')")
        assert "[sales.csv, 25 bytes" in changed.text
    with with_code() as client:
        file = client.act("file", threadId="t", id=table.source.value)
        assert base64.b64decode(file["data"]) == b"month,sales\nMay,7\n"
        assert client.act("file", "mallory", threadId="t", id=table.source.value) == "not_found"


def test_what_is_no_file_for_people_or_too_many_is_told_and_left_out(with_code: Any) -> None:
    with with_code() as client:
        code = "for n in range(7): open(f'{n}.txt', 'w').write(str(n))"
        content, _ = run(client, code)
        assert [part.type for part in content] == ["text", *["document"] * 5]
        assert content[0].text.count("one too many") == 2
        content, _ = run(client, "open('data.bin', 'wb').write(bytes(range(256)))")
        assert isinstance(content, str), "bytes that nobody can open"
        large = run(client, "open('large.txt', 'w').write('x' * 5_000_000)")
        assert "too large" in str(large)


def test_a_session_that_has_ended_begins_anew_and_the_model_is_told(
    with_code: Any, interpreter: Interpreter
) -> None:
    with with_code() as client:
        run(client, "x = 1")
        interpreter.close()
        content, _ = run(client, "print('y')")
    assert content == "The session had ended: earlier variables and files are gone.\ny"


def test_t8_an_interpreter_that_refuses_leaves_an_answer_and_a_notice(
    run_agent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import JSONResponse

        error = {"message": "arn:aws:iam::123456789012:role/agent may not"}
        headers = {"x-amzn-errortype": "AccessDeniedException"}
        await JSONResponse(error, 403, headers)(scope, receive, send)

    environ = {"SLUICE_CODE_INTERPRETER": "on"}
    with (
        serve(refuse) as url,
        run_agent(**environ, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=url) as client,
    ):
        events = client.ask("```python\nprint('CANARY')\n```")
    assert events[-1].type.value == "RUN_FINISHED"
    (notice,) = [event for event in events if event.type.value == "CUSTOM"]
    assert notice.name == "code_unavailable"
    assert "123456789012" not in "".join(event.model_dump_json() for event in events)
    assert "CANARY" not in caplog.text


# The stand-in's session.


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.end()


def test_t11_a_session_has_nothing_of_the_environment_and_ends_in_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "sesame")
    assert session.run("import os; print(os.environ.get('SECRET'))")["stdout"] == "None\n"
    assert session.run("'x' * (2 << 30)")["exitCode"] != 0
    monkeypatch.setattr("local.interpreter.session.SECONDS", 0.3)
    assert session.run("while True: pass")["exitCode"] == 137
    assert session.has_ended


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", "folder", "none"])
def test_a_session_gives_files_of_its_own_folder_alone(session: Session, path: str) -> None:
    session.run("import os; os.symlink('/etc/passwd', 'link'); os.mkdir('folder')")
    assert session.read(path) is None


def test_code_that_breaks_out_of_its_output_breaks_no_protocol(session: Session) -> None:
    assert (
        session.run("import os; os.write(1, b'}{\\n'); print('\\n{}\\n')")["stdout"] == "\n{}\n\n"
    )
    assert session.run("raise SystemExit(3)")["exitCode"] == 3
    assert session.run("1 / 0")["stderr"].endswith("ZeroDivisionError: division by zero\n")
    assert session.run("def (")["exitCode"] == 1
    assert session.run("7")["stdout"] == "7\n"
