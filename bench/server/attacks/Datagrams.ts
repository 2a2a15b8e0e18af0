import { randomBytes } from "node:crypto"
import { createSocket, type Socket } from "node:dgram"
import { attackAddress } from "../Namespace.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

/** Floods of the UDP ports, from a thousand addresses. */
export const DATAGRAMS: ReadonlyArray<Attack> = [
  { name: "stun", about: "STUN requests", run: (field) => flood(field, () => stun(Buffer.alloc(0))) },
  {
    name: "stun-unknown",
    about: "STUN requests with 100 unknown attributes",
    run: (field) => flood(field, () => stun(Buffer.concat(Array.from({ length: 100 }, () => Buffer.of(0x7f, 1, 0, 0)))))
  },
  { name: "envelopes", about: "forged envelopes of 60 bytes", run: (field) => flood(field, () => envelope(60)) },
  {
    name: "envelopes-large",
    about: "forged envelopes of 1,217 bytes",
    run: (field) => flood(field, () => envelope(1_217))
  },
  {
    name: "tokens",
    about: "packets with made-up tokens for channels of one's own",
    run: async (field) => {
      const [one, other] = await field.connect(2, { name: (index) => `u${index}` })
      const reply = await one?.request("Query", '"nick":"u1"')
      const channel = Buffer.from(JSON.parse(reply ?? "{}").channel ?? "AAAAAAAAAAA", "base64url")
      await flood(field, () => {
        const datagram = envelope(200)
        channel.copy(datagram, 1)
        return datagram
      })
      other?.socket.destroy()
    }
  },
  { name: "garbage", about: "random bytes", run: (field) => flood(field, () => randomBytes(100)) }
]

const SOCKETS = 1_000
const MAX_ON_THE_WAY = 500

const flood = async (field: Field, datagram: () => Buffer): Promise<void> => {
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, (_, index) => bound(attackAddress(index))))
  let onTheWay = 0
  for (let sent = 0; !field.over; ) {
    while (onTheWay < MAX_ON_THE_WAY) {
      onTheWay++
      sockets[sent++ % SOCKETS]!.send(datagram(), field.port, field.host, () => onTheWay--)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const socket of sockets) socket.close()
}

const bound = (address: string): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4")
    socket.on("error", () => {})
    socket.bind(0, address, () => resolve(socket))
  })

const stun = (attributes: Buffer): Buffer => {
  const header = Buffer.from("000100002112a442", "hex")
  header.writeUInt16BE(attributes.length, 2)
  return Buffer.concat([header, randomBytes(12), attributes])
}

const envelope = (bytes: number): Buffer => {
  const datagram = randomBytes(bytes)
  datagram[0] = 5
  return datagram
}
