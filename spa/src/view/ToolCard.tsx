import { useEffect, useState } from "preact/hooks";
import { formatDuration, t } from "../i18n";
import type { ToolPart, ToolState } from "../threads/open-thread";
import type { Actions } from "./actions";
import { CopyButton } from "./CopyButton";
import { FileImage } from "./FileImage";
import { AlertIcon, CheckIcon, ChevronIcon, InfoIcon, SpinnerIcon } from "./icons";
import { lazy } from "./lazy";
import { parsed } from "./text";

const MessageFiles = lazy(async () => (await import("./files")).MessageFiles);

const ICONS: Record<ToolState, typeof CheckIcon> = {
  running: SpinnerIcon,
  waiting: InfoIcon,
  done: CheckIcon,
  failed: AlertIcon,
};

/** A line holds no more of a gist, and a call's arguments may be long. */
const GIST_CHARACTERS = 200;

/** A shorter time is of no interest. */
const SHOWN_MS = 100;

/**
 * One tool call, folded to a line: which tool, what it was asked, how it stands, how long it took.
 * It unfolds by itself for files, which are there to be seen.
 */
export function ToolCard({ tool, image }: { tool: ToolPart; image: Actions["file"] }) {
  const [open, setOpen] = useState(false);
  const images = tool.files.filter(({ kind }) => kind === "image");
  const documents = tool.files.filter(({ kind }) => kind === "document");
  const hasFiles = tool.files.length > 0;
  useEffect(() => setOpen(hasFiles), [hasFiles]);
  const state = tool.state;
  const isOpen = state === "running" || state === "waiting";
  const Icon = ICONS[state];
  const took = (tool.endedAt ?? 0) - (tool.startedAt ?? 0);
  return (
    <details
      class="tool"
      data-name={tool.name}
      data-state={state}
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span class="tool-state">
          <Icon />
        </span>
        <span class="tool-name">{tool.name}</span>
        <code class="tool-gist" dir="auto">
          {gist(tool.args)}
        </code>
        <span class="tool-label">
          {t(`tool.${state}`)}
          {took >= SHOWN_MS && ` · ${formatDuration(took, "narrow")}`}
        </span>
        <span class="fold">
          <ChevronIcon />
        </span>
      </summary>
      {open && (
        <dl>
          <Field name={t("tool.arguments")} text={pretty(tool.args)} none={t("tool.none")} />
          <Field
            name={t(state === "failed" ? "tool.error" : "tool.result")}
            text={pretty(tool.result)}
            none={hasFiles ? "" : t(isOpen ? "tool.notYet" : "tool.none")}
          />
          {images.map(({ id }) => (
            <dd key={id}>
              <FileImage
                id={id}
                label={t("image.label", { description: tool.name })}
                load={image}
              />
            </dd>
          ))}
          {documents.length > 0 && (
            <dd>
              <MessageFiles files={documents} load={image} />
            </dd>
          )}
        </dl>
      )}
    </details>
  );
}

function Field({ name, text, none }: { name: string; text: string; none: string }) {
  return (
    <>
      <dt>
        {name}
        {text && <CopyButton label="message.copy" text={() => text} />}
      </dt>
      {(text || none) && (
        <dd>
          <pre tabIndex={0} dir="auto">
            {text || none}
          </pre>
        </dd>
      )}
    </>
  );
}

/** The arguments' values in one line; nothing until their JSON is whole. */
function gist(args: string): string {
  const value = parsed(args);
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value)
    .map((each) => (typeof each === "string" ? each : JSON.stringify(each)))
    .join(", ")
    .slice(0, GIST_CHARACTERS);
}

/** JSON on lines of its own, and a text of several lines (code, most often) as what it is. */
function pretty(text: string): string {
  const value = parsed(text);
  if (typeof value !== "object" || value === null) return text;
  const [only, ...more] = Object.values(value);
  if (typeof only === "string" && more.length === 0 && only.includes("\n")) return only;
  return JSON.stringify(value, null, 2);
}
