// @ts-check
// A proxy of HTTP (CONNECT) and SOCKS 5 on one port, written by the RFCs and not by what it is to try:
// node Proxy.mjs HOST PORT [USER:PASSWORD] [PORTS,…]
import { connect, createServer } from "node:net"
import process from "node:process"
import { fileURLToPath } from "node:url"

/**
 * @typedef {{ host: string, port: number, credentials?: string, allowedPorts?: ReadonlyArray<number>,
 *   names?: Readonly<Record<string, string>>, unreachable?: boolean }} ProxyRules
 * @typedef {{ port: number, asked: Array<string>, close: () => void }} RunningProxy
 */

/** @type {(rules: ProxyRules) => Promise<RunningProxy>} */
export const startProxy = (rules) =>
  new Promise((resolve, reject) => {
    /** @type {Array<string>} */
    const asked = []
    /** @type {Set<import("node:net").Socket>} */
    const sockets = new Set()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy())
      serve(socket, rules, asked)
    })
    server.on("error", reject)
    server.listen(rules.port, rules.host, () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address())
      const close = () => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
      resolve({ port, asked, close })
    })
  })

/** @type {(socket: import("node:net").Socket, rules: ProxyRules, asked: Array<string>) => void} */
const serve = (socket, rules, asked) => {
  let heard = Buffer.alloc(0)
  let isKnown = rules.credentials === undefined
  /** @type {"begin" | "who" | "where" | "http" | "over"} */
  let phase = "begin"
  /** @type {(host: string, port: number, opened: Buffer, refused: (code: "rules" | "failed") => Buffer) => void} */
  const lead = (host, port, opened, refused) => {
    asked.push(`${host}:${port}`)
    phase = "over"
    socket.off("data", hear)
    if (rules.allowedPorts?.includes(port) === false) return void socket.end(refused("rules"))
    if (rules.unreachable === true) return void socket.end(refused("failed"))
    const out = connect({ host: rules.names?.[host] ?? host, port, allowHalfOpen: true })
    out.once("connect", () => {
      socket.write(opened)
      if (heard.length > 0) out.write(heard)
      socket.pipe(out)
      out.pipe(socket)
    })
    out.on("error", () => (out.connecting || out.bytesRead === 0 ? socket.end(refused("failed")) : socket.destroy()))
    socket.on("close", () => out.destroy())
    out.on("close", () => socket.end())
  }
  const http = () => {
    const end = heard.indexOf("\r\n\r\n")
    if (end < 0) return
    const lines = heard.subarray(0, end).toString("latin1").split("\r\n")
    heard = heard.subarray(end + 4)
    const [, host = "", port = ""] = /^CONNECT \[?(.*?)\]?:(\d+) HTTP\/1\.1$/.exec(lines[0] ?? "") ?? []
    const word = lines
      .map((line) => /^proxy-authorization: basic (.*)$/i.exec(line)?.[1])
      .find((it) => it !== undefined)
    const answer = (/** @type {string} */ status) =>
      Buffer.from(`HTTP/1.1 ${status}\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n`)
    if (host === "") return void socket.end(answer("405 Method Not Allowed"))
    if (!isKnown && Buffer.from(word ?? "", "base64").toString() !== rules.credentials)
      return void socket.end(answer("407 Proxy Authentication Required"))
    lead(host, Number(port), Buffer.from("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"), (code) =>
      answer(code === "rules" ? "403 Forbidden" : "502 Bad Gateway")
    )
  }
  const socks = () => {
    if (phase === "begin") {
      const count = heard[1] ?? 0
      if (heard.length < 2 + count) return
      const methods = heard.subarray(2, 2 + count)
      heard = heard.subarray(2 + count)
      const method = isKnown ? 0 : methods.includes(2) ? 2 : 255
      socket.write(Buffer.from([5, method]))
      if (method === 255) return void socket.end()
      phase = method === 2 ? "who" : "where"
    }
    if (phase === "who" && heard.length > 2) {
      const user = heard.subarray(2, 2 + (heard[1] ?? 0))
      const at = 2 + user.length
      const password = heard.subarray(at + 1, at + 1 + (heard[at] ?? 0))
      heard = heard.subarray(at + 1 + password.length)
      isKnown = `${user}:${password}` === rules.credentials
      socket.write(Buffer.from([1, isKnown ? 0 : 1]))
      if (!isKnown) return void socket.end()
      phase = "where"
    }
    if (phase !== "where" || heard.length < 7) return
    const kind = heard[3]
    const width = kind === 1 ? 4 : kind === 4 ? 16 : 1 + (heard[4] ?? 0)
    if (heard.length < 4 + width + 2) return
    const bytes = heard.subarray(4, 4 + width)
    const host = kind === 3 ? bytes.subarray(1).toString() : kind === 1 ? bytes.join(".") : hex(bytes)
    const port = heard.readUInt16BE(4 + width)
    heard = heard.subarray(4 + width + 2)
    const reply = (/** @type {number} */ code) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    lead(host, port, reply(0), (code) => reply(code === "rules" ? 2 : 4))
  }
  const hear = (/** @type {Buffer} */ data) => {
    heard = Buffer.concat([heard, data])
    if (phase === "begin" && heard[0] !== 5) phase = "http"
    if (phase === "http") http()
    else socks()
  }
  socket.on("data", hear)
}

const hex = (/** @type {Buffer} */ bytes) => (bytes.toString("hex").match(/.{4}/g) ?? []).join(":")

const [, file, host, port, credentials, ports] = process.argv
if (file === fileURLToPath(import.meta.url) && host !== undefined)
  await startProxy({
    host,
    port: Number(port),
    ...(credentials === undefined || credentials === "" ? {} : { credentials }),
    ...(ports === undefined ? {} : { allowedPorts: ports.split(",").map(Number) })
  }).then(() => console.log("ready"))
