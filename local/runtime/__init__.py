"""Plays Bedrock AgentCore Runtime: tokens are checked, and a process per session."""

from local.runtime.app import create_app
from local.runtime.config import RuntimeConfig
from local.runtime.sessions import Sessions

__all__ = ["RuntimeConfig", "Sessions", "create_app"]
