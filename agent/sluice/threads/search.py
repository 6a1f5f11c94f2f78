"""Conversations found by what was said in them: questions and answers, without reasoning and tools.

Case and accents make no difference, and a word is found inside another, so that it works for
scripts without spaces. Threads are read newest first for a limited time; what was read stays in
memory, so that the next letter of a query costs little.
"""

import asyncio
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sluice.agui.content import words_of
from sluice.storage.base import Entry, Store
from sluice.threads.thread import Thread
from sluice.threads.thread_index import read_listed

# A person who searches waits no longer; what was found by then is the answer.
SECONDS = 4.0
MAX_FOUND = 50
READS_AT_ONCE = 8
# Per process: of searches at once, and of characters that stay in memory, at most 4 bytes each.
SEARCHES_AT_ONCE = 2
MAX_CACHED = 8 * 1024 * 1024

# S3 tells whole seconds, so a thread that has just been written may be written again unseen.
_SETTLED = timedelta(minutes=1)
_BEFORE, _EXCERPT = 40, 160
# Letters whose stroke, or whose want of a dot, Unicode does not take for an accent.
_PLAIN = str.maketrans("łøđħŧı", "lodhti")


class Finding(TypedDict):
    """A thread and the words around what was found in it, as the wire has them."""

    threadId: str
    excerpt: str


@dataclass(frozen=True)
class _Said:
    """What was said in a thread, as it was written and as it is compared."""

    thread_id: str
    texts: tuple[str, ...]
    folded: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(map(len, (*self.texts, *self.folded)))


class TextSearch:
    """The search in a store of threads. Used on one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._permits = asyncio.Semaphore(SEARCHES_AT_ONCE)
        # By key, which holds the owner's digest (T1): when the thread was written, and its text.
        self._cache: dict[str, tuple[datetime, _Said | None]] = {}
        self._cached = 0

    async def find(self, entries: Sequence[Entry], query: str) -> list[Finding]:
        """The first 50 of the threads in which all words of the query were said.

        Raises StorageUnavailableError when the store fails.
        """
        words = fold(query).split()
        found: list[Finding] = []
        if not words:
            return found
        async with self._permits:
            try:
                async with asyncio.timeout(SECONDS):
                    for first in range(0, len(entries), READS_AT_ONCE):
                        batch = entries[first : first + READS_AT_ONCE]
                        read = await asyncio.gather(*map(self._read, batch))
                        found += [f for said in read if said and (f := _find(said, words))]
                        if len(found) >= MAX_FOUND:
                            break
            except TimeoutError:
                pass
        return found[:MAX_FOUND]

    async def _read(self, entry: Entry) -> _Said | None:
        modified, said = self._cache.get(entry.key, (None, None))
        if modified == entry.modified:
            return said
        thread = await read_listed(self._store, entry)
        said = await asyncio.to_thread(_said_in, thread) if thread else None
        self._keep(entry, said)
        return said

    def _keep(self, entry: Entry, said: _Said | None) -> None:
        _, before = self._cache.pop(entry.key, (None, None))
        self._cached -= before.size if before else 0
        if entry.modified > datetime.now(UTC) - _SETTLED:
            return
        size = said.size if said else 0
        if size > MAX_CACHED:
            return
        while self._cached + size > MAX_CACHED:
            # The newest threads are read first, and stay; another person's make room.
            stranger = next((key for key in self._cache if _owner(key) != _owner(entry.key)), None)
            if stranger is None:
                return
            _, gone = self._cache.pop(stranger)
            self._cached -= gone.size if gone else 0
        self._cache[entry.key] = (entry.modified, said)
        self._cached += size


def fold(text: str) -> str:
    """The text without case, accents and forms of width, as it is compared."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = folded.translate(_PLAIN)
    return "".join(filter(lambda character: not unicodedata.combining(character), plain))


def _said_in(thread: Thread) -> _Said:
    texts = tuple(
        text
        for stored_run in thread.visible
        for message in stored_run.messages
        if message["role"] in ("user", "assistant") and (text := words_of(message.get("content")))
    )
    return _Said(thread.thread_id, texts, tuple(map(fold, texts)))


def _find(said: _Said, words: list[str]) -> Finding | None:
    excerpt = _excerpt(said, words)
    return None if excerpt is None else {"threadId": said.thread_id, "excerpt": excerpt}


def _excerpt(said: _Said, words: list[str]) -> str | None:
    """One line around the first word in the text that has most of them; None if any is nowhere."""
    if not all(any(word in folded for folded in said.folded) for word in words):
        return None
    counts = [sum(word in folded for word in words) for folded in said.folded]
    best = counts.index(max(counts))
    text, folded = said.texts[best], said.folded[best]
    place = _place(text, min(at for word in words if (at := folded.find(word)) >= 0))
    first = max(0, place - _BEFORE)
    line = " ".join(text[first : first + _EXCERPT].split())
    return f"{'…' if first else ''}{line}{'…' if first + _EXCERPT < len(text) else ''}"


def _place(text: str, folded: int) -> int:
    """The place in a text of the character that stands at a place of its folded form."""
    return bisect_right(range(len(text)), folded, key=lambda end: len(fold(text[: end + 1])))


def _owner(key: str) -> str:
    return key.partition("/")[0]
