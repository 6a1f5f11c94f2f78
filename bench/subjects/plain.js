// The limit: the same stream, read with the same calls, and each delta appended as plain text to a page
// that follows its end. Started with `start(size)`; sets `finished` on the element.
const box = document.createElement("main");
const text = document.createElement("div");
box.style.cssText = "height:100vh;overflow-y:auto;font:16px/1.7 system-ui,sans-serif";
text.style.cssText = "max-width:46rem;margin:auto;white-space:pre-wrap;overflow-wrap:anywhere";
box.append(text);
document.body.style.margin = "0";
document.body.append(box);
new ResizeObserver(() => {
  box.scrollTop = box.scrollHeight;
}).observe(text);

globalThis.start = async (url, size, rate) => {
  const answer = await fetch(url, {
    method: "POST",
    body: JSON.stringify({
      threadId: "plain",
      runId: crypto.randomUUID(),
      messages: [{ content: `${size} ${rate}` }],
    }),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const { delta } = JSON.parse(frame.slice(frame.indexOf("data: ") + 6));
      if (delta) text.append(delta);
    }
  }
  text.dataset.state = "finished";
};
