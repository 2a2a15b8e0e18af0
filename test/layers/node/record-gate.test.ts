import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import * as NodeTls from "node:tls"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { KeyUpdates } from "../../../scenarios/support/KeyUpdates.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { RecordGate } from "../../../src/layers/node/RecordGate.js"
import type { Connection, ConnectionHandler } from "../../../src/services/Connection.js"
import { Listener } from "../../../src/services/Listener.js"
import { own } from "../../support/Certificates.js"
import { scopedLive } from "../../support/Live.js"
import { Recorder, Signal } from "../conformance/Recorder.js"

const scoped = scopedLive(NodeListener.layer)

const listening = (accept: (connection: Connection) => ConnectionHandler) =>
  Effect.map(
    Effect.flatMap(Listener, ({ listen }) => listen({ port: 0, host: "127.0.0.1", tls: own }, accept)),
    ({ local }) => ({ host: "127.0.0.1", port: local.port })
  )

describe("TLS that brings no data", () => {
  for (const requested of [false, true])
    scoped(`is told of, and not read on while the connection is paused (${requested ? "asking" : "telling"})`, () =>
      Effect.gen(function* () {
        const recorder = new Recorder()
        const signal = new Signal()
        let connection: Connection | undefined
        let idle = 0
        const onIdleRecords = (count: number) => {
          idle += count
          if (idle >= ENOUGH) connection!.pause()
          signal.notify()
        }
        const { onClose, onData } = recorder
        const where = yield* listening((accepted) => {
          connection = accepted
          return { onClose, onData, onIdleRecords }
        })
        const client = yield* Effect.promise(() => KeyUpdates.open(where))
        client.say("hello")
        yield* recorder.received(5)
        // The handshake is counted too.
        expect(idle).toBeLessThan(6)
        client.tcp.write(Buffer.concat([client.updates(UPDATES, requested), client.record(23, Buffer.from("last"))]))
        let stops = 0
        while (recorder.length < 9) {
          const before = idle
          yield* signal.until(() => idle >= ENOUGH || recorder.length === 9)
          if (recorder.length === 9) break
          expect(idle - before).toBeLessThanOrEqual(ENOUGH + 16)
          stops++
          idle = 0
          connection!.resume()
          if (stops > UPDATES / ENOUGH) yield* recorder.received(9)
        }
        expect(recorder.text).toBe("hellolast")
        expect(stops).toBeGreaterThanOrEqual(UPDATES / (ENOUGH + 16) - 1)
        connection!.destroy()
        client.tcp.destroy()
      })
    )

  test("is read no more once the connection has ended, but for a few last words", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1")
    const [tcp] = (await once(server, "connection")) as [Socket]
    const gate = new RecordGate(tcp)
    gate.open(() => gate.admit(), { turn: (goOn) => goOn(), idle: () => {} })
    let bytes = 0
    const signal = new Signal()
    gate.on("data", (data) => {
      bytes += data.length
      signal.notify()
    })
    const records = Buffer.concat(Array.from({ length: 200 }, () => Buffer.of(23, 3, 3, 0, 1, 0)))
    client.write("{")
    await Effect.runPromise(signal.until(() => bytes === 1))
    client.write(records)
    await Effect.runPromise(signal.until(() => bytes === 1 + records.length))
    gate.last()
    client.end(records)
    await once(gate, "end")
    expect(bytes).toBe(1 + records.length + 64 * 6)
    gate.destroy()
    server.close()
  })
})

describe("a client that is asked for another ClientHello", () => {
  scoped("waits for its turn again, with everything it sends", () =>
    Effect.gen(function* () {
      const signal = new Signal()
      const turns: Array<() => void> = []
      const recorder = new Recorder()
      const { onClose, onData } = recorder
      const onHello = (goOn: () => void) => {
        turns.push(goOn)
        signal.notify()
      }
      const where = yield* listening(() => ({ onClose, onData, onHello }))
      const client = NodeTls.connect({ ...where, rejectUnauthorized: false, ecdhCurve: "P-384:X25519" })
      const secure = once(client, "secureConnect")
      client.write("hello")
      yield* signal.until(() => turns.length === 1)
      turns[0]!()
      yield* signal.until(() => turns.length === 2)
      turns[1]!()
      yield* Effect.promise(() => secure)
      yield* recorder.received(5)
      expect([turns.length, recorder.text]).toEqual([2, "hello"])
      client.destroy()
      yield* recorder.closed
    })
  )
})

const UPDATES = 2_000
const ENOUGH = 100
