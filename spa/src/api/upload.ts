/** So much of a request's body has left, from 0 to 1. */
export type OnProgress = (part: number) => void;

/** As `fetch`, for a body of which it is to be seen how far it is: browsers tell that of XMLHttpRequest alone. */
export function upload(url: string, init: RequestInit, onProgress: OnProgress): Promise<Response> {
  return new Promise((resolve, reject) => {
    init.signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(init.method ?? "POST", url);
    for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const headers: Record<string, string> = {};
      const wait = request.getResponseHeader("Retry-After");
      if (wait !== null) headers["Retry-After"] = wait;
      resolve(new Response(request.responseText, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError("the network failed"));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onloadend = () => init.signal?.removeEventListener("abort", abort);
    init.signal?.addEventListener("abort", abort);
    request.send(init.body as string);
  });
}
