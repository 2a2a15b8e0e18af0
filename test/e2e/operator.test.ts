import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import type { TlsCredentials } from "../../src/services/Listener.js"
import { binaryOf } from "../protocol/ProxyHeaders.js"
import { own, signed } from "../support/Certificates.js"
import { full } from "../support/Effort.js"
import { client, Program, temporaryFolder } from "./Program.js"

/** What an operator does with the built program, with real signals, sockets and files. */

/** A server with these options and this configuration, and what its log says. */
const start = async (config: object | string, ...args: ReadonlyArray<string>) => {
  const folder = temporaryFolder()
  const file = join(folder, "parley.json")
  const write = (content: object | string) =>
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 })
  write(config)
  const program = new Program(["server", "--host", "127.0.0.1", "--port", "0", "--config", file, ...args])
  const [, port] = await program.prints(/parley server listening on \S+:(\d+)\n/)
  const logs = (pattern: RegExp) => program.until(String(pattern), () => pattern.exec(program.stderr) ?? undefined)
  return { folder, program, port: Number(port), write, logs }
}

/** ms: a test that starts a dozen programs, one after the other, on a machine that has much else to do. */
const MANY_STARTS = 600_000

describe.runIf(full && process.platform !== "win32")("an operator", () => {
  it("has the server read its options again, and a new certificate, and loses no link by it", async () => {
    const folder = temporaryFolder()
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
    const show = ({ certificate, privateKey }: TlsCredentials) => {
      writeFileSync(cert, certificate)
      writeFileSync(key, privateKey, { mode: 0o600 })
    }
    show(own)
    const { logs, port, program, write } = await start(
      '{ "motd": "one", // for now\n }',
      "--tls-cert",
      cert,
      "--tls-key",
      key
    )
    const ann = await client("ann", `127.0.0.1:${port}`, temporaryFolder(), "--tls")
    write({ motd: "two", queries: "20/2", relay: "off" })
    writeFileSync(cert, "no certificate")
    program.signal("SIGHUP")
    await logs(/the options were read again" changed=motd,queries/)
    await logs(/these options need a restart" options=relay/)
    await logs(/the old certificate is shown further on" error=[^\n]*PEM/)
    const bob = await client("bob", `127.0.0.1:${port}`, temporaryFolder(), "--tls")
    ann.command({ cmd: "query", nick: "bob" })
    await bob.event("incoming", { peer: "ann" })
    write({ motd: 5 })
    show(signed)
    program.signal("SIGHUP")
    await logs(/the options stay as they were" error=[^\n]*motd has to be a text/)
    await program.until("another key", () =>
      program.stderr.match(/encrypting links/g)?.length === 2 ? true : undefined
    )
    expect(ann.stdout + bob.stdout).not.toContain("serverLost")
    expect(await program.kill("SIGTERM")).toBe(0)
  })

  it(
    "sees, ends and keeps out people, gives them tokens, and sends everybody on at the end",
    async () => {
      const folder = temporaryFolder()
      const [socket, bans, tokens] = [join(folder, "admin"), join(folder, "bans"), join(folder, "tokens")]
      const kept = ["--admin", socket, "--bans", bans, "--tokens", tokens]
      const admin = async (...words: ReadonlyArray<string>) => {
        const program = new Program(["server", "admin", "--admin", socket, ...words])
        const code = await program.exited
        return { code, told: program.stdout, error: program.stderr }
      }
      expect(await admin("who")).toMatchObject({ code: 1, error: expect.stringContaining(`--admin ${socket}`) })
      const first = await start({}, ...kept)
      expect(statSync(socket).mode & 0o777).toBe(0o600)
      const [token = ""] = (await admin("token", "add", "alice")).told.split("\n")
      expect(readFileSync(tokens, "utf8")).toContain('"name":"alice"')
      const ann = await client("ann", `127.0.0.1:${first.port}`, temporaryFolder(), "--token", token)
      await first.logs(/came with a token/)
      expect((await admin("who", "--json")).told).toMatch(/"nick":"ann","fingerprint":"[0-9 ]{35}","holder":"alice"/)
      expect((await admin("ban", "ann", "--for", "7d", "--reason", "too loud")).told).toMatch(
        /^\* banned .*1 session ended/
      )
      await ann.exited
      expect(ann.stdout).toContain("too loud")
      expect(await admin("drain", "--for", "1s")).toMatchObject({ code: 0 })
      expect(await first.program.exited).toBe(0)
      const again = await start({}, ...kept)
      expect((await admin("bans")).told).toMatch(/^[0-9 ]{35} {2}until .* too loud\n$/)
      expect((await admin("token", "revoke", "alice")).code).toBe(0)
      expect((await admin("token", "revoke", "alice")).code).toBe(3)
      const bob = new Program(["send", "--nick", "bob", "--to", "ann", "--server", `127.0.0.1:${again.port}`, "hi"], {
        HOME: folder,
        PARLEY_TOKEN: token
      })
      expect(await bob.exited).toBe(1)
      expect(bob.stderr).toContain("access token")
      expect(first.program.stderr + again.program.stderr).not.toContain(token.split(".")[1])
      expect(await again.program.kill("SIGTERM")).toBe(0)
    },
    MANY_STARTS
  )

  it("opens more places, and believes the proxies that he names and nobody else", async () => {
    const folder = temporaryFolder()
    const behind = join(folder, "behind")
    const { logs, program } = await start(
      { listen: `unix:${behind}:600`, proxies: "unix" },
      "--log-personal",
      "--new-connections-per-address",
      "2"
    )
    const from = Endpoint.make("203.0.113.7", 40_000)!
    const to = Endpoint.make("198.51.100.1", 443)!
    const connect = (first: Uint8Array) =>
      new Promise<string>((resolve) => {
        let heard = ""
        const socket = Net.connect(behind, () => socket.write(first))
        socket.setEncoding("utf8").on("data", (text: string) => {
          heard += text
          if (heard.includes("\n")) socket.end()
        })
        socket.on("close", () => resolve(heard))
      })
    for (const expected of ["Welcome", "Welcome", "too many connections from this address"])
      expect(await connect(binaryOf(from, to))).toContain(expected)
    await logs(/reason=connections count=1 from=203.0.113.7/)
    expect(await connect(new TextEncoder().encode('{"_tag":"Ping","id":1}\n'))).toBe("")
    await logs(/reason=proxy count=1 from=127.0.0.1/)
    expect(await program.kill("SIGTERM")).toBe(0)
    expect(existsSync(behind)).toBe(false)
  })
})
