import * as Effect from "effect/Effect"
import { Datagrams } from "parley-chat/sim"

/** Sends texts to `to`, one datagram each, and repeats each until it is acknowledged. */
export const courier = (to: string, texts: ReadonlyArray<string>, maxTries = Number.POSITIVE_INFINITY) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const acknowledged = new Set<number>()
    const socket = yield* datagrams.bind({
      family: "ipv4",
      port: 0,
      onDatagram: (_, data) => acknowledged.add(data[0]!)
    })
    for (const [number, text] of texts.entries()) {
      const packet = Uint8Array.from([number, ...new TextEncoder().encode(text)])
      for (let tries = 0; tries < maxTries && !acknowledged.has(number); tries++) {
        socket.send({ family: "ipv4", address: to, port: 7000 }, packet)
        yield* Effect.sleep("250 millis")
      }
    }
  }).pipe(Effect.scoped)

/** Hands each text to `deliver` once, and acknowledges it. */
export const mailbox = (deliver: (text: string) => void) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const seen = new Set<number>()
    const socket = yield* datagrams.bind({
      family: "ipv4",
      port: 7000,
      onDatagram: (from, data) => {
        const number = data[0]!
        if (!seen.has(number)) deliver(new TextDecoder().decode(data.subarray(1)))
        seen.add(number)
        socket.send(from, Uint8Array.of(number))
      }
    })
    yield* Effect.never
  }).pipe(Effect.scoped)
