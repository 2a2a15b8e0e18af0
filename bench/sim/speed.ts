/**
 * N hosts in a ring: each pings its neighbour once a virtual second (64 bytes, 20 to 40 ms, 1 % loss) and waits half a
 * second for the answer. Once as full programs (fibers, services, an `Alarm` each, as the product's drivers have), once
 * as callbacks on the kernel. An event is a fired timer, packets among them, or a step of a fiber.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Alarm from "../../src/services/Alarm.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { make as makeTime } from "../../src/services/Time.js"
import { type BoundSocket, bindSync } from "../../src/sim/network/Udp.js"
import { run } from "../../src/sim/Run.js"
import { Sim } from "../../src/sim/Sim.js"
import { World } from "../../src/sim/World.js"
import { calibrate, thousands } from "./calibrate.js"

const LINK = { latencyMs: 20, jitterMs: 20, loss: 0.01 }
const PING = new Uint8Array(64).fill(1)
const PONG = new Uint8Array(64).fill(2)

const address = (i: number) => `11.1.${i >> 8}.${i & 255}`

const program = (i: number, hosts: number) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const time = yield* makeTime
    const server = yield* datagrams.bind({ family: "ipv4", port: 7, onDatagram: (from) => server.send(from, PONG) })
    const to = { family: "ipv4", address: address((i + 1) % hosts), port: 7 } as const
    const alarm = yield* Alarm.make(() => {
      client.send(to, PING)
      alarm.set(time.monotonic() + 1500)
    })
    const client = yield* datagrams.bind({
      family: "ipv4",
      port: 8,
      onDatagram: () => alarm.set(time.monotonic() + 1000)
    })
    alarm.set(time.monotonic() + (i % 1000))
    yield* Effect.never
  }).pipe(Effect.scoped)

interface Figures {
  readonly events: number
  readonly virtualMs: number
  readonly realMs: number
  readonly packets: number
}

const programs = async (hosts: number, seconds: number): Promise<Figures> => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    for (let i = 0; i < hosts; i++) yield* sim.host(`h${i}`, { ipv4: address(i) }, program(i, hosts))
    yield* Effect.sleep(seconds * 1000)
  })
  const { exit, stats, virtualMs, realMs } = await run({ seed: 1, link: LINK }, scenario)
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return { events: stats.steps + stats.timers, virtualMs, realMs, packets: stats.sent }
}

const callbacks = (hosts: number, seconds: number): Figures => {
  const started = performance.now()
  const world = new World({ seed: 1, link: LINK }, crypto)
  const { kernel, network } = world
  for (let i = 0; i < hosts; i++) {
    const host = world.host(`h${i}`, { ipv4: address(i) })
    const bind = (
      port: number,
      onDatagram: (from: { family: "ipv4" | "ipv6"; address: string; port: number }) => void
    ) => (bindSync(network, host, kernel.outside, { family: "ipv4", port, onDatagram }) as BoundSocket).socket
    const to = { family: "ipv4", address: address((i + 1) % hosts), port: 7 } as const
    const server = bind(7, (from) => server.send(from, PONG))
    const tick = () => {
      client.send(to, PING)
      timer = kernel.after(1_500_000, tick)
    }
    const client = bind(8, () => {
      kernel.cancel(timer)
      timer = kernel.after(1_000_000, tick)
    })
    let timer = kernel.after((i % 1000) * 1000, tick)
  }
  kernel.drive(seconds * 1e6)
  const realMs = performance.now() - started
  return { events: kernel.stats.timers, virtualMs: kernel.now / 1000, realMs, packets: network.stats.sent }
}

const show = (form: string, hosts: number, { events, virtualMs, realMs, packets }: Figures) => {
  const perSecond = (events * 1000) / realMs
  const ratio = (perSecond / calibrate()) * 1e6
  console.log(
    [
      form.padEnd(10),
      String(hosts).padStart(5),
      `${thousands(perSecond)} events/s`.padStart(20),
      `${thousands((packets * 1000) / realMs)} packets/s`.padStart(20),
      `x${thousands(virtualMs / realMs)} real time`.padStart(20),
      `${ratio.toFixed(0)} events per million steps`.padStart(32)
    ].join(" ")
  )
}

const SIZES = [
  [10, 2000],
  [100, 300],
  [1000, 30]
] as const

console.log(`calibration: ${thousands(calibrate())} calibration steps/s`)
await programs(10, 100)
callbacks(10, 100)
for (const [hosts, seconds] of SIZES) show("programs", hosts, await programs(hosts, seconds))
for (const [hosts, seconds] of SIZES) show("callbacks", hosts, callbacks(hosts, seconds * 3))
