import * as Effect from "effect/Effect"
import type { ClientServices } from "../../../src/client/Client.js"
import { Disk } from "../../../src/layers/memory/Disk.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { Cable, SERVER, type World } from "../../client/World.js"

/** The options of a one-shot command as they are when nobody says otherwise. */
export const settings = {
  home: "/memory",
  client: { server: { host: SERVER, port: 9090 }, portMapping: false },
  json: true,
  expect: undefined,
  timeout: 30_000
}

/** Runs a one-shot command on a host of its own: what it wrote, as lines of JSON, and how it failed if it did. */
export const errand = <E>(
  world: World,
  program: Effect.Effect<void, E, ClientServices | Terminal>,
  options: {
    readonly disk?: Disk
    readonly input?: string
    readonly interactive?: boolean
    /** Nobody types, and standard input stays open. */
    readonly silent?: boolean
    /** Standard output takes anything, and is not looked at. */
    readonly raw?: boolean
    /** The wrong time that its clock shows. */
    readonly wall?: () => number
  } = {}
) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: options.interactive ?? false })
    if (options.input !== undefined) terminal.type(options.input)
    if (options.silent !== true) terminal.end()
    const services = world.services({ disk: options.disk ?? new Disk(), cable: new Cable() })
    const { wall } = options
    const clock = yield* Effect.clock
    const itsClock = wall === undefined ? clock : Object.assign(Object.create(clock), { unsafeCurrentTimeMillis: wall })
    const failure = yield* program.pipe(
      Effect.withClock(itsClock),
      Effect.provide(services),
      Effect.provideService(Terminal, terminal.terminal),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
    const lines = terminal
      .output()
      .split("\n")
      .filter((line) => line !== "" && options.raw !== true)
    return { failure, lines: lines.map((line) => JSON.parse(line)), errors: terminal.errors() }
  })
