"""What a page's work costs: Chromium's own counters, its trace, and what watch.js counts."""

from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page

from bench.page_trace import script_seconds


@dataclass(frozen=True)
class Cost:
    """What one answer took of the page: seconds of its main thread, and what a person noticed."""

    script: float  # functions: the counter ScriptDuration, as in other projects' figures
    all_script: float  # and microtasks, in which a stream is read
    main: float  # all tasks: script, style, layout, paint
    layout: float
    long_tasks: int  # over 50 ms
    longest_ms: float
    long_total_ms: float
    dropped: int  # frames that came late by a frame or more
    typing_ms: float  # the slowest key, to its paint; 0 when nothing was typed
    painted_ms: float  # from the last byte's leaving to the finished answer on the page


class Meter:
    """Reads a page's costs: Chromium's own counters, its trace, and what watch.js counts."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._browser = browser
        self._page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")

    def start(self) -> None:
        self._cdp.send("HeapProfiler.collectGarbage")
        self._page.evaluate("watched.start()")
        self._browser.start_tracing(page=self._page, categories=["devtools.timeline", "v8.execute"])
        self._before = self._read()

    def stop(self, last_byte: float = 0.0) -> Cost:
        after = self._read()
        all_script = script_seconds(self._browser.stop_tracing())
        seen = self._page.evaluate("watched.stop()")
        script, main, layout = (
            after[name] - self._before[name]
            for name in ("ScriptDuration", "TaskDuration", "LayoutDuration")
        )
        return Cost(
            **{"script": script, "all_script": all_script, "main": main, "layout": layout},
            long_tasks=len(seen["tasks"]),
            longest_ms=max(seen["tasks"], default=0.0),
            long_total_ms=sum(seen["tasks"]),
            dropped=seen["dropped"],
            typing_ms=seen["typing"],
            painted_ms=max(0.0, seen["finished"] - last_byte * 1000) if last_byte else 0.0,
        )

    def _read(self) -> dict[str, float]:
        return {
            entry["name"]: entry["value"]
            for entry in self._cdp.send("Performance.getMetrics")["metrics"]
        }
