"""`make bundle`: the agent and its dependencies as one zip for AgentCore; `make bundle-agent`
uploads it, too."""

import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from local.services import read_services
from local.template import parse
from ops import archive, bundle_proof, layers, options, pruning, wheels
from ops.archive import Files, megabytes
from ops.outputs import ROOT
from ops.settings import Settings, read_settings

ZIP = ROOT / ".build" / "agent.zip"
# Named so that `sam deploy`, typed too early, says what is to be done: "... was not found".
CODE = ROOT / ".build" / "run-make-bundle-agent.yaml"
AGENT = ROOT / "agent"


@dataclass(frozen=True)
class Bundle:
    """A zip that is ready for AgentCore; sizes in bytes."""

    path: Path
    sha256: str
    bytes: int
    unzipped_bytes: int


def build(out: Path = ZIP) -> Bundle:
    """Write the zip and prove that its agent answers; progress goes to stdout.

    The same sources, lock, rules and Python give the same zip, byte for byte. Exits with a sentence
    when it cannot be made, or does not work.
    """
    if os.environ.get("AGENT"):
        sys.exit("A bundle has agent/agent.py: copy the file of AGENT there, and leave AGENT out.")
    python = _python()
    services = _services()
    requirements = wheels.export(python, _model())
    _say(f"Packing the agent and what it imports for Python {python} on arm64 Linux")
    platform = wheels.AGENTCORE_PLATFORM
    theirs = layers.dependencies(requirements, python, platform, services=services)
    if not layers.can_compile(python):
        _say(f"Without compiled files: those of Python {python} need Python {python} to be made")
    files = {**theirs, **_agent(python)}
    archive.write_zip(files, out)
    bundle = Bundle(
        path=out,
        sha256=hashlib.sha256(out.read_bytes()).hexdigest(),
        bytes=out.stat().st_size,
        unzipped_bytes=sum(map(len, files.values())),
    )
    _prove(bundle, requirements, theirs, services)
    _say(
        f"{_short(out)}: {megabytes(bundle.bytes)}, unzipped {megabytes(bundle.unzipped_bytes)}, "
        f"{len(files)} files, SHA-256 {bundle.sha256}"
    )
    return bundle


def upload(bundle: Bundle) -> tuple[str, str]:
    """Put the zip where the template's AgentCodeBucket and AgentCodeKey will say, unless it is
    there already, and write both to CODE for `sam deploy`. Returns bucket and key.

    The bucket is the one that samconfig.toml names as AgentCodeBucket, else
    PREFIX-code-ACCOUNT-REGION; either is made when there is none. Exits with a sentence when AWS
    refuses.
    """
    from ops import aws, code_bucket  # boto3 takes a fifth of a second

    environment = os.environ.get("ENV") or "default"
    settings = without_code(read_settings(ROOT, environment, os.environ.get("STACK")))
    settings.choose_account()
    given = settings.parameters()
    with aws.failures_in_words():
        s3 = aws.client("s3")
        account = aws.client("sts").get_caller_identity()["Account"]
        prefix = given.get("Prefix") or _template()["Parameters"]["Prefix"]["Default"]
        bucket = code_bucket.CodeBucket(
            s3,
            given.get("AgentCodeBucket") or f"{prefix}-code-{account}-{s3.meta.region_name}",
            account,
        )
        # A bucket of the person's own has settings of their own.
        if "AgentCodeBucket" not in given or not bucket.exists():
            bucket.make()
        key = f"agent/{bundle.sha256}.zip"
        bucket.put(bundle.path, key)
    CODE.write_text(f"AgentCodeBucket: {bucket.name}\nAgentCodeKey: {key}\n")
    return bucket.name, key


def _services() -> frozenset[str]:
    """The AWS services that the person's own tools use. Exits with a sentence for each that there
    is not, and says where it cannot tell."""
    found = read_services(AGENT, with_packages=True)
    if found.unknown:
        sys.exit("\n".join(found.unknown))
    for sentence in found.unseen:
        _say(sentence)
    if found.names:
        _say(f"With the descriptions of {', '.join(sorted(found.names))}, which your tools use")
    return found.names


def _prove(bundle: Bundle, requirements: str, theirs: Files, services: frozenset[str]) -> None:
    """Ask the zip's agent, once for the same zip, and have it make your tools' clients."""
    proven = layers.FOLDER / "proven"
    if proven.exists() and proven.read_text() == bundle.sha256:
        return
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    ours = layers.dependencies(requirements, here, known=theirs, services=services)
    with bundle_proof.unpacked(bundle.path, theirs, ours) as folder:
        seconds = bundle_proof.prove(folder)
        for sentence in bundle_proof.try_tools(folder, services):
            _say(sentence)
    proven.write_text(bundle.sha256)
    _say(
        f"Unpacked here, it answers {bundle_proof.QUESTION!r} with 100; "
        f"it started in {seconds:.1f} s"
    )


def _agent(python: str) -> dict[str, bytes]:
    """The files of agent/. With their sources, so that tracebacks show the lines that are ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in AGENT.rglob("*"):
            path = source.relative_to(AGENT)
            hidden = any(part.startswith(".") for part in path.parts)
            if source.is_file() and not hidden and pruning.is_kept(path.as_posix()):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / path)
        if layers.can_compile(python):
            layers.compile_tree(folder, "--keep-sources")
        return archive.read_tree(folder)


def _python() -> str:
    """The Python version that the template runs the agent on, such as 3.13."""
    resources = _template()["Resources"].values()
    found = [entry for entry in resources if entry["Type"] == "AWS::BedrockAgentCore::Runtime"]
    try:
        code = found[0]["Properties"]["AgentRuntimeArtifact"]["CodeConfiguration"]
        language, major, minor = code["Runtime"].split("_")
        if language == "PYTHON" and (AGENT / code["EntryPoint"][-1]).is_file():
            return f"{int(major)}.{int(minor)}"
    except (IndexError, KeyError, TypeError, ValueError):
        pass
    sys.exit(
        "template.yaml needs one AWS::BedrockAgentCore::Runtime with a CodeConfiguration whose "
        "Runtime is a Python such as PYTHON_3_13 and whose EntryPoint is a file of agent/."
    )


def _model() -> str:
    """The template's Model as `make deploy` gives it."""
    environment = os.environ.get("ENV") or "default"
    given = without_code(read_settings(ROOT, environment, os.environ.get("STACK"))).parameters()
    return given.get("Model") or str(_template()["Parameters"]["Model"]["Default"])


def _template() -> Any:
    return parse((ROOT / "template.yaml").read_text())


def without_code(settings: Settings) -> Settings:
    """Settings without the file that `upload` writes: what stands there is of an earlier bundle,
    and may be of another account or region, or is not there yet."""
    overrides = settings.overrides()
    others = [entry for entry in overrides if entry != f"file://{CODE.relative_to(ROOT)}"]
    return replace(settings, table={**settings.table, "parameter_overrides": others})


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _say(line: str) -> None:
    print(line, flush=True)


@click.command
@click.option("upload_it", "--upload", is_flag=True, help="Upload it to S3, under its hash.")
@options.environment
@options.region
def main(*, upload_it: bool) -> None:
    """The agent's zip for AgentCore, built and tried here."""
    bundle = build()
    if upload_it:
        upload(bundle)
