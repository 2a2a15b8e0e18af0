import { createHash } from "node:crypto"
import { build } from "esbuild"
import { expect, test } from "vitest"
import { page } from "../../../scripts/release/page.mjs"

test("the page has all that it needs from its own server, and its policy lets just that be used", async () => {
  const { body, policy, script } = (await page(build)).page
  const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? ""
  expect(policy).toContain(`style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`)
  expect(policy).toMatch(/^default-src 'none'; script-src 'self';/)
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  // Links of its own alone; a name space is no address that is asked for anything.
  const links = [...body.matchAll(/\b(?:href|src|action)="([^"]*)"/g)].map(([, link]) => link)
  expect(links).toContain("/status.js")
  expect(links.filter((link) => !/^(\/[a-z.]*|data:,)$/.test(link ?? ""))).toEqual([])
  expect(body).not.toMatch(/\bon[a-z]+="|style="|@import|url\(/)
  expect(script).not.toMatch(/\beval\(|new Function|https?:\/\/(?!www\.w3\.org)/)
  // What is seen first is small.
  expect([Buffer.byteLength(body) < 10_000, Buffer.byteLength(script) < 80_000]).toEqual([true, true])
})
