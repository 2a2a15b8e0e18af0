import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, it } from "vitest"
import { own } from "../support/Certificates.js"
import { available, Lab } from "./Lab.js"
import { converse, type Person } from "./Talk.js"

/** Networks that let little out: ann's drops all but TCP port 443, bob's lets him talk to a proxy alone. */
const TOPOLOGY = `
host ann
host bob
`
const PROXY = fileURLToPath(new URL("../support/Proxy.mjs", import.meta.url))
const PROXY_PORT = 3128

/** Drops what a host sends, but to one TCP port. */
const lettingOut = (port: number): ReadonlyArray<string> => [
  "add table inet only",
  "add chain inet only out { type filter hook output priority 0 ; policy drop ; }",
  "add rule inet only out oif lo accept",
  `add rule inet only out tcp dport ${port} accept`
]

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("lets out one port", ({ expect }) => expect(lettingOut(443).at(-1)).toMatch(/dport 443 accept$/))

if (available)
  describe("firewalls", () => {
    it("who gets out by port 443 alone, and who by a proxy alone, talk and send a file", async ({
      expect,
      onTestFinished
    }) => {
      const lab = await Lab.start(TOPOLOGY)
      onTestFinished(() => lab.close())
      const server = await lab.address("srv")
      const [certificate, key] = [lab.home("cert.pem"), lab.home("key.pem")]
      writeFileSync(certificate, own.certificate)
      writeFileSync(key, own.privateKey, { mode: 0o600 })
      const options = ["--port", "7000", "--tls-cert", certificate, "--tls-key", key, "--listen", "0.0.0.0:443"]
      await lab.program("srv", ["server", ...options]).prints(/listening on/)
      lab.serve("srv", process.execPath, PROXY, "0.0.0.0", String(PROXY_PORT), "fred:secret", "443")
      for (const [node, port] of [
        ["ann", 443],
        ["bob", PROXY_PORT]
      ] as const)
        for (const rule of lettingOut(port)) await lab.at(node, "nft", rule)

      const start = async (nick: string, ...more: ReadonlyArray<string>): Promise<Person> => {
        const own = ["--nick", nick, "--server", `${server}:7000`, "--tls", "--home", lab.home(nick), "--json"]
        const program = lab.program(nick, ["client", ...own, ...more])
        const link = await program.event("server", {})
        expect(link).toMatchObject({ via: { port: 443, isWeb: true } })
        await program.event("registered", { nick })
        return { nick, program }
      }
      const ann = await start("ann")
      const bob = await start("bob", "--proxy", `http://fred:secret@${server}:${PROXY_PORT}`)
      await converse(ann, bob, "relay")

      const folder = lab.home("downloads")
      mkdirSync(folder)
      const source = lab.home("file.bin")
      writeFileSync(source, Buffer.alloc(200_000, 7))
      ann.program.command({ cmd: "sendFile", to: "bob", path: source })
      const offer = await bob.program.event("transfer", { state: "offered" })
      bob.program.command({ cmd: "accept", id: offer.id, directory: folder })
      await bob.program.event("transfer", { state: "done" })
      expect(readFileSync(join(folder, "file.bin"))).toEqual(readFileSync(source))
    })
  })
