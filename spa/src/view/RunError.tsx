import { t } from "../i18n";
import type { Answer } from "../threads/open-thread";
import type { Actions } from "./actions";
import { AlertIcon, RetryIcon } from "./icons";

/**
 * What a reader must know about an answer that did not end as it should.
 *
 * @param actions undefined for an answer that is past
 */
export function RunError({ answer, actions }: { answer: Answer; actions: Actions | undefined }) {
  const state = answer.state.value;
  if (state === "stopped") {
    return (
      <div class="ending">
        <p>{t("answer.stopped")}</p>
        {actions && <RetryButton answer={answer} actions={actions} />}
      </div>
    );
  }
  const problem = answer.problem.value;
  if (state !== "failed" && state !== "interrupted") return null;
  return (
    <div class="ending fault">
      <p dir="auto">
        <AlertIcon />
        <strong>{problem?.title ?? t("answer.broken")}</strong>{" "}
        {problem?.advice ?? t("answer.kept")}
      </p>
      {actions && problem?.remedy === "sign-in" && (
        <button type="button" class="secondary" onClick={actions.signIn}>
          {t("header.signIn")}
        </button>
      )}
      {actions && problem?.remedy !== "sign-in" && problem?.remedy !== "edit" && (
        <RetryButton answer={answer} actions={actions} />
      )}
    </div>
  );
}

function RetryButton({ answer, actions }: { answer: Answer; actions: Actions }) {
  return (
    <button type="button" class="secondary" onClick={() => actions.retry(answer)}>
      <RetryIcon />
      {t("answer.retry")}
    </button>
  );
}
