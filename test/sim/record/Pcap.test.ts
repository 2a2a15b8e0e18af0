import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Datagrams, Dialer, Listener, run, Sim } from "parley-chat/sim"
import { expect, it } from "vitest"
import { type Captured, read } from "./PcapReader.js"

const EPOCH = Date.UTC(2031, 4, 6)

/** Packets of every kind that a capture can hold, with payloads of even, odd and no length. */
const talk = Effect.gen(function* () {
  const sim = yield* Sim
  const listening = Effect.gen(function* () {
    const { bind } = yield* Datagrams
    const { listen } = yield* Listener
    for (const family of ["ipv4", "ipv6"] as const) yield* bind({ family, port: 7, onDatagram: () => {} })
    yield* listen({ port: 80 }, () => ({ onData: () => {}, onClose: () => {} }))
    yield* Effect.never
  }).pipe(Effect.scoped)
  yield* sim.host("b", { ipv4: "203.0.113.2", ipv6: "2001:db8::b" }, listening)
  const sending = Effect.gen(function* () {
    const { bind } = yield* Datagrams
    const { dial } = yield* Dialer
    const ipv4 = yield* bind({ family: "ipv4", port: 1000, onDatagram: () => {} })
    const ipv6 = yield* bind({ family: "ipv6", port: 1000, onDatagram: () => {} })
    for (const length of SIZES) {
      ipv4.send({ family: "ipv4", address: "203.0.113.2", port: 7 }, new Uint8Array(length).fill(length))
      ipv6.send({ family: "ipv6", address: "2001:db8::b", port: 7 }, new Uint8Array(length).fill(length))
      yield* Effect.sleep("1500 millis")
    }
    const connection = yield* dial({ host: "203.0.113.2", port: 80 }, () => ({ onData: () => {}, onClose: () => {} }))
    connection.send(TEXT)
    yield* Effect.sleep("1 second")
  }).pipe(Effect.scoped)
  yield* sim.host("a", { ipv4: "203.0.113.1", ipv6: "2001:db8::a" }, sending)
  yield* Effect.sleep("30 seconds")
})

const SIZES = [0, 1, 100, 1201]
const TEXT = new TextEncoder().encode("seen by a reader of captures")

it("writes captures that a reader who knows only the format can read, packet by packet", async () => {
  const report = await run({ seed: 1, record: true, epoch: EPOCH }, talk)
  expect(Exit.isSuccess(report.exit)).toBe(true)
  const packets = read(report.pcap!)

  const udp = (source: string, destination: string) =>
    packets.filter((each) => each.source === source && each.destination === destination).map(({ payload }) => payload)
  const expected = SIZES.map((length) => new Uint8Array(length).fill(length))
  expect(udp("203.0.113.1:1000", "203.0.113.2:7")).toEqual(expected)
  expect(udp("[2001:db8:0:0:0:0:0:a]:1000", "[2001:db8:0:0:0:0:0:b]:7")).toEqual(expected)
  const toServer = packets.filter(({ destination }) => destination === "203.0.113.2:80")
  expect(toServer.every(({ protocol }) => protocol === "tcp")).toBe(true)
  expect(toServer.flatMap(({ payload }) => [...payload])).toEqual([...TEXT])

  // All that arrived, when it did, and nothing else.
  const arrivals = report.log.filter((line) => line.endsWith("arrived"))
  expect(packets.map(lineOf)).toEqual(arrivals.map((line) => line.slice(0, line.indexOf(" s"))))
})

const lineOf = ({ at }: Captured): string => ((at - EPOCH * 1000) / 1e6).toFixed(6).padStart(13)
