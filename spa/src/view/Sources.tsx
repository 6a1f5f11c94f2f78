import "../styles/sources.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Citation, citationsIn, citedIn } from "../run/citations";
import type { Answer } from "../threads/open-thread";
import { textOf } from "./text";

/** The sources that an answer cites, in a list below it; a number in the text opens its own. */
export function Sources({ answer, title }: { answer: Answer; title: string }) {
  const list = useRef<HTMLElement>(null);
  const told = answer.citations.value;
  const cited = useMemo(() => citedIn(textOf(answer), citationsIn(told)), [answer, told]);

  useEffect(() => {
    const message = list.current?.closest("article");
    function open(event: Event): void {
      const number = (event.target as Element).closest<HTMLElement>(".cite")?.dataset.number;
      const source = number && list.current?.querySelector(`details[data-number="${number}"]`);
      if (!(source instanceof HTMLDetailsElement)) return;
      source.open = true;
      source.querySelector("summary")?.focus({ preventScroll: true });
      source.scrollIntoView({ block: "nearest" });
    }
    message?.addEventListener("click", open);
    return () => message?.removeEventListener("click", open);
  }, []);

  return (
    <section class="sources" ref={list} aria-label={title} hidden={cited.length === 0}>
      <h3>{title}</h3>
      {cited.map((source) => (
        <Source key={source.number} source={source} />
      ))}
    </section>
  );
}

function Source({ source: { number, title, text, url } }: { source: Citation }) {
  return (
    <details data-number={number}>
      <summary>
        <span class="source-number">{number}</span>
        <span class="source-title" dir="auto">
          {title}
        </span>
      </summary>
      {text && <blockquote dir="auto">{text}</blockquote>}
      {url && (
        <a href={url} target="_blank" rel="noopener noreferrer" dir="ltr">
          {url}
        </a>
      )}
    </details>
  );
}
