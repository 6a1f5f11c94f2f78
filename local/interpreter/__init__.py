"""AgentCore's code interpreter on this machine: Python in a child process, within limits."""

from local.interpreter.app import PREFIX, Interpreter

__all__ = ["PREFIX", "Interpreter"]
