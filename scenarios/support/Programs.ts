import * as Effect from "effect/Effect"
import { Datagrams } from "../../src/services/Datagrams.js"
import { Listener } from "../../src/services/Listener.js"

/** Small programs that run on simulated machines as they would on real ones. */

/** Sends every datagram back. */
export const echo = Effect.gen(function* () {
  const datagrams = yield* Datagrams
  const socket = yield* datagrams.bind({
    family: "ipv4",
    port: 7,
    onDatagram: (from, data) => socket.send(from, data)
  })
  yield* Effect.never
}).pipe(Effect.scoped)

/** Notes every datagram that comes. */
export const collect = (note: (data: Uint8Array, from: string) => void, port = 7) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    yield* datagrams.bind({
      family: "ipv4",
      port,
      onDatagram: (from, data) => note(data, `${from.address}:${from.port}`)
    })
    yield* Effect.never
  }).pipe(Effect.scoped)

/** Sends `count` numbered datagrams of 100 bytes, one each `everyMs`, from port 1000. */
export const numbers = (to: string, count: number, everyMs: number) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const socket = yield* datagrams.bind({ family: "ipv4", port: 1000, onDatagram: () => {} })
    for (let n = 0; n < count; n++) {
      const data = new Uint8Array(100).fill(7)
      data[0] = n & 255
      data[1] = n >> 8
      socket.send({ family: "ipv4", address: to, port: 7 }, data)
      if (everyMs > 0) yield* Effect.sleep(everyMs)
    }
  }).pipe(Effect.scoped)

/** Accepts connections and notes their bytes and how they end. */
export const sink = (onData: (data: Uint8Array) => void, onClose: (reason: string) => void = () => {}, port = 80) =>
  Effect.gen(function* () {
    const listener = yield* Listener
    yield* listener.listen({ port }, () => ({ onData, onClose }))
    yield* Effect.never
  }).pipe(Effect.scoped)
