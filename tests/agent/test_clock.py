"""The time, told to a person in the person's zone."""

from datetime import UTC, datetime, tzinfo

import pytest
from sluice.tools.clock import Clock
from tool_calls import told

# A Sunday in London is a Monday in Tokyo.
MOMENT = datetime(2026, 11, 22, 19, 0, 30, 123456, tzinfo=UTC)


def at_that_moment(zone: tzinfo) -> datetime:
    return MOMENT.astimezone(zone)


def clock(time_zone: str | None) -> Clock:
    return Clock(time_zone, now=at_that_moment)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Zurich", "2026-11-22T20:00:30+01:00, Sunday, time zone Europe/Zurich."),
        ("Asia/Kolkata", "2026-11-23T00:30:30+05:30, Monday, time zone Asia/Kolkata."),
        ("UTC", "2026-11-22T19:00:30+00:00, Sunday, time zone UTC."),
    ],
)
def test_the_time_is_that_of_the_persons_zone(zone, expected) -> None:
    assert told(clock(zone).current_time()) == expected


@pytest.mark.parametrize(
    "zone",
    [None, "", "Mars/Olympus", "Europe", "../../etc/passwd", "/etc/passwd", "x" * 5_000, "\0", "é"],
)
def test_a_zone_that_is_none_is_utc_and_the_model_is_told_so(zone) -> None:
    result = clock(zone).current_time()
    assert result["status"] == "success"
    assert told(result) == (
        "2026-11-22T19:00:30+00:00, Sunday, time zone UTC. The person's own time zone is not known."
    )


def test_another_place_has_its_own_time() -> None:
    for zone in ("Europe/Zurich", None):
        result = clock(zone).current_time(timezone="Asia/Tokyo")
        assert told(result) == "2026-11-23T04:00:30+09:00, Monday, time zone Asia/Tokyo."


@pytest.mark.parametrize("zone", ["Tokyo, Japan", "../../etc/passwd", "GMT+25"])
def test_another_place_that_is_none_is_an_error_that_says_what_to_ask_for(zone) -> None:
    result = clock("Europe/Zurich").current_time(timezone=zone)
    assert result["status"] == "error"
    assert "IANA name" in told(result)


def test_a_zones_summer_time_counts() -> None:
    def in_july(zone: tzinfo) -> datetime:
        return datetime(2026, 7, 1, 12, 0, tzinfo=UTC).astimezone(zone)

    assert told(Clock("Europe/Zurich", in_july).current_time()).startswith("2026-07-01T14:00:00+02")


def test_the_clock_runs() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    said = datetime.fromisoformat(told(Clock("UTC").current_time()).partition(",")[0])
    assert before <= said <= datetime.now(UTC)
