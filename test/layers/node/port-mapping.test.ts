import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NodeDatagrams from "../../../src/layers/node/Datagrams.js"
import * as Gateway from "../../../src/layers/node/Gateway.js"
import * as NodePortMapping from "../../../src/layers/node/PortMapping.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { PortMapping } from "../../../src/services/PortMapping.js"

const PORT = 4_660 // 0x1234
const ADDRESS = "0080000000000001c6336407"
const MAPPED = "008100000000000112345678000001f4"
const REFUSED = "0081000200000001"
/** An IPv4-mapped IPv6 address begins so. */
const V4 = "00000000000000000000ffff"
/** Of a router that knows NAT-PMP to a request of PCP. */
const UNKNOWN = "0081000100000001"

/** What somebody else answers first, each time. */
const FORGED = ["0080000000000001cb007109", "008100000000000112349999000001f4"]

/**
 * A router on loopback that answers each request (hexadecimal) with these messages, and a client of it. The clock
 * stands still.
 */
const behind = (
  answers: (request: string) => ReadonlyArray<string>,
  program: (world: {
    readonly asked: Queue.Dequeue<string>
    readonly told: Queue.Dequeue<string | undefined>
    readonly renew: () => void
    readonly leave: Effect.Effect<void>
  }) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const asked = yield* Queue.unbounded<string>()
    const told = yield* Queue.unbounded<string | undefined>()
    const datagrams = yield* Datagrams
    const stranger = yield* datagrams.bind({ family: "ipv4", address: "127.0.0.1", port: 0, onDatagram: () => {} })
    const router = yield* datagrams.bind({
      family: "ipv4",
      address: "127.0.0.1",
      port: 0,
      onDatagram: (from, data) => {
        asked.unsafeOffer(Bytes.toHex(data))
        for (const forged of FORGED) stranger.send(from, Bytes.fromHex(forged)!)
        for (const answer of answers(Bytes.toHex(data))) router.send(from, Bytes.fromHex(answer)!)
      }
    })
    const scope = yield* Scope.make()
    const mapping = yield* Layer.buildWithScope(
      NodePortMapping.layerAt(Effect.succeed({ control: router.local, searched: [] })),
      scope
    )
    const { renew } = yield* PortMapping.pipe(
      Effect.flatMap(({ forward }) =>
        forward({
          port: PORT,
          onExternal: (endpoint) => void told.unsafeOffer(endpoint && Endpoint.format(endpoint))
        })
      ),
      Effect.provide(mapping),
      Scope.extend(scope)
    )
    yield* program({ asked, told, renew, leave: Scope.close(scope, Exit.void) })
  }).pipe(Effect.scoped, Effect.provide(NodeDatagrams.layer))

const willing = (request: string) => (request.startsWith("02") ? [UNKNOWN] : request === "0000" ? [ADDRESS] : [MAPPED])

describe("a router that speaks NAT-PMP", () => {
  it.effect("is asked for the port, again when told so, and to forget it in the end", () =>
    behind(willing, ({ asked, leave, renew, told }) =>
      Effect.gen(function* () {
        expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
        expect(yield* Queue.takeAll(asked)).toHaveLength(3)
        renew()
        expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
        // The port that it gave is the one wished for from then on.
        expect([...(yield* Queue.takeAll(asked))].slice(1)).toEqual(["000100001234567800000258", "0000"])
        yield* TestClock.adjust("120 seconds")
        expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
        yield* Queue.takeAll(asked)
        yield* leave
        expect([...(yield* Queue.takeAll(asked))]).toEqual(["000100001234000000000000"])
      })
    )
  )

  it.effect("may refuse, and is not asked to forget what it never gave", () =>
    behind(
      () => [REFUSED],
      ({ asked, leave, told }) =>
        Effect.gen(function* () {
          for (let question = 0; question < 2; question++) yield* Queue.take(asked)
          for (const pause of [500, 1_500]) yield* TestClock.adjust(pause)
          expect(yield* Queue.take(told)).toBeUndefined()
          yield* leave
          expect(yield* Queue.size(asked)).toBe(0)
        })
    )
  )

  it.effect("may send nonsense before its answer", () =>
    behind(
      (request) => [
        "",
        "00",
        "ffff",
        "0081000000000001999956780000",
        "008100000000000199999999000001f4",
        ...willing(request)
      ],
      ({ told }) =>
        Effect.gen(function* () {
          expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
        })
    )
  )

  it.effect("is given up on when it says nothing, and does not hold up the end when it falls silent", () => {
    let talks = false
    return behind(
      (request) => (talks ? willing(request) : []),
      ({ asked, leave, renew, told }) =>
        Effect.gen(function* () {
          yield* Queue.take(asked)
          for (const pause of [250, 500, 250]) {
            yield* TestClock.adjust(pause)
            yield* Queue.take(asked)
          }
          yield* TestClock.adjust(2_000)
          expect(yield* Queue.take(told)).toBeUndefined()
          talks = true
          renew()
          expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
          yield* Queue.takeAll(asked)
          talks = false
          const left = yield* Deferred.make<void>()
          const leaving = yield* Effect.fork(Effect.zipRight(leave, Deferred.succeed(left, undefined)))
          yield* Queue.take(asked)
          expect(yield* Deferred.isDone(left)).toBe(false)
          yield* TestClock.adjust(300)
          yield* Fiber.join(leaving)
        })
    )
  })
})

describe("a router that speaks PCP", () => {
  const granting = (request: string) =>
    request.startsWith("02")
      ? [`02810000000001f400000001${"00".repeat(12)}${request.slice(48, 84)}5678${V4}c6336407`]
      : []

  it.effect("is asked for the port, and to forget it in the end, in single datagrams", () =>
    behind(granting, ({ asked, leave, told }) =>
      Effect.gen(function* () {
        expect(yield* Queue.take(told)).toBe("198.51.100.7:22136")
        yield* leave
        const [request = "", deletion = "", ...more] = yield* Queue.takeAll(asked)
        expect(more).toEqual([])
        expect(request).toMatch(new RegExp(`^0201000000000258${V4}7f000001[0-9a-f]{24}1100000012341234${V4}00000000$`))
        expect(deletion).toBe(request.replace("00000258", "00000000").replace("12341234", "12340000"))
      })
    )
  )

  it.effect("is not believed with the answer to somebody else's question", () =>
    behind(
      (request) => granting(request.replace(/[0-9a-f](?=1100000012341234)/, (digit) => (digit === "0" ? "1" : "0"))),
      ({ asked, told }) =>
        Effect.gen(function* () {
          yield* Queue.take(asked)
          for (const pause of [250, 500, 250]) {
            yield* TestClock.adjust(pause)
            yield* Queue.take(asked)
          }
          yield* TestClock.adjust(2_000)
          expect(yield* Queue.take(told)).toBeUndefined()
        })
    )
  )
})

describe("the router of the default route", () => {
  const HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

  it("is read from Linux's table, the one with the lowest metric", () => {
    const rows = [
      "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
      "eth0\t00000000\tFE00000A\t0003\t0\t0\t100\t00000000\t0\t0\t0",
      "eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0"
    ]
    expect(Gateway.fromProc(HEAD + rows.join("\n"))).toBe("10.0.0.254")
  })

  it("is none where the table names none", () => {
    for (const text of ["", HEAD, `${HEAD}tun0\t00000000\t00000000\t0001\t0\t0\t0`, `${HEAD}eth0\t00000000\tzz\t0003`])
      expect(Gateway.fromProc(text)).toBeUndefined()
  })

  it("is read from what the route command of Windows prints, in any language", () => {
    const text = [
      "IPv4-Routentabelle",
      "Netzwerkziel    Netzwerkmaske          Gateway    Schnittstelle Metrik",
      "          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.23     35",
      "          0.0.0.0          0.0.0.0         10.0.0.1         10.0.0.5     25",
      "Standard"
    ].join("\r\n")
    expect(Gateway.fromRoutePrint(text)).toBe("10.0.0.1")
    expect(Gateway.fromRoutePrint("0.0.0.0 0.0.0.0 On-link 10.0.0.5 25")).toBeUndefined()
    expect(Gateway.fromRoutePrint("")).toBeUndefined()
  })

  it("is read from what the route command of BSD systems prints", () => {
    expect(Gateway.fromRoute("   route to: default\n    gateway: 192.168.1.1\n  interface: en0\n")).toBe("192.168.1.1")
    expect(Gateway.fromRoute("    gateway: fe80::1%en0\n")).toBeUndefined()
    expect(Gateway.fromRoute("route: not in table")).toBeUndefined()
  })
})
