import { brand, spoken } from "../brand";
import { t } from "../i18n";
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
      <h1>{brand.name}</h1>
      <p class="lead">{brand.welcome ? spoken(brand.welcome) : t("welcome.lead")}</p>
      {notice && <p role="alert">{notice}</p>}
      <button type="button" class="primary" onClick={onSignIn}>
        {t("header.signIn")}
      </button>
      <p class="small">{t("welcome.where")}</p>
    </main>
  );
}

/** For a site that cannot start: what is wrong, and what fixes it. */
export function Broken({ message }: { message: string }) {
  return (
    <main class="single">
      <Mark />
      <h1>{t("broken.title")}</h1>
      <p class="lead" role="alert">
        {message}
      </p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        {t("broken.reload")}
      </button>
    </main>
  );
}
