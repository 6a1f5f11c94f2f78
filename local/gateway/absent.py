"""A route of an adopter's that this machine cannot play: it answers 501 and says why."""

from dataclasses import dataclass

from local.gateway.exchange import Refusal


@dataclass(frozen=True)
class Absent:
    """`reason` is a sentence without its end."""

    reason: str

    def refuse(self) -> Refusal:
        """What the caller is told."""
        message = f"This route is not played on this machine: {self.reason}."
        return Refusal("DEFAULT_5XX", message, status=501)
