"""Conversations outlive the process, in one layout, and no fault of storage stops an answer."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sluice.conversations import Conversations, key, open_storage
from sluice.history import open_turn, repair
from strands import Agent
from strands.storage import S3Storage


def text(role: str, said: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": said}]}


def call(*ids: str) -> dict[str, Any]:
    blocks = [
        {"toolUse": {"toolUseId": i, "name": "calculator", "input": {"expression": "1 + 1"}}}
        for i in ids
    ]
    return {"role": "assistant", "content": blocks}


def result(*ids: str) -> dict[str, Any]:
    done = {"status": "success", "content": [{"text": "Result: 2"}]}
    return {"role": "user", "content": [{"toolResult": {"toolUseId": i} | done} for i in ids]}


def store(folder: Path, messages: list[Any], thread: str = "thread-1") -> Path:
    """Put a history where the agent will look for Alice's thread."""
    agent = Agent(messages=messages, callback_handler=None)
    path = folder / key("alice", thread)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(agent.take_snapshot(preset="session").to_dict()))
    return path


def test_a_follow_up_works_on_the_last_result(client) -> None:
    client.ask("What is 25 * 4?")
    assert "100 / 10 = 10" in client.say("Now divide that by 10")
    assert "10 + 5 = 15" in client.say("Add 5")


def test_a_thread_survives_the_process(run_agent) -> None:
    with run_agent() as client:
        client.ask("My lucky number is 12")
        client.ask("What is 25 * 4?")
    with run_agent() as client:
        assert client.say("What is my lucky number?") == "Your lucky number is 12."
        assert "100 / 10 = 10" in client.say("Now divide that by 10")
        assert "not told me" in client.say("What is my lucky number?", "another-thread")


@pytest.mark.parametrize(
    "interrupted",
    [
        [text("user", "My name is Ada"), call("c1", "c2")],
        [text("user", "My name is Ada"), call("c1", "c2"), result("c1")],
        [text("user", "My name is Ada"), call("c1"), text("user", "hello?")],
        [text("user", "My name is Ada"), result("c9"), text("assistant", "Yes.")],
        [text("assistant", "Welcome."), text("user", "My name is Ada")],
    ],
)
def test_an_interrupted_history_does_not_brick_the_thread(client, folder, interrupted) -> None:
    path = store(folder, interrupted)
    assert "Ada" in client.say("What is my name?")
    assert "1 + 2 = 3" in client.say("1 + 2")
    stored = json.loads(path.read_text())["data"]["messages"]
    assert_well_formed(stored)


def assert_well_formed(messages: list[Any]) -> None:
    """What providers demand: a person first, roles in turn, each call answered at once."""
    open_calls: list[str] = []
    for index, message in enumerate(messages):
        assert message["role"] == ("user", "assistant")[index % 2]
        assert message["content"]
        results = [b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b]
        assert results == open_calls
        calls = [b["toolUse"]["toolUseId"] for b in message["content"] if "toolUse" in b]
        open_calls = list(dict.fromkeys(calls))
    assert not open_calls


IDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)
MESSAGES = st.lists(
    st.one_of(
        st.builds(text, st.sampled_from(["user", "assistant"]), st.text(min_size=1, max_size=3)),
        IDS.map(lambda ids: call(*ids)),
        IDS.map(lambda ids: result(*ids)),
        st.just({"role": "assistant", "content": []}),
    ),
    max_size=8,
)


@given(MESSAGES)
def test_whatever_was_interrupted_the_repaired_history_is_well_formed(messages) -> None:
    repaired = repair(messages)
    assert_well_formed(repaired)
    assert repair(repaired) == repaired
    past, now = open_turn(repaired, "next")
    assert_well_formed([*past, {"role": "user", "content": now}])


def test_a_well_formed_history_is_left_as_it_is() -> None:
    history = [text("user", "1 + 1"), call("a"), result("a"), text("assistant", "2")]
    assert repair(history) == history


def notices(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.type.value == "CUSTOM"]


def test_f9_an_answer_that_cannot_be_saved_still_arrives_and_says_so(run_agent, tmp_path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with run_agent(SLUICE_CONVERSATIONS=str(tmp_path / "file" / "below")) as client:
        events = client.ask("What is 25 * 4?")
    assert notices(events) == ["storage_unavailable"]
    assert any(getattr(event, "content", "") == "Result: 100" for event in events)
    assert events[-1].type.value == "RUN_FINISHED"


@pytest.mark.parametrize("damage", ["{", "{}", "[]", '{"created_at": "", "data": {}}'])
def test_f9_a_history_that_cannot_be_read_is_said_and_never_written_over(
    client, folder, damage
) -> None:
    path = store(folder, [text("user", "hello"), text("assistant", "Hi")])
    path.write_text(damage)
    events = client.ask("What is 25 * 4?")
    assert notices(events) == ["storage_unavailable"]
    assert events[-1].type.value == "RUN_FINISHED"
    assert path.read_text() == damage


def test_a_run_that_fails_leaves_the_history_as_it_was(run_agent, folder) -> None:
    path = store(folder, [text("user", "hello"), text("assistant", "Hi")])
    before = path.read_text()
    unreachable = {"SLUICE_MODEL": "bedrock", "SLUICE_MODEL_REGION": "nowhere-1"}
    with run_agent(**unreachable) as client:
        assert client.ask("hello")[-1].type.value == "RUN_ERROR"
    assert path.read_text() == before


class FakeS3:
    """An S3 client over a dict; also the session that makes it."""

    class exceptions:  # noqa: N801 - botocore's spelling
        NoSuchKey = KeyError

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def client(self, _service: str, **_options: object) -> "FakeS3":
        return self

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        data = self.objects[f"{Bucket}/{Key}"]

        class Body:
            def read(self) -> bytes:
                return data

        return {"Body": Body()}


def test_s3_and_a_folder_have_one_layout(tmp_path: Path) -> None:
    fake = FakeS3()
    s3 = Conversations(S3Storage("bucket", prefix="threads", boto_session=fake))
    folder = Conversations(open_storage(str(tmp_path)))

    async def keep(conversations: Conversations) -> list[Any]:
        agent = Agent(messages=[text("user", "hello"), text("assistant", "Hi")])
        await conversations.save("alice", "t", agent)
        again = Agent(callback_handler=None)
        await conversations.load("alice", "t", again)
        nobody = Agent(callback_handler=None)
        await conversations.load("bob", "t", nobody)
        assert nobody.messages == []
        return [message["content"] for message in again.messages]

    assert asyncio.run(keep(s3)) == asyncio.run(keep(folder)) != []
    files = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()]
    assert list(fake.objects) == [f"bucket/threads/{name}" for name in files]


def test_the_storage_is_the_one_that_the_setting_names() -> None:
    storage = open_storage("s3://bucket/some/prefix")
    assert isinstance(storage, S3Storage)
    assert (storage._bucket, storage._prefix) == ("bucket", "some/prefix/")
