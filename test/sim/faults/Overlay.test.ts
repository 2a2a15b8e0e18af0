import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Overlay } from "../../../src/sim/faults/Overlay.js"
import { type Fault, World } from "../../../src/sim/index.js"
import * as Nat from "../../../src/sim/network/Nat.js"

const make = () => {
  const world = new World({ seed: 1 })
  const machine = world.machine("alice", { nat: Nat.portRestricted, clock: { driftPpm: 50 } }, Effect.never)
  const router = world.routers.get("alice/router")!
  const state = () => ({
    online: machine.host.online,
    resolver: machine.host.resolver,
    receiveBuffer: machine.host.receiveBuffer,
    process: machine.process.state,
    rate: machine.clock.rate,
    capacity: machine.disk.capacity,
    readOnly: machine.disk.readOnly,
    delayMs: machine.disk.delayMs,
    tornWrites: machine.tornWrites,
    nat: router.nat.config,
    filtering: router.firewall.config.filtering
  })
  return { faults: world.faults, state }
}

/** Two of each kind that lasts, one of them stronger. */
const PAIRS: ReadonlyArray<readonly [Fault, Fault]> = [
  same({ kind: "offline", host: "alice" }),
  same({ kind: "resolver-down", host: "alice" }),
  same({ kind: "pause", host: "alice" }),
  same({ kind: "disk-full", host: "alice" }),
  same({ kind: "disk-read-only", host: "alice" }),
  same({ kind: "disk-torn", host: "alice" }),
  [
    { kind: "disk-slow", host: "alice", ms: 10 },
    { kind: "disk-slow", host: "alice", ms: 20 }
  ],
  [
    { kind: "receive-buffer", host: "alice", bytes: 2_000 },
    { kind: "receive-buffer", host: "alice", bytes: 3_000 }
  ],
  [
    { kind: "clock-drift", host: "alice", ppm: 100 },
    { kind: "clock-drift", host: "alice", ppm: 200 }
  ],
  [
    { kind: "nat-mapping", router: "alice/router", mapping: "address-dependent" },
    { kind: "nat-mapping", router: "alice/router", mapping: "address-and-port-dependent" }
  ],
  [
    { kind: "nat-tcp-expiry", router: "alice/router", tcpTimeoutMs: 10 },
    { kind: "nat-tcp-expiry", router: "alice/router", tcpTimeoutMs: 20 }
  ],
  [
    { kind: "firewall-filtering", router: "alice/router", filtering: "endpoint-independent" },
    { kind: "firewall-filtering", router: "alice/router", filtering: "address-dependent" }
  ]
]

describe("two faults on one thing", () => {
  it.each(PAIRS.map(([first, second]) => ({ kind: first.kind, first, second })))(
    "$kind: both count while they last, and leave it as it was",
    ({ first, second }) => {
      for (const inOrder of [true, false]) {
        const { faults, state } = make()
        const before = state()
        const endFirst = faults.begin(first)
        const alone = state()
        expect(alone).not.toEqual(before)
        const endSecond = faults.begin(second)
        const latest = state()
        if (inOrder) {
          endFirst()
          expect(state()).toEqual(latest)
          endFirst()
          expect(state(), "ended twice").toEqual(latest)
          endSecond()
        } else {
          endSecond()
          expect(state()).toEqual(alone)
          endFirst()
        }
        expect(state()).toEqual(before)
      }
    }
  )
})

it("what takes a value away takes no other one, however often it is called", () => {
  const overlay = new Overlay()
  const of = { value: 0 }
  const put = (value: number) =>
    overlay.put({ of, name: "value", read: () => of.value, write: (next) => (of.value = next) }, value)
  const [first, second] = [put(1), put(2)]
  first()
  first()
  expect(of.value).toBe(2)
  second()
  first()
  expect(of.value).toBe(0)
})

function same(fault: Fault): readonly [Fault, Fault] {
  return [fault, { ...fault }]
}
