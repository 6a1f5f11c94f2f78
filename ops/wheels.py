"""The agent's locked dependencies, as wheels of one platform: uv's work, asked for in one way."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from ops.outputs import ROOT
from ops.pruning import UNUSED

EXTRAS = ("openai",)
"""Optional dependencies of agent/pyproject.toml: values of the template's Model."""

# What AgentCore's guide builds for ("Direct code deployment for Python"): arm64, glibc 2.17 or
# newer. https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-get-started-code-deploy-python.html
AGENTCORE_PLATFORM = "aarch64-manylinux2014"
_TAGS = ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]


def export(python: str, model: str = "bedrock") -> str:
    """The agent's locked dependencies but the unused ones, as pip's requirements with hashes.

    `model` is the template's Model, whose client is among them.

    Exits with a sentence when the lock is not made for this Python (such as `3.13`), or when a
    dependency has no wheel for AgentCore.
    """
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    if python not in SpecifierSet(lock["requires-python"]):
        sys.exit(
            f"template.yaml runs the agent on Python {python}, but uv.lock is made for "
            f"{lock['requires-python']}: change the runtime's CodeConfiguration, or "
            "requires-python in both pyproject.toml files and run `uv lock`."
        )
    left_out = sorted(unused((ROOT / "agent" / "pyproject.toml").read_text()))
    pruned = [argument for name in left_out for argument in ("--prune", name)]
    extra = ["--extra", model] if model in EXTRAS else []
    requirements = _uv(
        *("export", "--package", "sluice-agent", "--frozen", "--no-dev", "--no-emit-workspace"),
        *("--no-header", "--no-annotate", *pruned, *extra),
    )
    missing = list(_without_wheel(requirements, lock, python))
    if missing:
        name = missing[0].partition("==")[0]
        sys.exit(
            f"There is no wheel for Python {python} on arm64 Linux of {', '.join(missing)}, and "
            "AgentCore builds nothing. Lock a version that has one "
            f"(`uv add --package sluice-agent '{name}<VERSION'`), do without the package, or name "
            "it among UNUSED in ops/pruning.py if the agent never imports it."
        )
    return requirements


def unused(project: str) -> set[str]:
    """The packages to leave out: those of UNUSED that `project`, the text of agent/pyproject.toml,
    does not itself name. What somebody names there, their own code imports."""
    named = tomllib.loads(project)["project"]["dependencies"]
    return UNUSED.keys() - {canonicalize_name(Requirement(each).name) for each in named}


def install(requirements: str, folder: Path, python: str, platform: str | None) -> None:
    """Unpack the wheels of `requirements` into `folder`; None is this machine's platform.

    Every wheel is checked against the lock's hash. Exits with uv's own words when one cannot be
    had.
    """
    target = ["--python-platform", platform] if platform else []
    _uv(
        *("pip", "install", "--quiet", "--requirements", "-", "--target", str(folder)),
        *("--python", sys.executable, "--python-version", python, *target),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--no-installer-metadata"),
        stdin=requirements,
    )


def _uv(*arguments: str, stdin: str = "") -> str:
    """What uv prints. Exits with a sentence if there is no uv, or with its words if it fails."""
    program = os.environ.get("UV") or shutil.which("uv") or shutil.which(ROOT / ".build/uv/bin/uv")
    if program is None:
        sys.exit(
            "uv, which fetches the agent's packages, was not found on PATH, in .build/uv or by the "
            "variable UV: install it (https://docs.astral.sh/uv/), or run this by `make`."
        )
    # Compiled files would be thrown away: ops/bytecode.py makes those that can be reproduced.
    environment = {**os.environ, "UV_COMPILE_BYTECODE": "0"}
    try:
        return subprocess.run(  # noqa: S603 - the program that was just found
            [program, *arguments],
            cwd=ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except OSError as error:
        sys.exit(f"uv cannot be run as {program}: {error.strerror}. Correct the variable UV.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"uv {arguments[0]} failed:\n{error.stderr.rstrip()}")


def _without_wheel(requirements: str, lock: dict[str, Any], python: str) -> Iterator[str]:
    """The requirements (`name==version`) for which the lock lists no wheel that AgentCore runs."""
    wheels = {
        (package["name"], package["version"]): [
            wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", [])
        ]
        for package in lock["package"]
        if "version" in package
    }
    tags = _agentcore_tags(python)
    for line in requirements.splitlines():
        if not line or line.startswith((" ", "#")):
            continue
        requirement = Requirement(line.rstrip("\\ "))
        if requirement.marker and not requirement.marker.evaluate(_agentcore_environment(python)):
            continue
        version = next(iter(requirement.specifier)).version
        files = wheels[requirement.name, version]
        if not any(parse_wheel_filename(file)[3] & tags for file in files):
            yield f"{requirement.name}=={version}"


def _agentcore_tags(python: str) -> frozenset[Tag]:
    version = tuple(int(part) for part in python.split("."))
    interpreter = "cp" + python.replace(".", "")
    return frozenset(
        [*cpython_tags(version, platforms=_TAGS), *compatible_tags(version, interpreter, _TAGS)]
    )


def _agentcore_environment(python: str) -> dict[str, str]:
    """The values of a requirement's markers on AgentCore (PEP 508)."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
