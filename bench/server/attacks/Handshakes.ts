import { once } from "node:events"
import { Duplex } from "node:stream"
import { connect as connectTls } from "node:tls"
import { KeyUpdates } from "../../../scenarios/support/KeyUpdates.js"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import { dial } from "./Encrypted.js"
import type { Field } from "./Field.js"

/** What TLS does by itself: a second ClientHello, and new keys, before there is a line that could be counted. */
export const HANDSHAKES: ReadonlyArray<Attack> = [
  {
    name: "tls-retry",
    about: "400 connections of 400 addresses are asked for a second ClientHello, and send it in one moment",
    tls: true,
    quick: true,
    run: async (field) => {
      const [first, second] = await retried(field)
      for (let round = 0; !field.over; round++) {
        const lanes = Array.from({ length: 400 }, (_, index) => dial(field, attackAddress(1_000 + round * 400 + index)))
        const sockets = await Promise.all(lanes)
        const asked = sockets.map((socket) => Promise.race([once(socket, "data").catch(() => []), wait(500)]))
        for (const socket of sockets) socket.write(first)
        await Promise.all(asked)
        for (const socket of sockets) socket.write(second)
        await wait(300)
        for (const socket of sockets) socket.resetAndDestroy()
      }
    }
  },
  updates("tls-update", "KeyUpdates that ask for others, 16 connections of one address", { connections: 16, each: 16 }),
  updates("tls-update-6", "KeyUpdates, a letter after each 15 of them, 60 connections of 4 addresses", {
    connections: 60,
    each: 15,
    said: 15
  })
]

/** As many as one makes beforehand: they cost whoever sends them as much as the server. */
function updates(
  name: string,
  about: string,
  { connections, each, said }: { readonly connections: number; readonly each: number; readonly said?: number }
): Attack {
  const armed: Array<{ readonly client: KeyUpdates; readonly bytes: Buffer }> = []
  return {
    name,
    about,
    tls: true,
    quick: true,
    prepare: async (field) => {
      for (let index = 0; index < connections; index++) {
        const from = attackAddress(Math.floor(index / each))
        const client = await KeyUpdates.open({ port: field.port, host: field.host, localAddress: from })
        client.say(`{"_tag":"Register","id":1,"nick":"u${index}"}\n`)
        await once(client.tls, "data")
        armed.push({ client, bytes: bytesOf(client, said) })
      }
    },
    run: async (field) => {
      for (const { bytes, client } of armed) client.tcp.write(bytes)
      await field.rest()
    }
  }
}

const bytesOf = (client: KeyUpdates, said: number | undefined): Buffer => {
  if (said === undefined) return client.updates(UPDATES, true)
  const pieces = Array.from({ length: UPDATES / said / 2 }, () =>
    Buffer.concat([client.updates(said, false), client.record(23, Buffer.from("a"))])
  )
  return Buffer.concat(pieces)
}

/** Of a connection: 100 KB. */
const UPDATES = 4_000

/** The two hellos of a client that first offers a group which the server does not have; anybody may say them again. */
const retried = async (field: Field): Promise<readonly [Buffer, Buffer]> => {
  const tcp = await dial(field, attackAddress(999))
  const said: Array<Buffer> = []
  const way = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      said.push(chunk)
      tcp.write(chunk, () => done())
    }
  })
  tcp.on("data", (data) => way.push(data))
  const options = { socket: way, rejectUnauthorized: false, minVersion: "TLSv1.3", ecdhCurve: "P-384:X25519" } as const
  const tls = connectTls(options)
  tls.on("error", () => {})
  await once(tls, "secureConnect")
  tcp.destroy()
  return [said[0]!, said[1]!]
}
