"""`python -m ops COMMAND`: the commands about a stack, here or at AWS. The Makefile runs them."""

import importlib

import click

# Each command's name, which is the Makefile's but for `bundle --upload` and `doctor --live`, and
# its module.
COMMANDS = {
    "bundle": "bundle",
    "chat": "chat",
    "create-user": "users",
    "deploy": "deploy",
    "destroy": "destroy",
    "doctor": "doctor.command",
    "eval": "evaluate",
    "export-ratings": "ratings",
    "logs": "logs",
    "outputs": "outputs",
    "publish-spa": "publish",
    "taskcat": "taskcat",
    "token": "token",
}


class Commands(click.Group):
    """A command's module is imported when the command is asked for: boto3 alone takes a fifth of a
    second."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of a name, or None."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"ops.{COMMANDS[name]}").main
        return command


@click.group(cls=Commands)
def main() -> None:
    """Sluice's commands. Each option in capitals is also a variable: STACK=name make logs."""


if __name__ == "__main__":
    main(prog_name="python -m ops")
