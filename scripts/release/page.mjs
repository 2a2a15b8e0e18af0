// @ts-check
// The page that shows a server to people, with its styles inside, its script, and the policy that lets just these be
// used. The script comes by itself, so that there is something to see before it is read.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "../source.mjs"

/**
 * @param {typeof import("esbuild").build} build
 */
export const page = async (build) => {
  const built = await build({
    absWorkingDir: ROOT,
    entryPoints: ["page/main.ts", "page/style.css"],
    outdir: "page",
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome111", "firefox113", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true
  })
  const text = (/** @type {string} */ ending) =>
    built.outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? ""
  const [script, style] = [text(".js"), text(".css")]
  if (style.includes("</style")) throw new Error("the page would end in its middle")
  const body = readFileSync(join(ROOT, "page/index.html"), "utf8").replace("/*style*/", () => style)
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
  return { page: { body, policy, script }, metafile: built.metafile }
}

/** @type {(text: string) => string} */
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`
