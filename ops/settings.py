"""samconfig.toml as `make deploy` reads it: one table for each environment."""

import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.parameters import split_overrides


@dataclass(frozen=True)
class Settings:
    """What `[ENVIRONMENT.deploy.parameters]` says."""

    project: Path
    environment: str
    table: dict[str, Any]
    stack: str

    def choose_region(self) -> None:
        """Let every client of this process use the environment's region, unless AWS_REGION says
        another."""
        if "region" in self.table and not os.environ.get("AWS_REGION"):
            os.environ["AWS_REGION"] = self.table["region"]

    def parameters(self) -> dict[str, str]:
        """The template parameters that are given here, as strings; a later one wins.

        `parameter_overrides` holds NAME=value and file://FILE.yaml entries, as sam takes them;
        files are mappings. Exits with a sentence for anything else.
        """
        given: dict[str, str] = {}
        for entry in self.overrides():
            if entry.startswith("file://"):
                given |= self._file(self.project / entry.removeprefix("file://"))
            elif "=" in entry:
                name, value = entry.split("=", 1)
                given[name] = value
            else:
                sys.exit(
                    f"samconfig.toml: {entry!r} in [{self.environment}.deploy.parameters] is "
                    "neither NAME=value nor file://FILE.yaml."
                )
        return given

    def overrides(self) -> list[str]:
        """The entries of `parameter_overrides`. Exits with a sentence if they cannot be told."""
        try:
            return split_overrides(self.table.get("parameter_overrides", []))
        except ValueError as error:
            sys.exit(
                f"samconfig.toml: parameter_overrides in [{self.environment}.deploy.parameters] "
                f"cannot be read: {error}."
            )

    def _file(self, path: Path) -> dict[str, str]:
        try:
            found = yaml.safe_load(path.read_text())
            return {name: "" if value is None else str(value) for name, value in found.items()}
        except (OSError, yaml.YAMLError, AttributeError) as error:
            sys.exit(
                f"samconfig.toml names {path.name}, which is no file of NAME: value lines "
                f"({type(error).__name__})."
            )


def read_settings(project: Path, environment: str, stack: str | None) -> Settings:
    """The settings of an environment; `stack`, if given, is the stack's name whatever they say.
    Exits with a sentence if samconfig.toml has no such environment or names no stack."""
    path = project / "samconfig.toml"
    try:
        config = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        sys.exit(f"samconfig.toml cannot be read: {error}.")
    # [local] is for `make dev`, and names no bucket that exists.
    environments = [name for name, tables in config.items() if name != "local" and _deploys(tables)]
    if environment not in environments:
        sys.exit(
            f"samconfig.toml has no [{environment}.deploy.parameters]; ENV can be "
            f"{', '.join(environments)}."
        )
    table = {
        **config[environment].get("global", {}).get("parameters", {}),
        **config[environment]["deploy"]["parameters"],
    }
    name = stack or table.get("stack_name")
    if not name:
        sys.exit(
            f"[{environment}.deploy.parameters] in samconfig.toml has no stack_name: add one, or "
            "say STACK=name."
        )
    return Settings(project, environment, table, name)


def _deploys(tables: Any) -> bool:
    return isinstance(tables, dict) and "parameters" in tables.get("deploy", {})
