import * as Effect from "effect/Effect"
import type { Sim } from "parley-chat/sim"
import { Datagrams } from "../../src/services/Datagrams.js"
import { Dialer } from "../../src/services/Dialer.js"
import type { Town } from "./Town.js"

/**
 * A stranger who hears everything that passes and sends whatever comes to mind to every port there is: noise, what it
 * heard, and what it heard with changes. Sends from its own address, so everything looks like a peer that moved.
 */
export const attack = ({ sim }: Town) =>
  Effect.gen(function* () {
    const heard: Array<Uint8Array> = []
    const lines: Array<Uint8Array> = []
    yield* sim.rule(({ data, from, protocol, to }) => {
      const memory = protocol === "udp" ? heard : lines
      if (from !== NAME && to !== NAME && data.length > 0) memory[rng.below(MEMORY)] = data.slice()
      return "pass"
    })
    const rng = sim.world.kernel.rng.fork("attacker")

    const missile = (memory: ReadonlyArray<Uint8Array>): Uint8Array => {
      const known = memory[rng.below(MEMORY)]
      if (known === undefined || rng.chance(0.2)) return noise(rng)
      return rng.chance(0.3) ? known : mutant(rng, known)
    }

    const program = Effect.gen(function* () {
      const { bind } = yield* Datagrams
      const { dial } = yield* Dialer
      const socket = yield* bind({ family: "ipv4", port: 0, onDatagram: () => {} })

      const shoot = Effect.sync(() => {
        for (const { host } of sim.world.machines.values()) {
          const address = sim.world.network.book.text(host.ipv4!)
          for (const port of host.udp.keys()) {
            if (host.name !== NAME) socket.send({ family: "ipv4", address, port }, missile(heard))
          }
        }
      })

      const call = Effect.gen(function* () {
        const connection = yield* dial({ host: "server", port: 9090 }, () => ({ onData: () => {}, onClose: () => {} }))
        for (let n = rng.below(8); n > 0; n--) {
          connection.send(rng.chance(0.5) ? missile(lines) : line(rng))
          yield* Effect.sleep(rng.below(200))
        }
      }).pipe(Effect.scoped, Effect.ignore)

      yield* Effect.forkScoped(Effect.forever(Effect.delay(call, rng.between(100, 3_000))))
      return yield* Effect.forever(Effect.delay(shoot, 50))
    }).pipe(Effect.scoped)
    yield* sim.host(NAME, {}, program)
  })

const noise = (rng: Rng): Uint8Array => {
  const bytes = rng.fill(new Uint8Array(rng.below(1_400)))
  // A known type byte gets further than a random one.
  if (bytes.length > 0) bytes[0] = rng.below(6)
  return bytes
}

const mutant = (rng: Rng, known: Uint8Array): Uint8Array => {
  const bytes = rng.chance(0.2) ? known.slice(0, rng.below(known.length)) : known.slice()
  for (let n = rng.below(4); n >= 0 && bytes.length > 0; n--) bytes[rng.below(bytes.length)] = rng.below(256)
  return bytes
}

/** Lines that are nearly right. */
const line = (rng: Rng): Uint8Array =>
  new TextEncoder().encode(
    rng.pick([
      "\n\n\n",
      "{}\n",
      '{"_tag":"Register","id":1,"nick":"alice","endpoints":[]}\n',
      '{"_tag":"Query","id":2,"nick":"bob"}\n',
      '{"_tag":"Register","id":3,"nick":"\u202ebob","endpoints":["0.0.0.0:0"]}\n',
      `{"_tag":"List","id":1e999,"after":${"[".repeat(5_000)}\n`,
      `${"x".repeat(20_000)}\n`
    ])
  )

const NAME = "mallory"

/** Packets that the attacker remembers of each kind. */
const MEMORY = 64

type Rng = Sim["Type"]["world"]["kernel"]["rng"]
