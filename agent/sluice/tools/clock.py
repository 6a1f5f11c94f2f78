"""The time, where the person is."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from strands import tool

type Now = Callable[[tzinfo], datetime]


class Clock:
    """Tells the time to one person, in the zone that the browser named (IANA), if it is one."""

    def __init__(self, time_zone: str | None, now: Now = datetime.now) -> None:
        self._time_zone = time_zone
        self._now = now

    @tool(name="current_time")
    def current_time(self, timezone: str | None = None) -> dict[str, Any]:
        """Get the current date and time, weekday and UTC offset.

        Args:
            timezone: An IANA time zone such as "Asia/Tokyo" for the time of another place. Without
                it, the time is that of the person who asks.
        """
        if timezone:
            zone = find_zone(timezone)
            if zone is None:
                said = 'There is no such time zone: use an IANA name such as "Asia/Tokyo".'
                return {"status": "error", "content": [{"text": said}]}
            return self._tell(zone, timezone)
        if self._time_zone and (zone := find_zone(self._time_zone)):
            return self._tell(zone, self._time_zone)
        return self._tell(UTC, "UTC", " The person's own time zone is not known.")

    def _tell(self, zone: tzinfo, name: str, remark: str = "") -> dict[str, Any]:
        now = self._now(zone)
        weekday = _WEEKDAYS[now.weekday()]
        told = f"{now.isoformat(timespec='seconds')}, {weekday}, time zone {name}.{remark}"
        return {"status": "success", "content": [{"text": told}]}


# strftime("%A") would speak the language of the process.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def find_zone(name: str) -> ZoneInfo | None:
    """The IANA zone of a name, or None: names come from browsers and models."""
    try:
        return ZoneInfo(name)
    # KeyError: not known. ValueError: leads out of the folder of zones, or is no text of a name.
    # OSError: names a folder there, or is longer than a file's name may be.
    except (KeyError, ValueError, OSError):
        return None
