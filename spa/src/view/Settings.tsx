import { useId } from "preact/hooks";
import { keysAreShown } from "../browser/keys";
import { chooseTheme, THEMES, theme } from "../browser/theme";
import {
  chooseLanguage,
  chosenLanguage,
  LANGUAGES,
  type Language,
  preferredLanguage,
  t,
} from "../i18n";
import { SettingsIcon } from "./icons";

/** A button and the panel it opens: theme, language, and the way to the help. */
export function Settings() {
  const id = useId();
  return (
    <>
      <button type="button" class="quiet" title={t("settings.title")} popovertarget={id}>
        <SettingsIcon />
        <span class="visually-hidden">{t("settings.title")}</span>
      </button>
      <div
        id={id}
        class="panel"
        popover="auto"
        role="dialog"
        aria-label={t("settings.title")}
        // Escape closes this; elsewhere it stops an answer.
        onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      >
        <fieldset class="choice">
          <legend>{t("settings.theme")}</legend>
          <div>
            {THEMES.map((each) => (
              <label key={each}>
                <input
                  type="radio"
                  name={`${id}-theme`}
                  checked={theme.value === each}
                  onChange={() => chooseTheme(each)}
                />
                <span>{t(`settings.${each}`)}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <label class="field">
          {t("settings.language")}
          <select
            value={chosenLanguage.value ?? ""}
            onChange={(event) =>
              void chooseLanguage((event.currentTarget.value || undefined) as Language | undefined)
            }
          >
            <option value="">
              {t("settings.automatic", { language: LANGUAGES[preferredLanguage()] })}
            </option>
            {Object.entries(LANGUAGES).map(([tag, name]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="quiet"
          popovertarget={id}
          popovertargetaction="hide"
          onClick={() => {
            keysAreShown.value = true;
          }}
        >
          {t("help.title")}
        </button>
      </div>
    </>
  );
}
