import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { type HostOptions, type Services, Sim, type SimHost } from "parley-chat/sim"
import * as Server from "../../src/server/Server.js"
import { defaults, type ServerOptions } from "../../src/server/ServerOptions.js"
import { Ledger } from "./Ledger.js"
import { NicknameModel, watch } from "./NicknameModel.js"
import { Person, type PersonOptions } from "./Person.js"

export interface TownOptions {
  readonly server?: Partial<ServerOptions>
  /** The machine that the server runs on. */
  readonly serverHost?: HostOptions
  /** Whether the server's process never stands still. */
  readonly punctual?: boolean
  readonly people: ReadonlyArray<string>
  readonly person?: (name: string) => PersonOptions & { readonly host?: HostOptions }
}

/** A server, people with clients, and the laws watching over all of them. */
export interface Town {
  readonly sim: Sim["Type"]
  readonly ledger: Ledger
  readonly server: SimHost
  readonly people: ReadonlyArray<Person>
  readonly person: (name: string) => Person
}

export const make = (options: TownOptions): Effect.Effect<Town, never, Sim | Scope.Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const ledger = new Ledger()
    yield* sim.always("every law", () => ledger.problem ?? true)
    yield* sim.rule(({ data, from }) => {
      ledger.wire(from, data)
      return "pass"
    })
    const server = yield* sim.host("server", options.serverHost ?? {}, serverProgram(sim, ledger, options))
    const people: Array<Person> = []
    for (const name of options.people) {
      const { host = {}, ...rest } = options.person?.(name) ?? {}
      const person = new Person(name, ledger, rest)
      person.host = yield* sim.host(name, host, person.program)
      people.push(person)
    }
    const person = (name: string) => people.find((each) => each.name === name)!
    return { sim, ledger, server, people, person }
  })

/** The real server with its real registry, and a model of nicknames that looks over the registry's shoulder. */
const serverProgram = (
  sim: Sim["Type"],
  ledger: Ledger,
  { punctual = false, server = {} }: TownOptions
): Effect.Effect<never, unknown, Services> =>
  Effect.suspend(() => {
    const settings = { ...defaults, restart: { inMs: 0, spreadMs: 1_000 }, ...server }
    const { graceMs } = settings
    const broken = (what: string) => ledger.broken("law 1", what)
    const model = new NicknameModel({ graceMs, now: sim.now, punctual, broken })
    const registry = Layer.provide(watch(model), Server.layerRegistry(settings))
    return Layer.launch(Server.layer(settings).pipe(Layer.provide(registry)))
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
