import "../styles/files.css";
import { useEffect, useState } from "preact/hooks";
import { formatNumber, t } from "../i18n";
import type { Attachment } from "../threads/attachments";
import { FileIcon } from "./FileIcon";
import { CloseIcon, RetryIcon } from "./icons";
import { formatBytes } from "./size";

/** The files beside the message that is being written, with how far each is. */
export function DraftFiles({
  attachments,
  onRemove,
  onRetry,
}: {
  attachments: readonly Attachment[];
  onRemove: (attachment: Attachment) => void;
  onRetry: (attachment: Attachment) => void;
}) {
  return (
    <ul class="files" aria-label={t("file.list")}>
      {attachments.map((each) => (
        <li key={each.key} class="file" data-state={each.state.value.kind}>
          <Preview source={each.source} />
          <span class="file-name" dir="auto" title={each.name}>
            {each.name}
          </span>
          <Note attachment={each} />
          {each.state.value.kind === "failed" && each.state.value.problem.remedy !== "edit" && (
            <button
              type="button"
              class="action"
              aria-label={t("file.retry", { name: each.name })}
              title={t("file.retry", { name: each.name })}
              onClick={() => onRetry(each)}
            >
              <RetryIcon />
            </button>
          )}
          <button
            type="button"
            class="action"
            aria-label={t("file.remove", { name: each.name })}
            title={t("file.remove", { name: each.name })}
            onClick={() => onRemove(each)}
          >
            <CloseIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Note({ attachment }: { attachment: Attachment }) {
  const state = attachment.state.value;
  switch (state.kind) {
    case "uploading": {
      const part = formatNumber(state.part, { style: "percent", maximumFractionDigits: 0 });
      return (
        <span class="file-note">
          {t("file.uploading", { part })}
          <progress aria-label={attachment.name} value={state.part} max={1} />
        </span>
      );
    }
    case "ready":
      return <span class="file-note">{formatBytes(state.file.size)}</span>;
    case "failed":
      return (
        <span class="file-note failed" role="alert" title={state.problem.advice}>
          {state.problem.title}
          <span class="visually-hidden"> {state.problem.advice}</span>
        </span>
      );
  }
}

function Preview({ source }: { source: File | undefined }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!source?.type.startsWith("image/")) return undefined;
    const made = URL.createObjectURL(source);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [source]);
  return url ? <img src={url} alt="" onError={() => setUrl(undefined)} /> : <FileIcon />;
}
