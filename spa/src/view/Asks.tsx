import "../styles/asks.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { isOver, type Reply, toolOf } from "../run/asks";
import type { Ask } from "../run/run-view";
import type { Answer } from "../threads/open-thread";
import type { Actions } from "./actions";
import { AlertIcon } from "./icons";
import { parsed } from "./text";

/** As long as the agent takes (MAX_REASON of agent/sluice/runs/outcome.py). */
const REASON_CHARACTERS = 1000;

/** What the agent wants to know before it goes on. It is told once all is answered. */
export function Asks({ answer, actions }: { answer: Answer; actions: Actions }) {
  const [replies, setReplies] = useState<readonly Reply[]>([]);
  const [always, setAlways] = useState<readonly string[]>([]);
  const asks = answer.asks.value;
  if (asks.length === 0) return null;
  if (asks.some((ask) => isOver(ask, Date.now()))) {
    return (
      <div class="ending">
        <p>{t("ask.over")}</p>
      </div>
    );
  }

  function reply(ask: Ask, given: Omit<Reply, "interruptId">, name?: string): void {
    const all = [...replies, { interruptId: ask.id, ...given }];
    const names = name === undefined ? always : [...always, name];
    setReplies(all);
    setAlways(names);
    if (all.length === asks.length) actions.reply(answer, all, names);
  }

  const open = asks.filter(({ id }) => !replies.some(({ interruptId }) => interruptId === id));
  return open.map((ask) =>
    ask.isApproval ? (
      <Approval key={ask.id} ask={ask} answer={answer} reply={reply} />
    ) : (
      <Wish key={ask.id} ask={ask} reply={reply} />
    ),
  );
}

type OnReply = (ask: Ask, given: Omit<Reply, "interruptId">, name?: string) => void;

function Approval({ ask, answer, reply }: { ask: Ask; answer: Answer; reply: OnReply }) {
  const [refusing, setRefusing] = useState(false);
  const [reason, setReason] = useState("");
  const tool = toolOf(answer.run.value, ask);
  const id = useId();
  const refuse = () => {
    const said = reason.trim();
    const payload = said ? { approved: false, reason: said } : { approved: false };
    reply(ask, { status: "resolved", payload });
  };
  const allow = { status: "resolved", payload: { approved: true } } as const;
  return (
    <section class="ask" aria-labelledby={id}>
      <p id={id}>
        <AlertIcon />
        <strong dir="auto">
          {tool ? t("ask.title", { name: tool.name }) : ask.message || t("ask.title", { name: "" })}
        </strong>
      </p>
      {tool && <Arguments json={tool.args} />}
      {refusing ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            refuse();
          }}
        >
          <Field label={t("ask.reason")} value={reason} onInput={setReason} isWanted />
          <div class="buttons">
            <button type="button" class="secondary" onClick={() => setRefusing(false)}>
              {t("message.editCancel")}
            </button>
            <button type="submit" class="secondary strong">
              {t("ask.refuse")}
            </button>
          </div>
        </form>
      ) : (
        <div class="buttons">
          <button type="button" class="secondary strong" onClick={() => reply(ask, allow)}>
            {t("ask.allow")}
          </button>
          {tool && (
            <button type="button" class="secondary" onClick={() => reply(ask, allow, tool.name)}>
              {t("ask.always")}
            </button>
          )}
          <button type="button" class="secondary" onClick={() => setRefusing(true)}>
            {t("ask.refuse")}
          </button>
        </div>
      )}
      <p class="ask-note">{t("ask.instead")}</p>
    </section>
  );
}

/** Something of the agent's own: it is told what is written. */
function Wish({ ask, reply }: { ask: Ask; reply: OnReply }) {
  const [text, setText] = useState("");
  const id = useId();
  return (
    <section class="ask" aria-labelledby={id}>
      <p id={id}>
        <AlertIcon />
        <strong dir="auto">{ask.message}</strong>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) reply(ask, { status: "resolved", payload: text.trim() });
        }}
      >
        <Field label={t("ask.reply")} value={text} onInput={setText} />
        <div class="buttons">
          <button
            type="button"
            class="secondary"
            onClick={() => reply(ask, { status: "cancelled" })}
          >
            {t("ask.skip")}
          </button>
          <button type="submit" class="secondary strong" disabled={!text.trim()}>
            {t("composer.send")}
          </button>
        </div>
      </form>
      <p class="ask-note">{t("ask.instead")}</p>
    </section>
  );
}

function Field({
  label,
  value,
  onInput,
  isWanted = false,
}: {
  label: string;
  value: string;
  onInput: (text: string) => void;
  /** The person has just asked for it. */
  isWanted?: boolean;
}) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isWanted) field.current?.focus({ preventScroll: true });
  }, [isWanted]);
  return (
    <input
      type="text"
      dir="auto"
      aria-label={label}
      placeholder={label}
      maxLength={REASON_CHARACTERS}
      value={value}
      ref={field}
      onInput={(event) => onInput(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
    />
  );
}

/** What the tool would be called with, by name. */
function Arguments({ json }: { json: string }) {
  const entries = Object.entries(Object(parsed(json)) as Record<string, unknown>);
  if (entries.length === 0) return null;
  return (
    <dl class="ask-arguments">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
