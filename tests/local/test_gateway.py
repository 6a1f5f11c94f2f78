"""The gateway's doors, over real HTTP: route, limits, authorizer, validation, mapping, errors."""

import json
import queue
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gateway_support import (
    CORS,
    INTEGRATION,
    POOL_ARN,
    RESPONSES,
    SESSION,
    Backend,
    gateway,
    open_path,
    raw,
    template,
)
from issuer import WRONG_TOKENS, Issuer
from support import serve

from local.gateway.throttle import Bucket, Throttle

ORIGIN = next(iter(CORS.values())).strip("'")
PROMPT = {"prompt": "What is 25 * 4?"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Issuer]:
    pool = Issuer()
    with serve(pool.app()) as url:
        pool.url = url
        yield pool


@pytest.fixture(scope="module")
def backend() -> Iterator[tuple[Backend, str]]:
    backend = Backend()
    with serve(backend.app()) as url:
        yield backend, url


@pytest.fixture(scope="module")
def issuers(pool: Issuer) -> dict[str, str]:
    return {POOL_ARN: pool.discovery_url}


@pytest.fixture(scope="module")
def log() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture(scope="module")
def chat(
    backend: tuple[Backend, str], issuers: dict[str, str], log: queue.Queue[str]
) -> Iterator[str]:
    """The URL of POST /chat behind a gateway that most tests share."""
    with gateway(template(unthrottled, backend[1]), issuers, log.put) as url:
        yield f"{url}/prod/chat"


def unthrottled(properties: dict[str, Any]) -> None:
    del properties["MethodSettings"]


def signed_in(pool: Issuer, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {pool.token()}", **more}


# ---- authorizer (T3) ---------------------------------------------------------------------------

REFUSED = {**WRONG_TOKENS, "no token_use": lambda issuer: issuer.token(token_use=None)}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_token_is_refused_with_cors_t3(name: str, pool: Issuer, chat: str) -> None:
    token = REFUSED[name](pool).encode("latin-1")
    answer = httpx.post(chat, json=PROMPT, headers={b"Authorization": b"Bearer " + token})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.json() == {"message": "Sign in.", "requestId": answer.headers["x-amzn-requestid"]}


def test_no_token_is_refused_with_cors_t3(chat: str) -> None:
    answer = httpx.post(chat, json=PROMPT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


def test_the_authorizer_runs_before_validation(chat: str) -> None:
    assert httpx.post(chat, content=b"not json").status_code == 401


@pytest.mark.parametrize("prefix", ["Bearer ", ""])
def test_an_id_token_opens_the_door_with_and_without_bearer(
    prefix: str, pool: Issuer, chat: str
) -> None:
    answer = httpx.post(chat, json=PROMPT, headers={"authorization": prefix + pool.token()})
    assert answer.status_code == 200


def test_another_client_of_the_pool_passes_the_gateway_as_documented_t3(
    pool: Issuer, chat: str
) -> None:
    """The Cognito authorizer does not look at the audience; the runtime does."""
    headers = {"Authorization": pool.token(aud="client-2")}
    assert httpx.post(chat, json=PROMPT, headers=headers).status_code == 200


def test_with_scopes_an_access_token_with_one_of_them_is_wanted(
    pool: Issuer, backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    def scoped(properties: dict[str, Any]) -> None:
        post = properties["DefinitionBody"]["paths"]["/chat"]["post"]
        post["security"] = [{"Cognito": ["chat/ask", "chat/admin"]}]

    with gateway(template(scoped, backend[1]), issuers) as url:

        def status(**claims: Any) -> int:
            headers = {"Authorization": pool.token(**claims)}
            return httpx.post(f"{url}/prod/chat", json=PROMPT, headers=headers).status_code

        assert status(token_use="access", scope="openid chat/ask") == 200
        assert status(token_use="access", scope="openid") == 401
        assert status(token_use="access", scope="chat/askew") == 401
        assert status(token_use="id", scope="chat/ask") == 401


# ---- validation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"prompt": 5}', "[/prompt: instance type (integer) does not match any allowed"),
        (b'{"prompt": ""}', "[/prompt: string is too short (length: 0, required minimum: 1)]"),
        (b'{"action": "fly"}', "[/action: instance value not found in enum"),
        (b'{"messages": [{}]}', '[/messages/0: object has missing required properties (["role"])]'),
        (
            b"{}",
            "[object has too few properties (found 0 but schema requires at least 1)]",
        ),
        (b"[]", "[instance type (array) does not match any allowed primitive type"),
        (b"", "[instance type (null) does not match any allowed primitive type"),
        (b'{"prompt": ', "[the body is not valid JSON]"),
        (b'{"prompt": NaN}', "[the body is not valid JSON]"),
        (b'{"prompt": "\xff"}', "[the body is not valid JSON]"),
        (b"[" * 200_000, "[the body is not valid JSON]"),
    ],
)
def test_a_body_that_does_not_fit_the_model_is_refused_and_the_field_named_t9(
    body: bytes, detail: str, pool: Issuer, chat: str
) -> None:
    headers = signed_in(pool, **{"Content-Type": "application/json; charset=utf-8"})
    answer = httpx.post(chat, content=body, headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, ORIGIN)
    assert answer.json()["message"] == "Invalid request body"
    assert answer.json()["detail"].startswith(detail)


def test_a_refusal_does_not_repeat_the_clients_values(pool: Issuer, chat: str) -> None:
    body = {"prompt": "canary" * 20, "action": "canary"}
    answer = httpx.post(chat, json=body, headers=signed_in(pool))
    assert answer.status_code == 400
    assert "canary" not in answer.text


def test_a_missing_content_type_counts_as_json_and_an_unmapped_one_passes(
    pool: Issuer, chat: str
) -> None:
    assert httpx.post(chat, content=b"5", headers=signed_in(pool)).status_code == 400
    headers = signed_in(pool, **{"Content-Type": "text/plain"})
    answer = httpx.post(chat, content=b"not json", headers=headers)
    assert (answer.status_code, answer.json()["body"]) == (200, "not json")


def test_required_parameters_are_checked_where_the_validator_says_so(
    pool: Issuer, backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    def required(properties: dict[str, Any]) -> None:
        post = properties["DefinitionBody"]["paths"]["/chat"]["post"]
        post["x-amazon-apigateway-request-validator"] = "all"
        post["parameters"][1]["required"] = True
        post["parameters"].append({"name": "page", "in": "query", "required": True})

    with gateway(template(required, backend[1]), issuers) as url:
        answer = httpx.post(f"{url}/prod/chat", json=PROMPT, headers=signed_in(pool))
        assert answer.status_code == 400
        message = f"Missing required request parameters: [{SESSION}, page]"
        assert answer.json() == {"message": message}
        headers = signed_in(pool, **{SESSION: "s" * 36})
        answer = httpx.post(f"{url}/prod/chat?page=1", json=PROMPT, headers=headers)
        assert answer.status_code == 200


# ---- mapping and passing on --------------------------------------------------------------------


def test_mapped_headers_overwrite_and_others_pass_through(pool: Issuer, chat: str) -> None:
    sent = signed_in(
        pool,
        **{
            SESSION.upper(): "s" * 36,
            "X-Door": "back",
            "X-Owner": "someone-else",
            "X-Other": "kept",
            "WWW-Authenticate": "Basic",
            "Connection": "keep-alive, X-Hop",
            "X-Hop": "dropped",
        },
    )
    answer = httpx.post(chat, json=PROMPT, headers=sent)
    seen = answer.json()
    got = [(name.lower(), value) for name, value in seen["headers"]]
    assert got.count((SESSION.lower(), "s" * 36)) == 1
    assert [value for name, value in got if name == "x-owner"] == ["owner-1"]
    assert [value for name, value in got if name == "x-door"] == ["front"]
    assert ("x-other", "kept") in got
    assert ("authorization", sent["Authorization"]) in got
    assert not {"www-authenticate", "x-hop"} & {name for name, _ in got}
    assert dict(got)["host"] not in chat.replace("127.0.0.1", "localhost")
    assert json.loads(seen["body"]) == PROMPT


def test_a_mapped_header_is_never_the_clients_own_t10(
    backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    """Without a token there are no claims: the mapped header is then absent, not the client's."""
    edit = open_path(
        "/open",
        uri=f"{backend[1]}/echo/",
        requestParameters={"integration.request.header.X-Owner": "context.authorizer.claims.sub"},
    )
    with gateway(template(edit), issuers) as url:
        answer = httpx.post(f"{url}/prod/open", headers={"x-OWNER": "admin"})
        assert "x-owner" not in [name.lower() for name, _ in answer.json()["headers"]]


def test_stage_variables_fill_the_uri_and_its_query_wins(pool: Issuer, chat: str) -> None:
    seen = httpx.post(
        f"{chat}?qualifier=OTHER&more=a%20b", json=PROMPT, headers=signed_in(pool)
    ).json()
    assert seen["path"] == "/echo/runtime-1"
    assert seen["query"] == "qualifier=DEFAULT&id=1&more=a+b"


def test_path_and_query_parameters_are_mapped(
    backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    def edit(properties: dict[str, Any]) -> None:
        open_path(
            "/files/{proxy+}",
            uri=f"{backend[1]}/echo/{{rest}}",
            requestParameters={
                "integration.request.path.rest": "method.request.path.proxy",
                "integration.request.querystring.door": "'front'",
            },
        )(properties)
        post = properties["DefinitionBody"]["paths"]["/files/{proxy+}"]["post"]
        post["parameters"] = [{"name": "proxy", "in": "path", "required": True}]

    with gateway(template(edit), issuers) as url:
        seen = httpx.post(f"{url}/prod/files/a/b%20c?door=back&x=1").json()
        assert (seen["path"], seen["query"]) == ("/echo/a/b c", "door=front&x=1")


def test_answer_headers_come_back_remapped_with_the_gateways_ids(pool: Issuer, chat: str) -> None:
    answer = httpx.post(chat, json=PROMPT, headers=signed_in(pool))
    assert answer.headers["Access-Control-Allow-Origin"] == "https://from.backend"
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"
    assert answer.headers["x-amzn-Remapped-x-amzn-RequestId"] == "of-the-backend"
    assert "WWW-Authenticate" not in answer.headers
    assert len(answer.headers["x-amzn-RequestId"]) == 36
    assert answer.headers["x-amz-apigw-id"]


# ---- routes, preflight, limits -----------------------------------------------------------------


def test_the_preflight_is_answered_without_a_token(chat: str) -> None:
    answer = httpx.options(chat, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization,Content-Type"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/prod/nothing"), ("GET", "/prod/chat"), ("POST", "/chat"), ("POST", "/dev/chat")],
)
def test_an_unknown_route_or_method_is_a_403_with_cors(method: str, path: str, chat: str) -> None:
    answer = httpx.request(method, chat.replace("/prod/chat", path))
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (403, ORIGIN)
    assert answer.json() == {"message": "Missing Authentication Token"}


def test_the_most_literal_path_wins_and_any_method_comes_last(
    backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    def edit(properties: dict[str, Any]) -> None:
        for path in ("/{proxy+}", "/a/{id}", "/a/b"):
            open_path(path, uri=f"{backend[1]}/echo{path.translate(str.maketrans('{}+', '---'))}")(
                properties
            )
        paths = properties["DefinitionBody"]["paths"]
        paths["/a/b"]["x-amazon-apigateway-any-method"] = {
            **paths["/a/b"]["post"],
            INTEGRATION: {
                "type": "http_proxy",
                "httpMethod": "ANY",
                "uri": f"{backend[1]}/echo/any",
            },
        }

    with gateway(template(edit), issuers) as url:

        def served(method: str, path: str) -> str:
            answer = httpx.request(method, f"{url}/prod{path}").json()
            return f"{answer['method']} {answer['path']}"

        assert served("POST", "/a/b") == "POST /echo/a/b"
        assert served("GET", "/a/b") == "GET /echo/any"
        assert served("POST", "/a/c") == "POST /echo/a/-id-"
        assert served("POST", "/a/c/d") == "POST /echo/-proxy--"
        # The resource is chosen before the method: no way round by the greedy one.
        assert httpx.get(f"{url}/prod/a/c").status_code == 403


def test_a_body_over_10_mb_is_refused_announced_or_not_t9(pool: Issuer, chat: str) -> None:
    too_much = 10 * 1024 * 1024 + 1
    head = f"POST /prod/chat HTTP/1.1\nHost: x\nAuthorization: {pool.token()}\nConnection: close\n"
    announced = raw(chat, f"{head}Content-Length: {too_much}\n\n")
    assert announced.startswith(b"HTTP/1.1 413")
    assert announced.endswith(b'{"message":"Request Too Long"}')
    chunks = iter([b"x" * too_much])
    assert httpx.post(chat, content=chunks, headers=signed_in(pool)).status_code == 413


def test_header_values_over_10240_bytes_are_refused(pool: Issuer, chat: str) -> None:
    fits = httpx.post(chat, json=PROMPT, headers=signed_in(pool, X="x" * 9000))
    assert fits.status_code == 200
    assert httpx.post(chat, json=PROMPT, headers={"X": "x" * 10_240}).status_code == 431


def test_an_operations_requests_beyond_its_burst_are_throttled_with_cors(
    backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    def edit(properties: dict[str, Any]) -> None:
        setting = properties["MethodSettings"][0]
        setting.update(ThrottlingRateLimit=0.001, ThrottlingBurstLimit=2)
        own = {**setting, "HttpMethod": "OPTIONS", "ResourcePath": "/~1chat"}
        properties["MethodSettings"].append({**own, "ThrottlingBurstLimit": 0})

    with gateway(template(edit, backend[1]), issuers) as url:
        answers = [httpx.post(f"{url}/prod/chat") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert answers[2].json() == {"message": "Too Many Requests"}
        assert answers[2].headers["Access-Control-Allow-Origin"] == ORIGIN
        assert httpx.options(f"{url}/prod/chat").status_code == 429


def test_a_bucket_fills_again_at_its_rate_and_never_over_its_burst() -> None:
    bucket = Bucket(Throttle(rate=2, burst=3))
    assert [bucket.take(now=10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(now=10.5) for _ in range(2)] == [True, False]
    assert [bucket.take(now=99.0) for _ in range(4)] == [True, True, True, False]


def test_a_request_that_breaks_off_reaches_no_endpoint(
    pool: Issuer, backend: tuple[Backend, str], issuers: dict[str, str]
) -> None:
    backend[0].requests.clear()
    lines: queue.Queue[str] = queue.Queue()
    with gateway(template(backend=backend[1]), issuers, lines.put) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as sock:
            head = f"POST /prod/chat HTTP/1.1\r\nHost: x\r\nAuthorization: {pool.token()}\r\n"
            sock.sendall(f'{head}Content-Length: 99\r\n\r\n{{"prompt": "Delete'.encode())
        assert json.loads(lines.get(timeout=5))["status"] == "-"
    assert backend[0].requests == []


# ---- header smuggling (T10) --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Authorization", "aUTHORIZATION", SESSION, SESSION.lower()])
def test_a_declared_header_sent_twice_is_refused_t10(name: str, pool: Issuer, chat: str) -> None:
    headers = [("Authorization", pool.token()), (SESSION, "s" * 36), (name, "second")]
    answer = httpx.post(chat, json=PROMPT, headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, ORIGIN)
    assert "Duplicated request header" in answer.json()["message"]


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\nTransfer-Encoding: chunked\n",
        "Transfer-Encoding: chunked\nContent-Length: 5\n",
        "Content-Length: 5\nContent-Length: 6\n",
        "Content-Length: 5\nTransfer-Encoding : chunked\n",
        "Content-Length: 5\nTransfer-Encoding: xchunked\n",
        "Content-Length: +5\n",
    ],
)
def test_a_body_with_two_lengths_is_refused_and_the_connection_closed_t10(
    framing: str, pool: Issuer, backend: tuple[Backend, str], chat: str
) -> None:
    backend[0].requests.clear()
    smuggled = f"POST /prod/chat HTTP/1.1\nHost: x\nAuthorization: {pool.token()}\n\n"
    head = f"POST /prod/chat HTTP/1.1\nHost: x\nAuthorization: {pool.token()}\n{framing}\n0\n\n"
    answer = raw(chat, head + smuggled)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert backend[0].requests == []


# ---- what the gateway itself answers, and what it logs -----------------------------------------


def test_an_endpoint_that_is_not_there_is_a_504_with_cors(issuers: dict[str, str]) -> None:
    # Port 9 of loopback: nobody listens there, so the connection is refused.
    edit = open_path("/gone", uri="http://127.0.0.1:9/", responseTransferMode="STREAM")
    with gateway(template(edit), issuers) as url:
        answer = httpx.post(f"{url}/prod/gone")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (504, ORIGIN)
    assert answer.json() == {"message": "Network error communicating with endpoint"}


def test_an_unmapped_media_type_is_a_415_where_the_integration_says_never(
    issuers: dict[str, str],
) -> None:
    def edit(properties: dict[str, Any]) -> None:
        open_path("/x", uri="http://127.0.0.1:9/", passthroughBehavior="never")(properties)
        preflight = properties["DefinitionBody"]["paths"]["/chat"]["options"][INTEGRATION]
        preflight["passthroughBehavior"] = "never"

    with gateway(template(edit), issuers) as url:
        assert httpx.post(f"{url}/prod/x", json=PROMPT).status_code == 415
        answer = httpx.options(f"{url}/prod/chat", headers={"Content-Type": "text/plain"})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (415, ORIGIN)
        assert httpx.options(f"{url}/prod/chat").status_code == 204


def test_a_gateway_response_maps_headers_of_the_request_and_its_own_status(
    issuers: dict[str, str],
) -> None:
    def edit(properties: dict[str, Any]) -> None:
        properties["DefinitionBody"][RESPONSES] = {
            "MISSING_AUTHENTICATION_TOKEN": {
                "statusCode": "404",
                "responseParameters": {
                    "gatewayresponse.header.X-Origin": "method.request.header.Origin",
                    "gatewayresponse.header.X-Absent": "method.request.header.Absent",
                    "gatewayresponse.header.X-Id": "context.requestId",
                },
                "responseTemplates": {
                    "application/json": '{"type":"$context.error.responseType",'
                    '"path":"$context.path","agent":"$context.identity.userAgent"}'
                },
            },
            "DEFAULT_4XX": {"statusCode": 418},
        }

    with gateway(template(edit), issuers) as url:
        headers = {"Origin": "https://o.example", "User-Agent": 'quote " and \\'}
        answer = httpx.get(f"{url}/prod/no%0Awhere", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["X-Origin"] == "https://o.example"
        assert answer.headers["X-Id"] == answer.headers["x-amzn-RequestId"]
        assert "X-Absent" not in answer.headers
        assert answer.json() == {
            "type": "MISSING_AUTHENTICATION_TOKEN",
            "path": "/prod/no%0Awhere",
            "agent": 'quote " and \\',
        }
        # The fallback's status holds for every other 4XX, as documented.
        answer = httpx.post(f"{url}/prod/chat")
        assert (answer.status_code, answer.json()) == (418, {"message": "Unauthorized"})


def test_each_request_has_one_log_line_without_token_or_body_t8(
    pool: Issuer, chat: str, log: queue.Queue[str]
) -> None:
    token = pool.token()
    headers = {"Authorization": token, "User-Agent": 'a"}{"'}
    answer = httpx.post(chat, json={"prompt": "canary"}, headers=headers)
    refused = httpx.post(chat, json={"prompt": "canary"}, headers={"Authorization": token[:-9]})
    ids = [each.headers["x-amzn-RequestId"] for each in (answer, refused)]
    # A line is written once its answer has been sent: one more request is known to come after.
    last = httpx.post(chat).headers["x-amzn-RequestId"]
    said: list[str] = []
    while last not in (line := log.get(timeout=10)):
        said.append(line)
    lines = [json.loads(line) for line in said][-len(ids) :]
    assert [line["id"] for line in lines] == ids
    assert [line["status"] for line in lines] == ["200", "401"]
    assert [line["owner"] for line in lines] == ["owner-1", "-"]
    assert [line["mode"] for line in lines] == ["STREAMED", "-"]
    assert [line["unknown"] for line in lines] == ["-", "-"]
    assert lines[0]["path"] == "/prod/chat"
    assert not any(secret in "".join(said) for secret in ("canary", token[-40:], token[:40]))
