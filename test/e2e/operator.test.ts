import { existsSync, writeFileSync } from "node:fs"
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
