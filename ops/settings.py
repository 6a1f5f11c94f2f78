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

    def choose_account(self) -> None:
        """Let every client of this process ask the account and the region that sam will deploy to:
        the environment's `profile`, before any credentials of the shell (sam does so), and its
        `region`, unless AWS_REGION says another."""
        if "profile" in self.table:
            os.environ["AWS_PROFILE"] = self.table["profile"]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                os.environ.pop(name, None)
        if "region" in self.table and not os.environ.get("AWS_REGION"):
            os.environ["AWS_REGION"] = self.table["region"]

    def parameters(self) -> dict[str, str]:
        """The template parameters that are given here, as strings; a later one wins.

        `parameter_overrides` holds NAME=value and file://FILE entries, as sam takes them; files
        are YAML or TOML, of any form that it may have itself. Exits with a sentence for anything
        else.
        """
        return self._values(self.overrides(), self.project, ())

    def overrides(self) -> list[str]:
        """The entries of `parameter_overrides`. Exits with a sentence if they cannot be told."""
        try:
            return split_overrides(self.table.get("parameter_overrides", []))
        except ValueError as error:
            sys.exit(
                f"samconfig.toml: parameter_overrides in [{self.environment}.deploy.parameters] "
                f"cannot be read: {error}."
            )

    def _values(self, entries: list[str], folder: Path, within: tuple[Path, ...]) -> dict[str, str]:
        """What entries say; files are looked for in `folder`, and are named by files `within`."""
        given: dict[str, str] = {}
        for entry in entries:
            if entry.startswith("file://"):
                path = (folder / entry.removeprefix("file://")).resolve()
                if path in within:
                    sys.exit(f"samconfig.toml names {path.name}, which includes itself.")
                given |= self._values(_entries(path), path.parent, (*within, path))
            elif "=" in entry:
                name, value = entry.split("=", 1)
                given[name] = value
            else:
                sys.exit(
                    f"samconfig.toml: {entry!r} in [{self.environment}.deploy.parameters] is "
                    "neither NAME=value nor file://FILE.yaml."
                )
        return given


def _entries(path: Path) -> list[str]:
    try:
        text = path.read_text()
        written = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
        return split_overrides({} if written is None else written)
    except (OSError, yaml.YAMLError, ValueError) as error:
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
    table = _parameters(config[environment], "global") | _parameters(config[environment], "deploy")
    name = stack or table.get("stack_name")
    if not name:
        sys.exit(
            f"[{environment}.deploy.parameters] in samconfig.toml has no stack_name: add one, or "
            "say STACK=name."
        )
    return Settings(project, environment, table, name)


def _deploys(tables: Any) -> bool:
    """Whether `sam deploy --config-env` finds anything there."""
    return isinstance(tables, dict) and any(
        "parameters" in tables.get(command, {}) for command in ("global", "deploy")
    )


def _parameters(tables: dict[str, Any], command: str) -> dict[str, Any]:
    found: dict[str, Any] = tables.get(command, {}).get("parameters", {})
    return found
