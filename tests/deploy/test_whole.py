"""`make deploy` with nothing put in the place of anything: the whole bundle, the built page."""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from checkout import ROOT, copy_checkout
from emulator import Emulator

pytestmark = pytest.mark.slow


@pytest.mark.timeout(240)  # the first run of a clone fetches the agent's packages
def test_a_clone_becomes_an_environment_with_its_own_stack_agent_and_page(
    tmp_path: Path, emulator: Emulator
) -> None:
    folder = copy_checkout(tmp_path / "clone")
    for name in ("pyproject.toml", "uv.lock", ".python-version"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".build").mkdir()
    for name in ("bundle", "uv"):  # what this machine has fetched already
        if (ROOT / ".build" / name).exists():
            (folder / ".build" / name).symlink_to(ROOT / ".build" / name)
    with (folder / "samconfig.toml").open("a") as config:
        config.write(
            '\n[staging.deploy.parameters]\nstack_name = "chat-staging"\n'
            'parameter_overrides = ["Prefix=chat-staging", "MaxTurns=19"]\n'
        )
    # How this machine fetches packages: where uv is, its settings, certificates and proxy.
    uv = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("UV", "SSL_CERT")) or name.upper() == "HTTPS_PROXY"
    }
    ran = subprocess.run(
        [sys.executable, "-m", "ops", "deploy"],
        cwd=folder,
        env={**emulator.environment, **uv, "ENV": "staging"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    stack = emulator.client("cloudformation").describe_stacks(StackName="chat-staging")["Stacks"][0]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}
    found = emulator.client("bedrock-agentcore-control").get_agent_runtime(
        agentRuntimeId=outputs["RuntimeId"]
    )
    assert (found["agentRuntimeName"], found["status"]) == ("chat_staging", "READY")
    code = found["agentRuntimeArtifact"]["codeConfiguration"]
    s3 = emulator.client("s3")
    stored = s3.get_object(Bucket=code["code"]["s3"]["bucket"], Key=code["code"]["s3"]["prefix"])
    names = zipfile.ZipFile(io.BytesIO(stored["Body"].read())).namelist()
    assert {*code["entryPoint"], "sluice/settings.py"} <= set(names)
    assert any(name.startswith("strands/") for name in names)
    site = s3.list_objects_v2(Bucket=outputs["SpaBucket"])["Contents"]
    keys = {entry["Key"] for entry in site}
    index = s3.get_object(Bucket=outputs["SpaBucket"], Key="index.html")["Body"].read().decode()
    wanted = set(re.findall(r'(?:src|href)="/([^"]+)"', index))
    assert wanted
    assert wanted <= keys
