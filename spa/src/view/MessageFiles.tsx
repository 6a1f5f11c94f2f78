import "../styles/files.css";
import { useRef, useState } from "preact/hooks";
import { download } from "../browser/download";
import { t } from "../i18n";
import type { FileRef } from "../run/files";
import type { Actions } from "./actions";
import { announce } from "./announce";
import { FileIcon } from "./FileIcon";
import { FileImage } from "./FileImage";
import { CloseIcon } from "./icons";
import { formatBytes } from "./size";

/** Kinds of text, which are opened in place; what else there is is downloaded. */
const TEXTS = new Set(["text/plain", "text/csv", "text/markdown", "text/html"]);

/** The files of a message: images to look at, documents to open or download. */
export function MessageFiles({
  files,
  load,
}: {
  files: readonly FileRef[];
  load: Actions["file"];
}) {
  return (
    <ul class="files" aria-label={t("file.list")}>
      {files.map((file) => (
        <li key={file.id}>
          <MessageFile file={file} load={load} />
        </li>
      ))}
    </ul>
  );
}

function MessageFile({ file, load }: { file: FileRef; load: Actions["file"] }) {
  const [text, setText] = useState<string>();
  const dialog = useRef<HTMLDialogElement>(null);
  const name = file.name || t(file.kind === "image" ? "file.image" : "file.document");
  const isText = TEXTS.has(file.mimeType);

  async function open(): Promise<void> {
    try {
      if (isText) setText(await (await load(file.id)).text());
      else if (file.kind === "document") download(name, await load(file.id));
      if (isText || file.kind === "image") dialog.current?.showModal();
    } catch {
      announce(t("file.missing"));
      setText(undefined);
    }
  }

  const opens = isText || file.kind === "image" ? "file.open" : "file.download";
  return (
    <>
      <button
        type="button"
        class={file.kind === "image" ? "file picture" : "file"}
        title={t(opens, { name })}
        onClick={() => void open()}
      >
        {file.kind === "image" ? (
          <FileImage id={file.id} label={t("image.label", { description: name })} load={load} />
        ) : (
          <>
            <FileIcon />
            <span class="file-name" dir="auto">
              {name}
            </span>
            <span class="file-note">{formatBytes(file.size)}</span>
          </>
        )}
      </button>
      <dialog
        ref={dialog}
        class="viewer"
        aria-label={name}
        onClick={(event) => {
          if (event.target === dialog.current) dialog.current?.close();
        }}
        // Escape closes this; elsewhere it stops an answer.
        onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      >
        <header>
          <h2 dir="auto">{name}</h2>
          <button
            type="button"
            class="action"
            aria-label={t("help.close")}
            title={t("help.close")}
            onClick={() => dialog.current?.close()}
          >
            <CloseIcon />
          </button>
        </header>
        {file.kind === "image" ? (
          <FileImage id={file.id} label={t("image.label", { description: name })} load={load} />
        ) : (
          <pre dir="auto">{text}</pre>
        )}
      </dialog>
    </>
  );
}
