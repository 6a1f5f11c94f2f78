"""An event loop in a thread of its own, where runs live.

A tool that blocks the loop of its run then delays neither /ping nor what other responses send.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

# Strands reads each of Bedrock's streams in a thread. asyncio's own pool has six on two cores: a
# seventh run would wait for one of the others to end.
THREADS = 64


class Worker:
    """`submit` and `call` are for other threads; what they start runs until `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._threads = ThreadPoolExecutor(THREADS, "worker-io")
        self._loop.set_default_executor(self._threads)
        # A daemon: a call that hangs in a library must not keep the process from ending.
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)
        self._thread.start()

    def submit[T](self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the worker loop; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def call[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the worker loop and wait for its result."""
        return await asyncio.wrap_future(self.submit(coroutine))

    async def close(self, seconds: float) -> None:
        """Cancel what is left, give it `seconds` to end, and stop the loop."""

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=seconds)

        with contextlib.suppress(TimeoutError):
            # Twice, because a loop that is blocked does not count its own seconds.
            await asyncio.wait_for(self.call(end()), 2 * seconds)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, seconds)
        if not self._thread.is_alive():
            self._loop.close()
