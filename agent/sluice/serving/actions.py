"""What a person does with conversations, beside talking, as JSON."""

import asyncio
import base64
from typing import Any

from sluice.agui.attachments import MAX_DOCUMENTS, MAX_IMAGES, judge, refused
from sluice.agui.content import file_part
from sluice.agui.media import MAX_DOCUMENT_BYTES, MAX_IMAGE_BYTES, media_type
from sluice.agui.request import Attach, Delete, File, Get, List, Rate, Rename, Search, Stop, Warm
from sluice.runs.opening import open_thread
from sluice.runs.registry import Runs
from sluice.runs.run import Run
from sluice.runs.transcript import replay
from sluice.service_error import ServiceError
from sluice.serving.loader import Loader
from sluice.settings import Settings
from sluice.threads.files import MAX_FILES, file_name
from sluice.threads.thread import INTERRUPTED, StoredRun, Thread, conversation, upsert

type Action = Stop | List | Search | Get | Attach | File | Rename | Delete | Rate | Warm

# A run that is stopped ends within half a second, and is then stored.
STOP_SECONDS = 2.0
DIED = ServiceError("interrupted", INTERRUPTED["message"])


class Actions:
    """Each method answers the body of docs/wire.md.

    All raise ServiceError (`not_found`), and StorageUnavailableError when the store fails.
    """

    def __init__(self, loader: Loader, runs: Runs, settings: Settings) -> None:
        self._loader = loader
        self._runs = runs
        self._settings = settings

    async def perform(self, owner: str, action: Action) -> dict[str, Any]:
        """Do what is asked and tell what came of it."""
        match action:
            case Stop():
                return await self._stop(owner, action)
            case Get():
                return conversation(await self._read(owner, action.thread_id))
            case Attach():
                return await self._attach(owner, action)
            case File():
                return await self._file(owner, action)
            case Delete():
                return await self._delete(owner, action)
            case Warm():
                runner = await self._loader.runner()
                limits = {
                    "prompt": self._settings.max_prompt,
                    "imageBytes": MAX_IMAGE_BYTES,
                    "documentBytes": MAX_DOCUMENT_BYTES,
                    "images": MAX_IMAGES,
                    "documents": MAX_DOCUMENTS,
                }
                return {"status": "warm", **runner.description, "limits": limits}
        threads = (await self._loader.storage()).threads
        match action:
            case List():
                return {"threads": await threads.list(owner)}
            case Search():
                return {"results": await threads.search(owner, action.query)}
            case Rename():
                return {**await threads.rename(owner, action.thread_id, action.title)}
            case Rate():
                await threads.rate(owner, action.thread_id, action.run_id, action.rating)
                return {"runId": action.run_id, "rating": action.rating}

    async def recall(self, owner: str, thread_id: str, run_id: str) -> Run:
        """A stored run as a log once more; the run itself, if it has begun meanwhile."""
        stored_run = await self._find(owner, thread_id, run_id)
        if live := self._runs.find(owner, thread_id, run_id):
            return live
        run = Run(thread_id, run_id)
        run.is_replay = True
        *told, terminal = replay(stored_run, thread_id)
        for event in told:
            run.append(event)
        run.finish(terminal, stored_run.state)
        return run

    async def _find(self, owner: str, thread_id: str, run_id: str) -> StoredRun:
        stored_run = (await self._read(owner, thread_id)).find(run_id)
        if stored_run is None:
            raise ServiceError("not_found", "This conversation has no such answer.")
        return stored_run

    async def _read(self, owner: str, thread_id: str) -> Thread:
        """A conversation in order, with the run under way as far as it is."""
        storage = await self._loader.storage()
        thread = (await open_thread(storage.threads, self._runs, owner, thread_id)).thread
        if (run := self._runs.active(owner, thread_id)) and not run.is_replay:
            thread = upsert(thread, thread_id, run.to_stored())
        if thread is None:
            raise ServiceError("not_found", "You have no such conversation.")
        return thread

    async def _stop(self, owner: str, action: Stop) -> dict[str, Any]:
        run = self._runs.find(owner, action.thread_id, action.run_id)
        if run is None:
            stored_run = await self._find(owner, action.thread_id, action.run_id)
            return {"runId": stored_run.run_id, "state": stored_run.state}
        run.cancel()
        await run.wait(STOP_SECONDS)
        return {"runId": run.run_id, "state": run.state}

    async def _attach(self, owner: str, action: Attach) -> dict[str, Any]:
        """Keep a file, once however often it is sent, and answer the part that refers to it."""
        attachment = action.attachment
        data = attachment.data or b""
        kind, mime_type = await asyncio.to_thread(judge, data, attachment.declared, attachment.name)
        files = (await self._loader.storage()).threads.files(owner, action.thread_id)
        if await files.count() >= MAX_FILES:
            raise refused("This conversation has no room for more files: start a new one.")
        name = file_name(data)
        await files.write(name, data)
        return file_part(kind, name, mime_type, len(data), attachment.name)

    async def _file(self, owner: str, action: File) -> dict[str, Any]:
        """A file, from the run that has just made it, or as it is stored."""
        data = self._runs.find_file(owner, action.thread_id, action.file_id)
        if data is None:
            threads = (await self._loader.storage()).threads
            data = await threads.files(owner, action.thread_id).read(action.file_id)
        if data is None:
            raise ServiceError("not_found", "This conversation has no such file.")
        return {"mimeType": media_type(data), "data": base64.b64encode(data).decode()}

    async def _delete(self, owner: str, action: Delete) -> dict[str, Any]:
        if run := self._runs.active(owner, action.thread_id):
            run.cancel()
            await run.wait(STOP_SECONDS)
        storage = await self._loader.storage()
        await storage.threads.delete(owner, action.thread_id)
        self._runs.forget(owner, action.thread_id)
        return {"threadId": action.thread_id, "deleted": True}
