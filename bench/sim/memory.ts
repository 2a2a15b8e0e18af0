/**
 * Heap for each full host, and heap after many runs of a world that abandons its fibers. `memory.ts [runs]`, 20,000
 * when left out.
 */
import * as Effect from "effect/Effect"
import * as Alarm from "../../src/services/Alarm.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { run } from "../../src/sim/Run.js"
import { Sim } from "../../src/sim/Sim.js"

const used = (): number => {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Two sockets, an alarm that is set, and three fibers. */
const full = Effect.gen(function* () {
  const datagrams = yield* Datagrams
  yield* datagrams.bind({ family: "ipv4", port: 7, onDatagram: () => {} })
  yield* datagrams.bind({ family: "ipv4", port: 8, onDatagram: () => {} })
  const alarm = yield* Alarm.make(() => {})
  alarm.set(1e15)
  yield* Effect.forkScoped(Effect.never)
  yield* Effect.never
}).pipe(Effect.scoped)

const HOSTS = 2000
await run(
  { seed: 1 },
  Effect.gen(function* () {
    const sim = yield* Sim
    yield* sim.host("first", {}, full)
    yield* Effect.sleep(1)
    const before = used()
    for (let i = 0; i < HOSTS; i++) yield* sim.host(`h${i}`, {}, full)
    yield* Effect.sleep(1)
    console.log(`heap: ${((used() - before) / HOSTS / 1000).toFixed(1)} KB a full host`)
  })
)

const runs = Number(process.argv[2] ?? 20_000)
const abandon = Effect.gen(function* () {
  const sim = yield* Sim
  for (let i = 0; i < 3; i++) yield* sim.host(`h${i}`, {}, full)
  yield* Effect.sleep("1 second")
})
for (let i = 0; i < 200; i++) await run({ seed: i }, abandon)
const before = used()
const started = performance.now()
for (let i = 0; i < runs; i++) await run({ seed: i }, abandon)
const grown = (used() - before) / 1000
const perSecond = (runs * 1000) / (performance.now() - started)
console.log(
  `heap: ${grown.toFixed(0)} KB more after ${runs} runs that abandon their fibers (${perSecond.toFixed(0)} runs/s)`
)
