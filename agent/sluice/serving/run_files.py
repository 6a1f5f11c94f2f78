"""The files of a run: those that come with its question, and those that its model is sent."""

import asyncio
import logging
from collections.abc import Sequence

from sluice.agui import events
from sluice.agui.attachments import Attachment, check_count, judge, refused
from sluice.agui.content import Part, file_part
from sluice.api import Attachment as UserAttachment
from sluice.runs.run import Run
from sluice.service_error import ServiceError
from sluice.storage.base import StorageUnavailableError
from sluice.threads.files import Files
from sluice.threads.model_files import ModelFiles, read_files

_log = logging.getLogger(__name__)


class RunFiles:
    """The files of one run, in the store of its thread and on the way there."""

    def __init__(self, stored: Files, run: Run) -> None:
        self._stored = stored
        self._run = run
        self._given: dict[str, bytes] = {}
        self._unreadable = False

    async def take(self, attachments: Sequence[Attachment]) -> list[Part]:
        """The parts of a message that refer to its files, which are stored with the run.

        Raises:
            ServiceError: `attachment_refused`, or `internal_error` when the store fails.
        """
        parts = [await self._take(attachment) for attachment in attachments]
        check_count([part["type"] for part in parts])
        return parts

    async def for_model(self, contents: Sequence[object], max_text: int) -> ModelFiles:
        """The files of people's messages, in the order in which they were said."""
        return ModelFiles(await read_files(contents, self._read), max_text)

    def for_user(self, parts: Sequence[Part]) -> list[UserAttachment]:
        """The question's files as agent.py is given them."""
        return [
            UserAttachment(
                name=part["metadata"].get("name", ""),
                mime_type=part["source"]["mimeType"],
                data=self._given[part["source"]["value"]],
            )
            for part in parts
        ]

    async def _take(self, attachment: Attachment) -> Part:
        data = attachment.data
        is_stored = data is None
        if attachment.file_id is not None:
            data = await self._find(attachment)
        if data is None:
            raise refused(f"`{attachment.place}` is no file of this conversation: attach it again.")
        kind, mime_type = await asyncio.to_thread(judge, data, attachment.declared, attachment.name)
        name = self._run.files.add(data, is_stored=is_stored)
        if name is None:
            raise refused("This conversation has no room for more files: start a new one.")
        self._given[name] = data
        return file_part(kind, name, mime_type, len(data), attachment.name)

    async def _find(self, attachment: Attachment) -> bytes | None:
        try:
            return await self._stored.read(attachment.file_id or "")
        except StorageUnavailableError as error:
            _log.warning("a file could not be read", exc_info=error)
            said = "Your files cannot be reached at the moment; send again."
            raise ServiceError("internal_error", said) from None

    async def _read(self, name: str) -> bytes | None:
        data = self._given.get(name) or self._run.files.find(name)
        if data is not None:
            return data
        try:
            return await self._stored.read(name)
        except StorageUnavailableError as error:
            if not self._unreadable:
                self._unreadable = True
                _log.warning("a file could not be read", exc_info=error)
                said = "Earlier files could not be read: this answer does not know them."
                self._run.append(events.notice("storage_unavailable", said))
            return None
