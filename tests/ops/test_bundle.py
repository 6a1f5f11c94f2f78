"""The agent's zip: the same from every clone, small, and all that the agent needs."""

import hashlib
import importlib.metadata
import json
import marshal
import os
import re
import shutil
import stat
import subprocess
import sys
import time
import types
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest
from checkout import ROOT, copy_checkout, edit
from emulator import run_emulator
from mcp_server import mcp_server
from model_servers import MODEL_IDS, ModelServer, Reply
from support import serve

from local.bedrock import Bedrock
from ops import archive, bundle, bundle_proof, bytecode, layers, pruning, wheels

pytestmark = pytest.mark.slow

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ARM64 = b"\xb7\x00"  # e_machine in an ELF header
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Built:
    """A clone in which `make bundle` has run."""

    clone: Path
    said: str
    seconds: float

    @property
    def zip(self) -> Path:
        return self.clone / ".build" / "agent.zip"


def clone(root: Path) -> Path:
    copy_checkout(root)
    for name in ("uv.lock", "pyproject.toml", ".python-version"):
        shutil.copy(ROOT / name, root / name)
    return root


def build(root: Path, umask: int, **environment: str) -> Built:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ops", "bundle"],
        cwd=root,
        env={**os.environ, "UV": str(uv()), **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Built(root, done.stdout, time.monotonic() - started)


def uv() -> str:
    """The path of uv, as the command itself finds it."""
    found = os.environ.get("UV") or shutil.which("uv") or ROOT / ".build" / "uv" / "bin" / "uv"
    return str(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(clone(tmp_path_factory.mktemp("one") / "sluice"), 0o022)


@pytest.fixture(scope="module")
def files(built: Built) -> dict[str, bytes]:
    with zipfile.ZipFile(built.zip) as opened:
        names = [info.filename for info in opened.infolist() if not info.is_dir()]
        return {name: opened.read(name) for name in names}


@pytest.fixture(scope="module")
def unpacked(built: Built) -> Iterator[Path]:
    """The zip on this machine, with this machine's compiled modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "FOLDER", built.clone / ".build" / "bundle")
        patch.setenv("UV", uv())
        requirements = wheels.export(PYTHON)
        theirs = layers.dependencies(requirements, PYTHON, wheels.AGENTCORE_PLATFORM)
        ours = layers.dependencies(requirements, PYTHON)
    with bundle_proof.unpacked(built.zip, theirs, ours) as folder:
        yield folder


@pytest.mark.timeout(180)  # two builds from nothing, the second of which fetches every wheel
def test_two_clones_give_the_same_zip_byte_for_byte(built: Built, tmp_path: Path):
    other = clone(tmp_path / "a folder of another name")
    for stray in ("agent/.DS_Store", "agent/sluice/__pycache__/engine.cpython-312.pyc"):
        (other / stray).parent.mkdir(exist_ok=True)
        (other / stray).write_bytes(b"stray")
    for source in (other / "agent").rglob("*.py"):
        source.chmod(0o700)
        os.utime(source, (0, 0))
    environment = {
        "HOME": str(tmp_path / "home"),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_COMPILE_BYTECODE": "1",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
    }
    # Its agent need not be asked again if the zip is the same, and the test fails if it is not.
    (other / ".build" / "bundle").mkdir(parents=True)
    shutil.copy(built.clone / ".build" / "bundle" / "proven", other / ".build" / "bundle")
    rebuilt = build(other, 0o077, **environment)
    assert rebuilt.zip.read_bytes() == built.zip.read_bytes()


def test_it_says_what_it_does_and_ends_with_size_count_and_hash(built: Built, files):
    first, proof, last = built.said.splitlines()
    assert first == f"Packing the agent and what it imports for Python {PYTHON} on arm64 Linux"
    assert "answers 'What is 25 * 4?' with 100" in proof
    digest = hashlib.sha256(built.zip.read_bytes()).hexdigest()
    assert last == (
        f".build/agent.zip: {archive.megabytes(built.zip.stat().st_size)}, unzipped "
        f"{archive.megabytes(sum(map(len, files.values())))}, {len(files)} files, SHA-256 {digest}"
    )


def test_a_second_build_is_quick_and_the_same(built: Built):
    before = built.zip.read_bytes()
    again = build(built.clone, 0o022, UV_OFFLINE="1")
    assert again.zip.read_bytes() == before
    assert again.seconds < built.seconds / 2
    assert "answers" not in again.said, "the same zip is not asked twice"


def test_the_zip_is_at_most_20_megabytes(built: Built):
    assert built.zip.stat().st_size <= 22 * MEGABYTE


def test_files_are_readable_and_folders_enterable_by_everybody(built: Built):
    with zipfile.ZipFile(built.zip) as opened:
        infos = opened.infolist()
    wanted = {True: stat.S_IFDIR | 0o755, False: stat.S_IFREG | 0o644}
    assert {info.filename: info.external_attr >> 16 for info in infos} == {
        info.filename: wanted[info.is_dir()] for info in infos
    }
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    folders = {info.filename for info in infos if info.is_dir()}
    assert {"sluice/", "sluice/models/", "strands/agent/"} <= folders


def test_nothing_is_in_it_that_the_rules_leave_out(built: Built, files):
    own = r"(main|agent)\.py|sluice/|tools/|__pycache__/(main|agent)\."
    ours = {name for name in files if re.match(own, name)}
    agent = built.clone / "agent"
    written = {path.relative_to(agent).as_posix() for path in agent.rglob("*.py")}
    assert {name for name in ours if name.endswith(".py")} == written
    assert all(name.endswith((".py", ".pyc")) for name in ours)
    theirs = files.keys() - ours
    assert "pyproject.toml" not in theirs
    sources = [re.sub(r"\.pyc$", ".py", name) for name in theirs]
    assert not [name for name in sources if not pruning.is_kept(name)]
    assert not [name for name in theirs if name.endswith(".py") or ".." in name]
    services = {name.split("/")[2] for name in theirs if name.startswith("botocore/data/")}
    wanted = {"bedrock-runtime", "s3", "secretsmanager", "sts"}
    assert {name for name in services if "." not in name} == wanted


def test_every_package_keeps_its_metadata_and_entry_points(built: Built, unpacked: Path):
    locked = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", wheels.export(PYTHON), flags=re.MULTILINE))
    found = {
        distribution.name.lower().replace("_", "-"): distribution.version
        for distribution in importlib.metadata.distributions(path=[str(unpacked)])
    }
    elsewhere = {"colorama", "httpx2-jsfetch", "pywin32"}  # for Windows and browsers
    assert found == {name: locked[name] for name in locked.keys() - elsewhere}
    points = importlib.metadata.entry_points
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(unpacked)])
        assert "contextvars_context" in points(group="opentelemetry_context").names


def test_a_persons_own_tools_are_packed(tmp_path: Path, monkeypatch):
    """docs/tools.md: one file in agent/tools is all it takes."""
    shutil.copytree(ROOT / "agent", tmp_path / "agent")
    (tmp_path / "agent" / "tools" / "dice.py").write_text("x = 1\n")
    monkeypatch.setattr(bundle, "AGENT", tmp_path / "agent")
    ours = {name for name in bundle._agent(PYTHON) if name.startswith("tools/")}
    compiled = f"tools/__pycache__/dice.cpython-{PYTHON.replace('.', '')}.pyc"
    assert ours == {"tools/dice.py", compiled}


TABLE_TOOL = '''
import boto3
from strands import tool

table = boto3.resource("dynamodb").Table("orders")


@tool
def count() -> int:
    """Count orders."""
    return int(table.item_count)
'''


@pytest.mark.timeout(180)
def test_a_tool_finds_the_service_that_it_names_in_the_bundle(tmp_path: Path):
    root = clone(tmp_path / "sluice")
    (root / "agent" / "tools" / "orders.py").write_text(TABLE_TOOL)
    made = build(root, 0o022)
    assert "With the descriptions of dynamodb, which your tools use" in made.said
    names = zipfile.ZipFile(made.zip).namelist()
    assert [name for name in names if name.startswith("botocore/data/dynamodb/20")]
    assert [name for name in names if name.startswith("boto3/data/dynamodb/20")]
    assert not [name for name in names if name.startswith("botocore/data/sqs/")]


def test_a_tools_service_is_kept_for_clients_and_resources():
    for path in ("botocore/data/sqs/2012-11-05/service-2.json.gz", "boto3/data/sqs/x.json"):
        assert not pruning.is_kept(path)
        assert pruning.is_kept(path, {"sqs"})
        assert not pruning.is_kept(path, {"sq", "sqss"})


@pytest.mark.parametrize(
    ("setting", "text", "sentence"),
    [
        ("", "import boto3\nboto3.client('dynamo')", "agent/tools/own.py:2: AWS has no service"),
        ("[tool.sluice]\nservices = ['sqss']\n", "", "AWS has no service 'sqss'"),
    ],
)
def test_a_misspelt_service_is_refused(root: Path, setting: str, text: str, sentence: str):
    with (root / "agent" / "pyproject.toml").open("a") as pyproject:
        pyproject.write(setting)
    (root / "agent" / "tools").mkdir()
    (root / "agent" / "tools" / "own.py").write_text(text)
    with pytest.raises(SystemExit, match=re.escape(sentence)):
        bundle.build(root / "agent.zip")


@pytest.fixture
def with_tool(unpacked: Path, tmp_path: Path):
    """The unpacked bundle with a tool of this text."""

    def make(text: str) -> Path:
        folder = tmp_path / "with-tool"
        shutil.copytree(unpacked, folder, copy_function=os.link)
        (folder / "tools").mkdir(exist_ok=True)
        (folder / "tools" / "own.py").write_text(text)
        return folder

    return make


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import boto3\nboto3.client('sqs')",
            "own.py: UnknownServiceError: Unknown service: 'sqs'",
        ),
        ("from strands_tools import http_request", "own.py: ImportError: cannot import name"),
        ("import PIL", "own.py: ModuleNotFoundError: No module named 'PIL'"),
        ("def (", "own.py: SyntaxError"),
    ],
)
def test_a_tool_that_the_bundle_cannot_serve_is_refused(with_tool, text: str, reason: str):
    with pytest.raises(SystemExit, match=re.escape(reason)):
        bundle_proof.try_tools(with_tool(text), set())


def test_a_service_that_the_bundle_lacks_is_refused(unpacked: Path):
    with pytest.raises(SystemExit, match="a client of sqs: UnknownServiceError"):
        bundle_proof.try_tools(unpacked, {"s3", "sqs"})


def test_a_tool_that_wants_a_variable_is_told_and_packed(with_tool):
    (told,) = bundle_proof.try_tools(with_tool("import os\nos.environ['ORDERS']"), {"s3"})
    assert told.startswith("tools/own.py: KeyError: 'ORDERS'.")


def test_its_machine_code_is_for_arm64_alone(files):
    machines = {name: content[18:20] for name, content in files.items() if _is_elf(content)}
    assert any(name.startswith("pydantic_core/") for name in machines)
    assert set(machines.values()) == {ARM64}
    assert machines.keys() == {name for name in files if ".so" in name}


def _is_elf(content: bytes) -> bool:
    return content.startswith(b"\x7fELF")


def test_compiled_files_are_believed_unchecked_and_name_no_path_of_this_machine(files):
    compiled = {name: content for name, content in files.items() if name.endswith(".pyc")}
    assert len(compiled) > 1000
    for name, content in compiled.items():
        assert content[:4] == MAGIC_NUMBER, name
        assert int.from_bytes(content[4:8], "little") == 0b01, f"{name} is checked"
        source = re.sub(r"__pycache__/(.*)\.cpython-\d+", r"\1", name).removesuffix("c")
        code = marshal.loads(content[16:])  # noqa: S302 - compiled a moment ago
        assert _file_names(code) == {source}


def test_the_manuals_of_libraries_are_left_out_and_what_is_read_at_run_time_stays(unpacked, files):
    """Tools are described by their docstrings, SymPy's are 1.3 MB of the zip."""
    assert sum(map(len, files.values())) < 50_000_000
    asked = """
import sympy
from strands_tools.calculator import calculator
print(repr(sympy.sin.__doc__))
print(calculator.tool_spec["description"][:20])
print(sympy.integrate(1 / sympy.Symbol("x")))
"""
    ended = subprocess.run(
        [sys.executable, "-c", asked], cwd=unpacked, capture_output=True, text=True, check=False
    )
    assert ended.stdout.splitlines()[0] == "''", ended.stderr
    assert ended.stdout.splitlines()[2] == "log(x)"
    assert len(ended.stdout.splitlines()[1]) == 20


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Doc."""\nx = 1\n', '""\nx = 1\n'),
        (
            "def f():\n    r'''Two\n    lines.'''\n    return 1\n",
            'def f():\n    ""\n\n    return 1\n',
        ),
        ("class A: 'é'; y = 1\n", 'class A: ""; y = 1\n'),
        ("def f():\n    x = '''no\n    doc'''\n", "def f():\n    x = '''no\n    doc'''\n"),
        ("def f():\n    f'{1}'\n", "def f():\n    f'{1}'\n"),
    ],
)
def test_a_docstring_is_emptied_and_each_line_stays_in_its_place(source: str, expected: str):
    assert bytecode.empty_docstrings(source.encode()).decode() == expected


def _file_names(code: types.CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {code.co_filename}.union(*map(_file_names, inner))


def test_every_rule_still_decides_about_a_file(tmp_path: Path, monkeypatch):
    """A row that matches nothing any more is to be removed."""
    monkeypatch.setenv("UV", uv())
    installed = tmp_path / "installed"
    wheels.install(wheels.export(PYTHON), installed, PYTHON, None)
    (installed / "anything" / "__pycache__").mkdir(parents=True)  # as some wheels have them
    (installed / "anything" / "__pycache__" / "x.pyc").touch()
    names = [*archive.read_tree(installed), *archive.read_tree(ROOT / "agent")]
    deciding = {pruning.decide(name) for name in names}
    assert [rule.pattern for rule in pruning.RULES if rule not in deciding] == []


def test_every_unused_package_would_be_packed_but_for_its_row():
    for name in pruning.UNUSED:
        others = [
            argument for other in pruning.UNUSED if other != name for argument in ("--prune", other)
        ]
        command = [uv(), "export", "--package", "sluice-agent", "--frozen", "--no-dev", "--quiet"]
        exported = subprocess.run(
            [*command, *others], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        assert f"\n{name}==" in exported, f"{name} is not among the agent's dependencies any more"


def test_the_agent_imports_every_package_that_is_packed(unpacked: Path):
    seen = """
import os, sys
sys.path.insert(0, os.getcwd())
from sluice.agent_runner.runner import AgentRunner
from sluice.settings import Settings
from sluice.mcp_servers import Server
from sluice.tools import calculator_child, connection, session
import sluice.agui.state
import sluice.app, sluice.telemetry.spans, tzdata, uvicorn.protocols.http.h11_impl
AgentRunner(Settings.read(os.environ))
sluice.agui.state.change({}, {"a": 1})
sluice.telemetry.spans.make_provider("http://localhost:4318").shutdown()
session.Session(Server("docs", "https://localhost/mcp"), "")._http_client()
del sys.modules["strands"]
calculator_child._import_calculator()
print(*{name.partition(".")[0] for name in sys.modules})
"""
    environment = {
        "SLUICE_MODEL": "bedrock",
        "SLUICE_CONVERSATIONS": "s3://sluice-conversations",
        "AWS_REGION": "us-east-1",
    }
    loaded = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", seen],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    packed = {path.name.partition(".")[0] for path in unpacked.iterdir()} - {"main", "agent"}
    packages = {name for name in packed if name != "__pycache__" and "-" not in name}
    assert packages - set(loaded) == {"_yaml"}, "PyYAML's former name comes with it"


def test_the_unpacked_agent_talks_to_bedrock_and_keeps_conversations_in_s3(
    unpacked: Path, tmp_path: Path
):
    """Answers of S3, and a stored conversation."""
    call = Reply(text=("Let me see.",), call={"expression": "2**10 - 24"})
    server = ModelServer()
    with ExitStack() as stack:
        url = stack.enter_context(serve(server.app))
        emulator = stack.enter_context(run_emulator(tmp_path))
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="sluice-conversations")
        environment = {
            **emulator.environment,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
            "SLUICE_MODEL": "bedrock",
            "SLUICE_MODEL_ID": MODEL_IDS["bedrock"],
            "SLUICE_CONVERSATIONS": "s3://sluice-conversations",
        }
        agent = stack.enter_context(bundle_proof.started(unpacked, environment))
        server.play(call, Reply(text=("It is ", "1000.")))
        said = agent.ask({"prompt": "What is 2**10 - 24?"})
        assert '"RUN_FINISHED"' in said, said + agent.log.read_text()
        assert "Result: 1000" in said, "the calculator's answer"
        kept = s3.list_objects_v2(Bucket="sluice-conversations")["Contents"]
        names = [found["Key"].partition("/")[2].partition("/")[0] for found in kept]
        assert sorted(names) == ["account.json", "index.json", "threads"]


def test_the_unpacked_agent_has_the_tools_of_an_mcp_server(unpacked: Path, tmp_path: Path):
    """Without the half of the mcp package that the rules leave out."""
    with mcp_server() as server, serve(Bedrock(print)) as bedrock:
        environment = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
            "SLUICE_CONVERSATIONS": str(tmp_path),
            "SLUICE_MCP": json.dumps([{"name": "docs", "url": server.url}]),
        }
        with bundle_proof.started(unpacked, environment) as agent:
            said = agent.ask({"prompt": "What is 25 * 4?"})
            assert '"RUN_FINISHED"' in said, said + agent.log.read_text()
            assert "tools_unavailable" not in said, agent.log.read_text()
            assert '"docs_echo"' in agent.ask({"action": "warm"})


def test_a_zip_whose_agent_lacks_something_is_refused_with_its_last_words(
    unpacked: Path, tmp_path: Path
):
    broken = tmp_path / "broken"
    shutil.copytree(unpacked, broken, copy_function=os.link)
    shutil.rmtree(broken / "botocore" / "data" / "bedrock-runtime")
    shutil.rmtree(broken / "starlette")
    with pytest.raises(SystemExit, match=r"did not start.*ops/pruning.py(?s:.*)starlette"):
        bundle_proof.prove(broken)
    shutil.copytree(unpacked / "starlette", broken / "starlette")
    with pytest.raises(SystemExit, match=r"without Result: 100(?s:.*)internal_error"):
        bundle_proof.prove(broken)


def test_the_calculator_without_the_rest_of_sympy_says_what_the_whole_one_says(unpacked: Path):
    asked = [
        {"expression": "integrate(x**2 * exp(-x), x)"},
        {"expression": "x**3 - 6*x**2 + 11*x - 6", "mode": "solve"},
        {"expression": "sin(x)/x", "mode": "limit", "wrt": "x", "point": "0"},
        {"expression": "exp(x)*cos(x)", "mode": "series", "wrt": "x", "point": "0", "order": 6},
        {"expression": "[[1, 2], [3, 4]]", "mode": "matrix"},
        {"expression": "det(Matrix([[1, 2], [3, 4]]))"},
        {"expression": "erf(x) * gamma(x)", "mode": "derive", "wrt": "x"},
        {"expression": "simplify(sin(x)**2 + cos(x)**2)"},
        {"expression": "1/(x**4 + 1)", "mode": "integrate", "wrt": "x"},
        {"expression": "nsimplify(sqrt(2) + 0.5)"},
    ]
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); "
        "from sluice.tools.calculator_child import _import_calculator; "
        "calculate = _import_calculator(); "
        f"print(json.dumps([calculate(**each) for each in {asked!r}]))"
    )

    def answers(folder: Path, *options: str) -> str:
        command = [sys.executable, *options, "-W", "ignore", "-c", script, str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    pruned = answers(unpacked, "-I", "-S")
    assert pruned.count("success") == len(asked)
    assert pruned == answers(ROOT / "agent")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the lock says, to edit."""
    monkeypatch.setenv("UV", uv())
    root = tmp_path / "sluice"
    root.mkdir()
    for name in (
        *("uv.lock", "pyproject.toml", ".python-version"),
        *("template.yaml", "samconfig.toml"),
    ):
        shutil.copy(ROOT / name, root / name)
    (root / "agent").mkdir()
    for name in ("pyproject.toml", "main.py"):
        shutil.copy(ROOT / "agent" / name, root / "agent" / name)
    monkeypatch.setattr(wheels, "ROOT", root)
    monkeypatch.setattr(bundle, "ROOT", root)
    monkeypatch.setattr(bundle, "AGENT", root / "agent")
    monkeypatch.setattr(bundle, "CODE", root / ".build" / bundle.CODE.name)
    return root


def test_a_package_without_an_arm64_wheel_is_named_with_what_to_do(root: Path):
    lock = root / "uv.lock"
    text = lock.read_text()
    lock.write_text(re.sub(r"^.*/rpds_py-[^/]*-cp313-[^/]*aarch64.*\n", "", text, flags=re.M))
    assert lock.read_text() != text
    with pytest.raises(SystemExit, match=r"no wheel for .* of rpds-py==\S+, and.*uv add"):
        wheels.export(PYTHON)


def test_a_wheel_of_another_hash_is_not_installed(root: Path, tmp_path: Path):
    requirements = re.sub("sha256:.", "sha256:0", wheels.export(PYTHON))
    with pytest.raises(SystemExit, match=r"(?s)uv pip failed.*[Hh]ash"):
        wheels.install(requirements, tmp_path / "installed", PYTHON, None)


def test_a_python_that_the_lock_is_not_made_for_is_refused(root: Path):
    edit(root / "template.yaml", "PYTHON_3_13", "PYTHON_3_14")
    with pytest.raises(SystemExit, match=r"Python 3\.14, but uv\.lock is made for ==3\.13\.\*"):
        bundle.build(root / "agent.zip")


@pytest.mark.parametrize(
    ("old", "new"), [("PYTHON_3_13", "NODE_22"), ("[main.py]", "[app.py]"), ("Runtime:", "Run:")]
)
def test_a_template_whose_runtime_is_not_this_agent_is_refused(root: Path, old: str, new: str):
    edit(root / "template.yaml", old, new)
    with pytest.raises(SystemExit, match=r"EntryPoint is a file of agent/"):
        bundle.build(root / "agent.zip")


def test_without_uv_one_sentence_says_how_to_get_it(root: Path, monkeypatch, tmp_path: Path):
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"uv.* was not found .*install it"):
        wheels.export(PYTHON)
    monkeypatch.setenv("UV", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match=r"cannot be run as .*Correct the variable UV"):
        wheels.export(PYTHON)


@pytest.mark.parametrize(
    ("limits", "how"),
    [
        (archive.Limits(unzipped=2 * MEGABYTE), "3.1 MB unzipped, AgentCore takes 2.0 MB"),
        (archive.Limits(zipped=1 * MEGABYTE), "2.0 MB zipped, AgentCore takes 1.0 MB"),
    ],
)
def test_a_zip_over_agentcores_limits_is_refused_and_the_largest_packages_named(
    limits: archive.Limits, how: str, tmp_path: Path
):
    out = tmp_path / "agent.zip"
    files = {
        "large/module.so": os.urandom(2 * MEGABYTE),
        "even/a.pyc": bytes(MEGABYTE),
        "main.py": bytes(100_000),
    }
    with pytest.raises(SystemExit) as refused:
        archive.write_zip(files, out, limits)
    assert how in str(refused.value)
    assert "large (2.0 MB), even (1.0 MB)" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_agentcores_limits_are_250_and_750_megabytes():
    assert archive.Limits() == archive.Limits(zipped=250 * MEGABYTE, unzipped=750 * MEGABYTE)


def test_another_python_than_the_templates_packs_sources_and_says_so(
    monkeypatch, tmp_path: Path, capsys
):
    monkeypatch.setenv("UV", uv())
    one = re.search(r"^rich==.*(\n +--hash.*)+", wheels.export(PYTHON), flags=re.MULTILINE)
    assert one is not None
    monkeypatch.setattr(wheels, "export", lambda *_: one[0])
    monkeypatch.setattr(layers, "can_compile", lambda _: False)
    monkeypatch.setattr(layers, "FOLDER", tmp_path)
    monkeypatch.setattr(bundle, "_prove", lambda *_: None)
    bundle.build(tmp_path / "agent.zip")
    assert "Without compiled files" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "agent.zip") as opened:
        names = opened.namelist()
    assert {"rich/console.py", "sluice/agent_runner/runner.py"} <= set(names)
    assert not [name for name in names if name.endswith(".pyc")]
