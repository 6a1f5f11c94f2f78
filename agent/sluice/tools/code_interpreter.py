"""AgentCore's code interpreter as a tool: Python in a sandbox of AWS's, one session a conversation.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/code-interpreter-tool.html
"""

import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from strands import ToolContext, tool

from sluice.agui import events
from sluice.agui.media import MAX_DOCUMENT_BYTES, describe, image_format
from sluice.tools.services import Services

IDENTIFIER = "aws.codeinterpreter.v1"
"""The one that AWS keeps for everybody: no role, and of the internet DNS and S3 alone."""

SECONDS = 60.0
SESSION_SECONDS = 900
MAX_SESSIONS = 16
MAX_FILES = 5
MAX_CODE = 50_000

# What stands in the session's folder: name -> size and time of the last change.
_LIST = (
    "print(__import__('json').dumps({each.name: [each.stat().st_size, each.stat().st_mtime_ns] "
    "for each in __import__('os').scandir() if each.is_file() and each.name[0] != '.'}))"
)
# The session has ended: the call was not carried out.
_LOST = ("ResourceNotFoundException", "ConflictException")
_UNAVAILABLE = "The code interpreter cannot be reached: this answer does without it."

_log = logging.getLogger(__name__)


@dataclass
class _Session:
    """A conversation's; one call at a time."""

    id: str = ""
    files: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class _Outcome:
    text: str
    failed: bool
    images: list[bytes]
    files: dict[str, bytes]


class CodeInterpreter:
    """The sessions of a process."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._client: Any = None
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def tool_for(self, services: Services) -> Any:
        """The tool of one run."""

        @tool(name="run_python", context=True)
        def run_python(code: str, tool_context: ToolContext) -> dict[str, Any]:
            """Run Python code in a sandbox that has no internet access.

            Variables and files stay for the rest of the conversation. What the code prints is what
            you see, so print results. The person gets each file that it writes into the current
            folder: tell them what it is called, and do not repeat what stands in it.

            Args:
                code: The code.
            """
            if len(code) > MAX_CODE:
                said = f"The code is longer than {MAX_CODE} characters: run it in parts."
                return {"status": "error", "content": [{"text": said}]}
            session = self._session_of(services.thread_id)
            try:
                with session.lock:
                    outcome = self._run(session, code)
            except Exception as error:
                # What AWS says may name its own things (T8).
                _log.warning("the code interpreter failed", exc_info=error)
                services.send(events.notice("code_unavailable", _UNAVAILABLE))
                return {"status": "error", "content": [{"text": _UNAVAILABLE}]}
            content: list[dict[str, Any]] = [{"text": outcome.text}]
            images = [*outcome.images]
            for name, data in outcome.files.items():
                if image_format(data):
                    images.append(data)
                else:
                    services.give_file(str(tool_context.tool_use["toolUseId"]), name, data)
            content += [
                {"image": {"format": form, "source": {"bytes": data}}}
                for data in images
                if (form := image_format(data))
            ]
            return {"status": "error" if outcome.failed else "success", "content": content}

        return run_python

    def _session_of(self, thread_id: str) -> _Session:
        with self._lock:
            session = self._sessions.setdefault(thread_id, _Session())
            self._sessions.move_to_end(thread_id)
            while len(self._sessions) > MAX_SESSIONS:
                # AWS ends it when its time is over.
                self._sessions.popitem(last=False)
        return session

    def _run(self, session: _Session, code: str) -> _Outcome:
        note = ""
        arguments = {"code": code, "language": "python"}
        had_begun = bool(session.id)
        if not had_begun:
            self._begin(session)
        try:
            result = self._invoke(session, "executeCode", arguments)
        except Exception as error:
            if not had_begun or _code_of(error) not in _LOST:
                raise
            self._begin(session)
            note = "The session had ended: earlier variables and files are gone.\n"
            result = self._invoke(session, "executeCode", arguments)
        files, left_out = self._new_files(session)
        text = note + _said(result) + "".join(f"\n{each}" for each in left_out)
        made = (describe(name, len(data), "the person has it") for name, data in files.items())
        text = "\n".join([text, *made]).strip() or "The code ran, and printed nothing."
        return _Outcome(text, bool(result["isError"]), result["images"], files)

    def _begin(self, session: _Session) -> None:
        session.id = self._connected().start_code_interpreter_session(
            codeInterpreterIdentifier=IDENTIFIER,
            name="sluice",
            sessionTimeoutSeconds=SESSION_SECONDS,
        )["sessionId"]
        session.files = self._list(session)

    def _new_files(self, session: _Session) -> tuple[dict[str, bytes], list[str]]:
        """The files that the last call has made or changed; of each that is left out, a line."""
        before, session.files = session.files, self._list(session)
        changed = [name for name, what in session.files.items() if before.get(name) != what]
        wanted = [name for name in changed if session.files[name][0] <= MAX_DOCUMENT_BYTES]
        left_out = [
            describe(name, session.files[name][0], "too large, or one too many")
            for name in changed
            if name not in wanted[:MAX_FILES]
        ]
        if not wanted:
            return {}, left_out
        arguments = {"paths": wanted[:MAX_FILES]}
        return self._invoke(session, "readFiles", arguments)["files"], left_out

    def _list(self, session: _Session) -> dict[str, Any]:
        result = self._invoke(session, "executeCode", {"code": _LIST, "language": "python"})
        try:
            found = json.loads(result["stdout"])
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _invoke(self, session: _Session, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What a call gives, all its events together. Raises whatever botocore does."""
        answer = self._connected().invoke_code_interpreter(
            codeInterpreterIdentifier=IDENTIFIER,
            sessionId=session.id,
            name=name,
            arguments=arguments,
        )
        told: dict[str, Any] = {
            **{"stdout": "", "stderr": "", "text": ""},
            **{"isError": False, "images": [], "files": {}},
        }
        for event in answer["stream"]:
            result = event.get("result") or {}
            structured = result.get("structuredContent") or {}
            told["stdout"] += structured.get("stdout") or ""
            told["stderr"] += structured.get("stderr") or ""
            told["isError"] |= bool(result.get("isError"))
            for part in result.get("content") or []:
                _take(part, told)
        # Some calls tell their output as text alone.
        told["stdout"] = told["stdout"] or told["text"]
        return told

    def _connected(self) -> Any:
        import boto3  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]

        with self._lock:
            if self._client is None:
                self._client = boto3.session.Session().client(
                    "bedrock-agentcore",
                    region_name=self._region,
                    # Code that was asked to run may have run: it is not asked again.
                    config=Config(
                        connect_timeout=5,
                        read_timeout=SECONDS,
                        retries={"mode": "standard", "total_max_attempts": 1},
                    ),
                )
        return self._client


def _take(part: dict[str, Any], told: dict[str, Any]) -> None:
    """Add one part of a result's content."""
    match part.get("type"):
        case "text":
            told["text"] += part.get("text") or ""
        case "image":
            told["images"].append(part.get("data") or b"")
        case "resource":
            resource = part.get("resource") or {}
            data = resource.get("blob") or (resource.get("text") or "").encode()
            name = unquote(str(resource.get("uri") or "")).rpartition("/")[2]
            told["files"][name or "file"] = data


def _said(result: dict[str, Any]) -> str:
    """What the code printed, and what went wrong."""
    printed, wrong = result["stdout"].strip(), result["stderr"].strip()
    return f"{printed}\n\nErrors:\n{wrong}".strip() if wrong else printed


def _code_of(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
