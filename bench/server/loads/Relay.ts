import { createSocket, type Socket } from "node:dgram"
import { type Client, crowd } from "../Client.js"
import { type Load, wait } from "../Stage.js"

/** Packets between pairs over their control links, within the burst of a pair. */
export const lines: Load = async ({ measured, port, size }) => {
  const pairs = await pairsOf(port, size.clients)
  const packet = "A".repeat(Math.ceil((PACKET * 4) / 3))
  const exchange = (count: number) => async (): Promise<number> => {
    await Promise.all(
      pairs.map(
        ({ channel, left, right }) =>
          new Promise<void>((resolve) => {
            const line = `{"_tag":"Relay","channel":"${channel}","packet":"${packet}"}\n`
            let left_ = count
            right.onEvent = (event) => {
              if (!event.includes('"Relay"')) return
              if (--left_ === 0) resolve()
              else left.tell(line)
            }
            left.tell(line)
          })
      )
    )
    return pairs.length * count
  }
  await exchange(PACKETS / 4)()
  await measured("relayed line", exchange(PACKETS / 2))
}

/** The same in envelopes over UDP. */
export const datagrams: Load = async ({ argument, measured, port, size }) => {
  const bare = argument === "bare"
  const pairs = bare ? Array.from({ length: size.clients }, () => undefined) : await pairsOf(port, size.clients)
  const sides = await Promise.all(
    pairs.map(async (pair) => {
      const [left, right] = [await bound(), await bound()]
      const to = (socket: Socket, token: string) => {
        if (pair !== undefined) return Buffer.concat([Buffer.of(5), bytes(pair.channel), bytes(token), PAYLOAD])
        const direct = Buffer.concat([Buffer.alloc(17), PAYLOAD])
        direct.writeUInt16BE(socket.address().port)
        return direct
      }
      // The server has to know where the other side is, and to be answered from there.
      if (pair !== undefined) {
        const begin = Buffer.concat([Buffer.of(5), bytes(pair.channel), bytes(pair.tokens[1])])
        right.once("message", (asked) => right.send(Buffer.concat([begin, asked.subarray(9)]), port))
        right.send(begin, port)
      }
      return { left, right, envelope: to(right, pair?.tokens[0] ?? "") }
    })
  )
  await wait(100)
  const exchange = (count: number) => async (): Promise<number> => {
    await Promise.all(
      sides.map(
        ({ envelope, left, right }) =>
          new Promise<void>((resolve) => {
            let rest = count
            right.removeAllListeners("message")
            right.on("message", () => {
              if (--rest === 0) resolve()
              else left.send(envelope, port, "127.0.0.1")
            })
            left.send(envelope, port, "127.0.0.1")
          })
      )
    )
    return sides.length * count
  }
  await exchange(PACKETS / 4)()
  await measured("relayed datagram", exchange(PACKETS / 2))
}

/** Bytes of a packet. */
const PACKET = 600
/** Three quarters of these are within the burst of a pair, 256 KiB with 64 bytes more for each. */
const PACKETS = 400
const PAYLOAD = Buffer.alloc(PACKET, 1)

interface Pair {
  readonly left: Client
  readonly right: Client
  readonly channel: string
  readonly tokens: readonly [string, string]
}

const pairsOf = async (port: number, size: number): Promise<ReadonlyArray<Pair>> => {
  const lefts = await crowd({ port }, size, (index) => `left-${index}`)
  const rights = await crowd({ port }, size, (index) => `right-${index}`)
  return Promise.all(
    lefts.map(async (left, index) => {
      const right = rights[index]!
      const told = new Promise<string>((resolve) => {
        right.onEvent = resolve
      })
      const peer = JSON.parse((await left.request("Query", `"nick":"right-${index}","keep":true`))!)
      const incoming = JSON.parse(await told)
      return { left, right, channel: peer.channel, tokens: [peer.relay.token, incoming.relay.token] as const }
    })
  )
}

const bytes = (text: string): Buffer => Buffer.from(text, "base64url")

const bound = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4")
    socket.bind(0, "127.0.0.1", () => resolve(socket))
  })
