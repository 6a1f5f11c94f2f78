import { render } from "preact";
import { createChat } from "./api/chat";
import { createSession, isCallback, type Session } from "./auth/session";
import { claimTab } from "./browser/copied-tab";
import { startTheme } from "./browser/theme";
import { ConfigError, loadConfig } from "./config";
import { startLanguage, t } from "./i18n";
import { createWorkspace } from "./threads/workspace";
import { ChatPage } from "./view/ChatPage";
import { Broken, Welcome } from "./view/Welcome";

async function start(root: HTMLElement): Promise<void> {
  startTheme();
  // Two requests at once: the sentences, and where to sign in.
  const config = loadConfig();
  config.catch(() => undefined);
  await startLanguage();
  if (!isSecureContext) {
    // Sign-in needs the browser's cryptography, which exists only here.
    throw new ConfigError("broken.insecure");
  }
  const settled = await config;
  const session = createSession(settled);
  const isRefused = await finishSignIn(session);
  const welcome = (notice: string | undefined) =>
    render(<Welcome onSignIn={() => void session.signIn()} notice={notice} />, root);
  if (session.email.value === undefined) {
    welcome(isRefused ? t("welcome.notCompleted") : undefined);
    return;
  }
  await claimTab();
  // From here on the chat stays: a sign-in that ends later is offered again inside it.
  const workspace = createWorkspace(
    createChat(settled.apiUrl, session),
    session.owner,
    function leave() {
      // What one tab shows is not left standing when another has signed out.
      workspace.close();
      session.forget();
      welcome(t("page.signedOutElsewhere"));
    },
  );
  function signOut(): void {
    workspace.close();
    // Before the tab leaves: the browser keeps the page as it is then, for Back.
    welcome(undefined);
    void session.signOut();
  }
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || session.isKept()) return;
    render(null, root);
    location.reload();
  });
  render(<ChatPage session={session} workspace={workspace} onSignOut={signOut} />, root);
}

/** Takes the login page's answer out of the address. True: that was no success. */
async function finishSignIn(session: Session): Promise<boolean> {
  const url = new URL(location.href);
  if (!isCallback(url)) return false;
  try {
    history.replaceState(null, "", await session.completeSignIn(url));
    return false;
  } catch {
    // An old address opened again, a cancelled login, a code already used: all are fixed alike.
    history.replaceState(null, "", "/");
    return true;
  }
}

const root = document.getElementById("app");
if (root) {
  start(root).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) reportError(error);
    render(
      <Broken message={error instanceof ConfigError ? error.message : t("broken.tryAgain")} />,
      root,
    );
  });
}
