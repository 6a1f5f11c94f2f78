"""The bench's figures as lines for people: value, what it is compared with, ratio, target."""

from dataclasses import dataclass

type Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One line: what was measured, what it is compared with, their ratio and the target for it."""

    what: str
    value: str
    beside: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        met = "" if self.met is None else ("met" if self.met else "MISSED")
        line = f"{self.what:36}{self.value:>18}  {self.beside:34}{ratio:>8}  {self.target:26}{met}"
        return line.rstrip()


def rows(figures: Figures) -> list[Row]:
    """The table of whatever was measured."""
    made: list[Row] = []
    if "start_sluice_ping_ms" in figures:
        made += _start_rows(figures)
    if "rate_sluice_per_s" in figures:
        made += _rate_rows(figures)
    if "crowd_streams" in figures:
        made += _crowd_rows(figures)
    if "gate_ready_s" in figures:
        made += _gate_rows(figures)
    return made


def _start_rows(figures: Figures) -> list[Row]:
    ping, event, word = (figures[f"start_sluice_{name}_ms"] for name in ("ping", "event", "word"))
    bare_ping, bare_event = (figures[f"start_bare_{name}_ms"] for name in ("ping", "event"))
    compiled, zipped = figures["start_tutorial_word_ms"], figures["start_tutorial_zipped_word_ms"]
    return [
        _at_most("process to /ping", ping, "Starlette alone", bare_ping, 1.5),
        _at_most("process to first event", event, "Starlette alone", bare_event, 2.0),
        Row(
            "process to the model's first word",
            f"{word:,.0f} ms",
            f"tutorial as zipped {zipped:,.0f} ms",
            zipped / word,
            "at least 5 times faster",
            zipped / word >= 5,
        ),
        Row(
            "the same", f"{word:,.0f} ms", f"tutorial with .pyc {compiled:,.0f} ms", compiled / word
        ),
    ]


def _rate_rows(figures: Figures) -> list[Row]:
    names = ("sluice", "bedrock", "bridge", "bare")
    words = {name: figures[f"rate_{name}_characters_per_s"] for name in names}
    single, bridge, bare = (figures[f"rate_{n}_per_s"] for n in ("single", "bridge", "bare"))
    growth = figures["rate_growth"]
    return [
        Row(
            "characters a second of CPU",
            f"{words['sluice']:,.0f}",
            f"SDK's bridge {words['bridge']:,.0f}",
            words["sluice"] / words["bridge"],
            "6 times",
            words["sluice"] / words["bridge"] >= 6,
        ),
        Row(
            "the same",
            f"{words['sluice']:,.0f}",
            f"Starlette alone {words['bare']:,.0f}",
            words["sluice"] / words["bare"],
        ),
        Row(
            "from Bedrock, by boto",
            f"{words['bedrock']:,.0f}",
            f"the same {words['sluice']:,.0f}",
            words["bedrock"] / words["sluice"],
        ),
        Row(
            "events, none joined",
            f"{single:,.0f}",
            f"SDK's bridge {bridge:,.0f}",
            single / bridge,
            "20,000, and 6 times",
            single >= 20_000 and single / bridge >= 6,
        ),
        Row("the same", f"{single:,.0f}", f"Starlette alone {bare:,.0f}", single / bare),
        Row(
            "twice the words take",
            f"{growth:.2f} times as long",
            target="linear",
            met=growth < 2.2,
        ),
    ]


def _crowd_rows(figures: Figures) -> list[Row]:
    streams, lost = figures["crowd_streams"], figures["crowd_lost"]
    wall, ping = figures["crowd_wall_ratio"], figures["crowd_ping_p99_ms"]
    return [
        Row(f"{streams:.0f} streams, not whole", f"{lost:.0f}", target="none", met=lost == 0),
        Row(
            "their time over one stream's",
            f"{figures['crowd_events_per_s']:,.0f} events/s",
            f"Starlette alone {figures['crowd_bare_wall_ratio']:.2f}x",
            wall,
            "at most 1.15",
            wall <= 1.15,
        ),
        Row(
            "/ping meanwhile, p99",
            f"{ping:.0f} ms",
            f"Starlette alone {figures['crowd_bare_ping_p99_ms']:.0f} ms",
            target="under 250 ms",
            met=ping < 250,
        ),
        Row("memory of a run", f"{figures['crowd_kb_per_run']:.0f} kB"),
        Row("memory of an idle thread", f"{figures['crowd_kb_per_idle_thread']:.0f} kB"),
    ]


def _gate_rows(figures: Figures) -> list[Row]:
    whole, alone = figures["gate_rate_per_s"], figures["gate_rate_alone_per_s"]
    return [
        Row(
            "first byte through the local stack",
            f"{figures['gate_first_byte_ms']:.1f} ms",
            f"agent alone {figures['gate_first_byte_alone_ms']:.1f} ms",
        ),
        Row("the gate adds (median of pairs)", f"{figures['gate_first_byte_added_ms']:.1f} ms"),
        Row(
            "events a second through it",
            f"{whole:,.0f}",
            f"agent alone {alone:,.0f}",
            whole / alone,
        ),
        Row("`python -m local` to ready", f"{figures['gate_ready_s']:.1f} s"),
        Row(
            "two sessions open",
            f"{figures['gate_two_sessions_mb']:.0f} MB",
            f"{figures['gate_two_sessions_processes']:.0f} processes",
        ),
    ]


def _at_most(what: str, value: float, name: str, other: float, times: float) -> Row:
    ratio = value / other
    target = f"at most {times:g} times"
    return Row(what, f"{value:,.0f} ms", f"{name} {other:,.0f} ms", ratio, target, ratio <= times)
