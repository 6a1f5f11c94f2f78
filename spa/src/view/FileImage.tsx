import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";

/** An image, once it is there; in its place a word when it cannot be had. */
export function FileImage({
  id,
  label,
  load,
}: {
  id: string;
  label: string;
  load: (id: string) => Promise<Blob>;
}) {
  const [url, isMissing, setMissing] = useBlobUrl(id, load);
  if (isMissing) return <p class="aside">{t("tool.imageMissing")}</p>;
  if (!url) return <p class="thinking">{label}</p>;
  return <img src={url} alt={label} onError={setMissing} />;
}

/** An address of a file's bytes while they are shown. */
function useBlobUrl(
  id: string,
  load: (id: string) => Promise<Blob>,
): [url: string | undefined, isMissing: boolean, setMissing: () => void] {
  const [url, setUrl] = useState<string>();
  const [isMissing, setMissing] = useState(false);

  useEffect(() => {
    let made: string | undefined;
    let left = false;
    setMissing(false);
    load(id).then(
      (blob) => {
        if (left) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      },
      () => {
        if (!left) setMissing(true);
      },
    );
    return () => {
      left = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [id, load]);

  return [url, isMissing, () => setMissing(true)];
}
