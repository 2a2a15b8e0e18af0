import { connect, type Socket } from "node:net"
import { type Load, repeat } from "../Stage.js"

/**
 * The nearest things that an MQTT broker (3.1.1) does: a client connects and goes; a client sends a short message to
 * another, and both learn of it (QoS 1).
 */
export const broker: Load = async ({ measured, port, size }) => {
  let made = 0
  const come = async () => {
    const member = await join(port, `member-${++made}`)
    await member.leave()
  }
  await repeat(size.times, LANES, come)
  await measured("connect and leave", () => repeat(size.times, LANES, come))

  const members = await Promise.all(Array.from({ length: MEMBERS }, (_, index) => join(port, `talker-${index}`)))
  await Promise.all(members.map((member, index) => member.subscribe(`to/${index}`)))
  const say = (lane: number) => members[lane]!.publish(`to/${(lane + LANES) % MEMBERS}`)
  await repeat(size.times, LANES, say)
  await measured("message to another", () => repeat(size.times, LANES, say))
}

const LANES = 24
const MEMBERS = 2 * LANES

interface Member {
  readonly subscribe: (topic: string) => Promise<void>
  readonly publish: (topic: string) => Promise<void>
  readonly leave: () => Promise<void>
}

const join = async (port: number, name: string): Promise<Member> => {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true })
  let rest = Buffer.alloc(0)
  let onAnswer = () => {}
  socket.on("error", () => {})
  socket.on("data", (data) => {
    rest = Buffer.concat([rest, data])
    // All packets here are short: their length is one byte.
    while (rest.length >= 2 && rest.length >= 2 + rest[1]!) {
      const packet = rest.subarray(0, 2 + rest[1]!)
      rest = rest.subarray(packet.length)
      if (packet[0]! >> 4 === PUBLISH) socket.write(Buffer.concat([Buffer.of(0x40, 2), idOf(packet)]))
      else onAnswer()
    }
  })
  const ask = (packet: Buffer): Promise<void> =>
    new Promise((resolve) => {
      onAnswer = resolve
      socket.write(packet)
    })
  await ask(frame(0x10, text("MQTT"), Buffer.of(4, 2, 0, 60), text(name)))
  return {
    subscribe: (topic) => ask(frame(0x82, Buffer.of(0, 1), text(topic), Buffer.of(1))),
    publish: (topic) => ask(frame(0x32, text(topic), Buffer.of(0, 1), Buffer.alloc(PAYLOAD, "x"))),
    leave: () =>
      new Promise((resolve) => {
        socket.once("close", () => resolve())
        socket.end(Buffer.of(0xe0, 0))
      })
  }
}

const PUBLISH = 3
/** Bytes; the longest that leaves the length of a packet in one byte. */
const PAYLOAD = 100

const text = (value: string): Buffer => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
const frame = (type: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(type, body.length), body])
}
/** The packet's number stands behind its topic. */
const idOf = (packet: Buffer): Buffer => {
  const at = 4 + packet.readUInt16BE(2)
  return packet.subarray(at, at + 2)
}
