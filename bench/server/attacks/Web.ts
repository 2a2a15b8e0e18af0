import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { BOUND, PATH, PLAIN } from "../../../src/protocol/WebLink.js"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

const PORT = 9_443

/** WebSockets, whose frames are not lines: they cost before there is a line that could be counted. */
export const WEB: ReadonlyArray<Attack> = [
  ...flood("web-empty", "empty messages, one address", 16, frame(2, 0)),
  ...flood("web-tiny", "messages of a space, 10 addresses", 160, frame(2, 1)),
  ...flood("web-pong", "pongs that nobody asked for, 10 addresses", 160, frame(10, 0)),
  ...flood("web-fragments", "one message in fragments of a byte, 20 addresses", 320, frame(0, 1), {
    first: frame(2, 1, false),
    quick: true
  }),
  ...flood("web-none", "one message in fragments of nothing, one address", 16, frame(0, 0, false), {
    first: frame(2, 0, false)
  }),
  ...flood("web-ping", "pings of 125 bytes whose answers are not read, one address", 16, frame(9, 125), {
    isRead: false,
    quick: true
  }),
  {
    name: "web-half",
    about: "half of a request for a WebSocket, ever new addresses, until the server is full",
    args: listen(),
    run: (field) =>
      field.again(64, attackAddress, async (from) => {
        const socket = await dial(field, from)
        socket.write(REQUEST.slice(0, REQUEST.length / 2))
        await wait(1)
      })
  },
  {
    name: "web-pages",
    about: "requests for pages, ever new addresses",
    args: listen(),
    run: (field) =>
      field.again(64, attackAddress, async (from) => {
        const socket = await dial(field, from)
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100))
        await Promise.race([once(socket, "close").catch(() => []), wait(500)])
        socket.destroy()
      })
  }
]

/** Connections that all send the same frame again and again, as fast as they are taken. */
function flood(
  name: string,
  about: string,
  connections: number,
  what: Buffer,
  { first, isRead = true, quick }: { readonly first?: Buffer; readonly isRead?: boolean; readonly quick?: true } = {}
): ReadonlyArray<Attack> {
  const piece = Buffer.concat(Array.from({ length: Math.ceil(65_536 / what.length) }, () => what))
  const sockets: Array<Socket> = []
  const come = async (field: Field) => {
    const open = Array.from({ length: connections }, (_, index) => dial(field, attackAddress(Math.floor(index / 16))))
    for (const socket of await Promise.all(open)) {
      socket.write(REQUEST)
      await Promise.race([once(socket, "data").catch(() => []), wait(1_000)])
      if (isRead) socket.resume()
      else socket.pause()
      if (first !== undefined) socket.write(first)
      sockets.push(socket)
    }
  }
  return [
    {
      name,
      about,
      ...(quick === undefined ? {} : { quick }),
      args: listen(),
      // Whoever does not register goes after a while.
      run: async (field) => {
        await come(field)
        while (!field.over) {
          for (const socket of sockets)
            if (!socket.destroyed && socket.writableLength < MAX_WAITING) socket.write(piece)
          await wait(1)
        }
      }
    }
  ]
}

/** Masked with nothing, as far as one sees. */
function frame(opcode: number, bytes: number, isLast = true): Buffer {
  return Buffer.concat([
    Buffer.of((isLast && opcode !== 0 ? 0x80 : 0) | opcode, 0x80 | bytes, 0, 0, 0, 0),
    Buffer.alloc(bytes, " ")
  ])
}

function listen(): ReadonlyArray<string> {
  return ["--listen", `web:[::]:${PORT}`]
}

const REQUEST = [
  `GET ${PATH} HTTP/1.1`,
  "Host: x",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  `Sec-WebSocket-Protocol: ${BOUND}, ${PLAIN}`,
  "\r\n"
].join("\r\n")

const MAX_WAITING = 256 * 1_024

const dial = async (field: Field, from: string): Promise<Socket> => {
  const socket = connect({ port: PORT, host: field.host, localAddress: from, noDelay: true })
  socket.on("error", () => {})
  await Promise.race([once(socket, "connect").catch(() => []), wait(3_000)])
  return socket
}
