import { expect, test } from "vitest";
import { highlight } from "../src/markdown/highlight";
import { typeset } from "../src/markdown/typeset";

/** A fragment's markup. */
function html(node: Node | undefined): string {
  const frame = document.createElement("div");
  if (node) frame.append(node);
  return frame.innerHTML;
}

test("highlight.js's token tree, a private field, is where it was: code gets its colours", () => {
  expect(html(highlight('const a = "b"; // c', "js"))).toBe(
    '<span class="hl-keyword">const</span> a = <span class="hl-string">"b"</span>; ' +
      '<span class="hl-comment">// c</span>',
  );
});

test.each([
  ["python", "def f(x):\n    return f'{x}'  # <b>\n"],
  ["html", '<p onclick="x()">&amp;<script>let a = `b`;</script></p>'],
  ["ts", "type A<T> = { [K in keyof T]: T[K] };"],
  ["yaml", "a: [1, 'two']\nb: |\n  text\n"],
  ["diff", "- gone\n+ come\n"],
  ["sh", "echo \"$HOME\" | sed 's/a/b/'"],
])("colours change no character of %s", (language, code) => {
  const coloured = highlight(code, language);
  expect(coloured?.textContent).toBe(code);
  expect(coloured?.querySelector("[class^=hl-]")).not.toBeNull();
});

test("a language that is not known stays uncoloured", () => {
  expect(highlight("a", "brainfuck")).toBeUndefined();
  expect(highlight("a", "constructor")).toBeUndefined();
});

test("TeX becomes MathML", () => {
  const math = html(typeset("\\frac{a_1}{b}", true));
  expect(math).toMatch(/^<math[^>]*display="block"/);
  expect(math).toContain("<mfrac>");
  expect(math).toContain("<msub>");
});

test.each(["\\frac{a", "\\nosuchcommand", "\\begin{matrix} a"])(
  "TeX that cannot be read stays as it was written: %s",
  (tex) => {
    expect(typeset(tex, false)).toBeUndefined();
  },
);

test.each([
  "\\href{javascript:alert(1)}{a}",
  "\\href{https://example.com}{a}",
  "\\url{https://example.com}",
  "\\includegraphics{https://example.com/a.png}",
  "\\class{a}{b}",
  "\\id{a}{b}",
  "\\style{background:url(https://example.com)}{b}",
  "\\data{a=b}{c}",
  "\\htmlStyle{color:red}{b}",
  "\\color{url(https://example.com)}{b}",
  "\\text{<img src=x onerror=y>}",
  "\\mathtip{a}{<b>}",
])("T7: a formula holds no link, picture, script or foreign address: %s", (tex) => {
  const frame = document.createElement("div");
  const math = typeset(tex, false);
  if (math) frame.append(math);
  for (const node of frame.querySelectorAll("*")) {
    expect(node.namespaceURI).toBe("http://www.w3.org/1998/Math/MathML");
    for (const { name, value } of node.attributes) {
      expect(name).not.toMatch(/^on|href|src|^id$/);
      expect(value).not.toMatch(/url|http|javascript/i);
    }
  }
});

test("a formula that grows without end is given up", () => {
  expect(typeset("\\def\\a{\\a\\a}\\a", false)).toBeUndefined();
});
