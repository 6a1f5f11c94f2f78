"""The lines about answers in the page: what each cost, beside plain text and SPA.md's targets."""

from bench.page_meter import Cost
from bench.table import Row

SIZES = (50_000, 100_000, 200_000)
RATE = 200


def rows(costs: dict[str, Cost], weighs: int) -> list[Row]:
    """The table."""
    made = [row("weight before the first paint", f"{weighs:,} bytes", 60_000, weighs)]
    least = {
        (kind, size): min(
            cost.main for name, cost in costs.items() if name.startswith(f"{kind} {size} ")
        )
        for kind in ("plain", "page")
        for size in SIZES
    }
    for length in SIZES:
        page_s, plain_s = least["page", length], least["plain", length]
        made.append(
            Row(
                f"{length // 1000} kB at full speed, main thread",
                f"{page_s:.2f} s",
                f"plain text {plain_s:.2f} s",
                page_s / plain_s,
                "at most 2 times",
                page_s <= 2 * plain_s,
            )
        )
    growth = least["page", SIZES[-1]] / least["page", SIZES[0]]
    made.append(row("200 kB against 50 kB", f"{growth:.1f} times", 4.5, growth))
    if first := costs.get("first 5000"):
        made.append(row("first answer, 5 kB, with what it loads", f"{first.main:.2f} s"))
    for name, cost in costs.items():
        kind, size, *_ = (*name.split(), "0")
        if kind not in ("paced", "slowed"):
            continue
        what = f"{int(size) // 1000} kB at {RATE} deltas/s" + (
            ", slowed 4 times" if kind == "slowed" else ""
        )
        script = 2.5 if size == "50000" and kind == "paced" else None
        made.append(row(f"{what}: script", f"{cost.script:.2f} s", script, cost.script))
        beside = costs.get(f"beside {size}") if kind == "paced" else None
        for part, of_page, of_plain in (
            ("  with microtasks", cost.all_script, beside and beside.all_script),
            ("  main thread", cost.main, beside and beside.main),
        ):
            value = f"{of_page:.2f} s"
            if of_plain:
                made.append(Row(part, value, f"plain text {of_plain:.2f} s", of_page / of_plain))
            else:
                made.append(row(part, value))
        if kind == "slowed":
            made.append(row("  long tasks", f"{cost.long_tasks}", 20, cost.long_tasks))
        else:
            made.append(row("  longest task", f"{cost.longest_ms:.0f} ms", 100, cost.longest_ms))
            made.append(row("  long tasks", f"{cost.long_tasks} ({cost.long_total_ms:.0f} ms)"))
            made.append(row("  slowest key", f"{cost.typing_ms:.0f} ms", 50, cost.typing_ms))
        made.append(row("  dropped frames", f"{cost.dropped}"))
        limit = 50 if kind == "paced" else None
        painted = f"{cost.painted_ms:.0f} ms"
        made.append(row("  last byte to painted", painted, limit, cost.painted_ms))
    return made


def row(what: str, value: str, limit: float | None = None, measured: float = 0.0) -> Row:
    """A line with, where there is one, the limit that the measured value is to keep."""
    if limit is None:
        return Row(what, value)
    return Row(what, value, target=f"at most {limit:,g}", met=measured <= limit)
