"""A checkout to which somebody has added one of everything, under `make dev`."""

import json
from collections.abc import Iterator

import httpx
import pytest
from additions import extended
from checkout import copy_checkout, edit
from e2e_stack import RunningStack, run_stack

TOOL = """import os
import boto3
from strands import tool

@tool
def order_table() -> str:
    "Where orders are."
    return f"{os.environ['ORDERS_TABLE']} for {boto3.__name__}"
"""
HANDLER = """import json, os

def handler(event, context):
    email = event["requestContext"]["authorizer"]["claims"]["email"]
    return {"statusCode": 200, "body": json.dumps([os.environ["TABLE"], email])}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    root = copy_checkout(tmp_path_factory.mktemp("adopter") / "checkout")
    (root / "template.yaml").write_text(extended())
    (root / "functions" / "hello").mkdir(parents=True)
    (root / "functions" / "hello" / "app.py").write_text(HANDLER)
    (root / "agent" / "tools" / "orders.py").write_text(TOOL)
    (root / "spa" / "brand.ts").write_text(
        'import type { Brand } from "./src/brand";\n\n'
        'export const brand: Brand = {\n  name: "Orders & Co",\n};\n'
    )
    edit(root / "spa" / "brand.css", "#0b6b7a", "#99bbdd")
    with run_stack(root.parent / "state", root=root) as running:
        yield running


def test_everything_that_was_added_works_or_is_named(stack: RunningStack) -> None:
    named = [line.split("template: ")[1] for line in stack.lines if "template: " in line]
    assert [line.split(" ")[0] for line in named[:5]] == [
        *("Orders", "News", "Uploads", "Secret", "Phone")
    ]
    assert named[5:] == ["GET /orders asks for no token; `security: []` would say that it is meant"]
    token = stack.tokens()["id_token"]
    signed_in = {"Authorization": f"Bearer {token}"}
    hello = f"{stack.outputs['ApiUrl']}/hello"
    assert httpx.post(hello).status_code == 401
    answer = httpx.post(hello, headers=signed_in, timeout=30)
    assert answer.json() == ["orders", "demo@example.com"]
    events = stack.ask({"prompt": "Use order_table with {}"}, token)
    assert events[-1]["type"] == "RUN_FINISHED"
    assert "orders for boto3" in json.dumps(events)


def test_the_page_is_the_brands(stack: RunningStack) -> None:
    page = httpx.get(stack.outputs["SpaUrl"]).text
    assert "<title>Orders &#38; Co</title>" in page
    assert any("contrast of --accent on --ground (light)" in line for line in stack.lines)
