import { createHash } from "node:crypto"
import { build } from "esbuild"
import { expect, test } from "vitest"
import { page } from "../../../scripts/release/page.mjs"

test("the page has all that it needs inside, and its policy lets just that be used", async () => {
  const { body, policy } = (await page(build)).page
  const within = (name: string) => new RegExp(`<${name}>(.*)</${name}>`, "s").exec(body)?.[1] ?? ""
  for (const name of ["script", "style"]) {
    const text = within(name)
    expect(text.length).toBeGreaterThan(1000)
    const hash = createHash("sha256").update(text).digest("base64")
    expect(policy).toContain(`${name}-src 'sha256-${hash}'`)
  }
  expect(policy).toMatch(/^default-src 'none';/)
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  // Links of its own alone; a name space is no address that is asked for anything.
  const links = [...body.matchAll(/\b(?:href|src|action)="([^"]*)"/g)].map(([, link]) => link)
  expect(links.filter((link) => !/^(\/[a-z]*|data:,)$/.test(link ?? ""))).toEqual([])
  expect(body).not.toMatch(/\bon[a-z]+="|style="|@import|url\(/)
  expect(Buffer.byteLength(body)).toBeLessThan(80_000)
})
