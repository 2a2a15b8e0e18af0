import { describe, expect, it } from "vitest"
import { parse } from "../server/status/PrometheusParser.js"
import { client, server } from "./Program.js"

/** A server that shows its state, where that is, and what a figure is now. */
const shown = async (...more: ReadonlyArray<string>) => {
  const { address, program } = await server("--metrics", "0", ...more)
  const base = await program.until("showing metrics", () => / at=(http:\S+)\/\n/.exec(program.stderr)?.[1])
  const figure = async (name: string, value?: string) => {
    const families = parse(await (await fetch(`${base}/metrics`)).text())
    const samples = families.get(name)?.samples ?? []
    return samples.find(({ labels }) => value === undefined || Object.values(labels).includes(value))?.value
  }
  return { program, address, base, figure }
}

describe("a server that is looked at", () => {
  it("counts who is there and what they ask, and is ready", async () => {
    const { address, base, figure, program } = await shown()
    expect(await figure("parley_server_connections")).toBe(0)
    const alice = await client("alice", address)
    expect(await figure("parley_server_registered")).toBe(1)
    expect(await figure("parley_server_registrations_total")).toBe(1)
    const page = await fetch(`${base}/`)
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'")
    expect(await page.text()).toContain("<title>parley server</title>")
    expect((await fetch(`${base}/status.js`)).headers.get("content-type")).toContain("javascript")
    expect(await (await fetch(`${base}/status.json`)).json()).toMatchObject({ totals: { endings: { exit: 0 } } })
    const answers = await Promise.all(["healthz", "readyz", "nothing"].map((path) => fetch(`${base}/${path}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404])
    expect(await alice.kill("SIGTERM")).toBe(0)
    while ((await figure("parley_server_endings_total", "exit")) !== 1);
    expect(await program.kill("SIGTERM")).toBe(0)
    await expect(fetch(`${base}/healthz`)).rejects.toThrow()
  })
})
