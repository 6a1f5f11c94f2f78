// Unpacks the Chromium of @sparticuz/chromium into TMPDIR, with a software renderer, fonts, and the
// libraries that it needs where the machine has no NSS and no expat (al2023/lib).
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const packed = join(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))), "..", "bin");
for (const name of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"])
  await inflate(join(packed, name));
// Its own names folders of AWS Lambda.
await writeFile(
  join(process.env.TMPDIR, "fonts.conf"),
  '<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n',
);
