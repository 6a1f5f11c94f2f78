import { Mark } from "./icons";

/** @param notice why the person is here again, when there is a reason */
export function Welcome({
  onSignIn,
  notice,
}: {
  onSignIn: () => void;
  notice: string | undefined;
}) {
  return (
    <main class="single">
      <Mark />
      <h1>Sluice</h1>
      <p class="lead">Talk with an AI agent and watch its answer arrive, word by word.</p>
      {notice && <p role="alert">{notice}</p>}
      <button type="button" class="primary" onClick={onSignIn}>
        Sign in
      </button>
      <p class="small">You sign in on a page of its own, and come back here.</p>
    </main>
  );
}

/** For a site that cannot start: what is wrong, and what mends it. */
export function Broken({ message }: { message: string }) {
  return (
    <main class="single">
      <Mark />
      <h1>Sluice cannot start</h1>
      <p class="lead" role="alert">
        {message}
      </p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        Reload
      </button>
    </main>
  );
}
