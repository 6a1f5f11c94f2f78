import { t } from "../i18n";
import type { Problem } from "../run/problems";
import { AlertIcon } from "./icons";

/** What is wrong with a whole conversation, and what can be done about it here. */
export function ErrorNotice({
  problem,
  onRetry,
  onSignIn,
  onNewChat,
}: {
  problem: Problem;
  onRetry: () => void;
  onSignIn: () => void;
  onNewChat: () => void;
}) {
  const [words, act] =
    problem.remedy === "sign-in"
      ? [t("header.signIn"), onSignIn]
      : problem.remedy === "edit"
        ? [t("header.newChat"), onNewChat]
        : [t("threads.tryAgain"), onRetry];
  return (
    <div class="ending fault" role="alert">
      <p>
        <AlertIcon />
        <strong>{problem.title}</strong> {problem.advice}
      </p>
      <button type="button" class="secondary" onClick={act}>
        {words}
      </button>
    </div>
  );
}
