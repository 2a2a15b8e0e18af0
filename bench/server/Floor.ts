// What the work costs without a server around it: lines of JSON over `node:net`, a greeting, a map from names to
// connections, and both lines of an introduction, each as long as the product's. No limits, no checks, no timers.
import { createSocket } from "node:dgram"
import { type AddressInfo, createServer, type Socket } from "node:net"

const byName = new Map<string, Socket>()
const channels = new Map<string, readonly [Socket, Socket]>()
let made = 0

const WELCOME = `${JSON.stringify({
  _tag: "Welcome",
  protocol: 1,
  server: "parley/0.0.0-bench",
  challenge: "A".repeat(43),
  limits: { line: 16_384, idleMs: 45_000, registerMs: 10_000 },
  udp: [50_000, 50_001]
})}\n`

/** Half an introduction, as long as one of an anonymous name with one candidate. */
const introduction = (nick: string, channel: string) => ({
  nick,
  address: "127.0.0.1:50000",
  candidates: ["127.0.0.1:50000"],
  channel,
  pairKey: "A".repeat(43),
  relay: { token: "A".repeat(11) }
})

const handle = (socket: Socket, line: string, self: { name: string }): void => {
  const request = JSON.parse(line)
  switch (request._tag) {
    case "Register": {
      self.name = request.nick
      byName.set(self.name, socket)
      const { id, nick } = request
      const resume = "A".repeat(22)
      socket.write(
        `${JSON.stringify({ _tag: "Registered", id, nick, lease: 45_000, observed: "127.0.0.1:50000", resume })}\n`
      )
      return
    }
    case "Query": {
      const other = byName.get(request.nick)!
      const channel = String(++made).padStart(11, "A")
      if (request.keep) channels.set(channel, [socket, other])
      socket.write(`${JSON.stringify({ _tag: "Peer", id: request.id, ...introduction(request.nick, channel) })}\n`)
      other.write(`${JSON.stringify({ _tag: "Incoming", ...introduction(self.name, channel) })}\n`)
      return
    }
    case "Relay": {
      const [left, right] = channels.get(request.channel)!
      ;(left === socket ? right : left).write(`${JSON.stringify(request)}\n`)
      return
    }
    case "Ping":
      socket.write(`{"_tag":"Pong","id":${request.id}}\n`)
  }
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  const self = { name: "" }
  let rest = ""
  socket.write(WELCOME)
  socket.on("data", (data: Buffer) => {
    const lines = (rest + data.toString("utf8")).split("\n")
    rest = lines.pop()!
    for (const line of lines) handle(socket, line, self)
  })
  socket.on("end", () => socket.end())
  socket.on("error", () => {})
  socket.on("close", () => {
    if (byName.get(self.name) === socket) byName.delete(self.name)
  })
})

// Packets go on to the port that their first two bytes name: a relay that looks nothing up.
const udp = createSocket("udp4")
udp.on("message", (data) => udp.send(data, data.readUInt16BE(0), "127.0.0.1"))

server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const { port } = server.address() as AddressInfo
  udp.bind(port, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${port}`))
})

// Ends in order, so that a profile of it is written.
process.once("SIGTERM", () => process.exit())
