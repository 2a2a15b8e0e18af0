import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { YieldWrap } from "effect/Utils"
import type { ClientApi } from "../../src/client/Client.js"
import * as Client from "../../src/client/Client.js"
import type { ClientOptions } from "../../src/client/ClientOptions.js"
import * as Profile from "../../src/client/Profile.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import type { Policy } from "../../src/core/peer/path/Policy.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import type { FileTree } from "../../src/layers/memory/FileTree.js"
import * as Server from "../../src/server/Server.js"
import type { ServerOptions } from "../../src/server/ServerOptions.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { Dialer } from "../../src/services/Dialer.js"
import type { Store } from "../../src/services/Store.js"
import { inMemory } from "../../src/sim/InMemory.js"
import type { RunOptions } from "../../src/sim/Run.js"
import type { Services } from "../../src/sim/Services.js"
import * as Sim from "../../src/sim/Sim.js"

/** A server and clients as one program, the body of an `Effect.gen`, on a simulated network with perfect links. */
export const world = (
  program: (world: World) => Generator<YieldWrap<Effect.Effect<unknown, unknown, Scope.Scope | Sim.Sim>>, void, never>,
  options: Partial<RunOptions> = {}
): Promise<void> =>
  inMemory(
    Effect.gen(function* () {
      const sim = yield* Sim.Sim
      const serverHost = yield* Layer.build(Sim.layer("server", { ipv4: SERVER }))
      yield* Effect.gen(() => program(new World(sim, Layer.succeedContext(serverHost))))
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
    options
  )

export const SERVER = "192.0.2.1"

/** A disk with the same files of the program's own, under the names that `rename` gives. */
export const copyOf = (disk: Disk, rename = (name: string) => name): Disk => {
  const copy = new Disk()
  for (const name of disk.names()) copy.replace(rename(name), disk.read(name)!)
  return copy
}

export class World {
  private hosts = 0

  constructor(
    private readonly sim: typeof Sim.Sim.Service,
    private readonly serverHost: Layer.Layer<Services>
  ) {}

  /** Starts a server; the effect in the result stops it. There is one server at a time. */
  server(options: Partial<ServerOptions> = {}) {
    const host = this.serverHost
    return Effect.gen(function* () {
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const server = Server.layerStandalone({ restart: { inMs: 0, spreadMs: 0 }, ...options })
      yield* Layer.buildWithScope(Layer.provide(server, host), scope)
      return { stop: Scope.close(scope, Exit.void) }
    })
  }

  /** Starts a client on a host of its own, and reads its events. */
  client(
    options: {
      /** What outlives the client, the user's files among it. */
      readonly disk?: Disk
      /** Instead of a disk that works. */
      readonly store?: Layer.Layer<Store>
      readonly token?: string
      readonly reads?: boolean
      readonly path?: Policy
      /** Whatever else the client is told. */
      readonly more?: ClientOptions
    } = {}
  ) {
    const disk = options.disk ?? new Disk()
    const cable = new Cable()
    const services = this.services({ ...options, disk, cable })
    return Effect.gen(function* () {
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const token = options.token === undefined ? {} : { token: options.token }
      const path = options.path === undefined ? {} : { path: options.path }
      const client = yield* Client.make({
        server: { host: SERVER, port: 9090 },
        ...options.more,
        ...token,
        ...path
      }).pipe(Effect.provide(yield* Layer.buildWithScope(services, scope)), Scope.extend(scope))
      const person = new Person(client, disk, cable, Scope.close(scope, Exit.void))
      if (options.reads !== false) yield* Effect.forkIn(person.reading, scope)
      return person
    })
  }

  /** What a client asks of a host of its own. */
  services(options: { readonly disk: Disk; readonly store?: Layer.Layer<Store>; readonly cable: Cable }) {
    const number = 10 + this.hosts++
    const machine = Sim.layer(`host-${number}`, { ipv4: `198.51.100.${number}`, disk: options.disk })
    const host = Layer.merge(Layer.provide(machine, Layer.succeed(Sim.Sim, this.sim)), options.store ?? Layer.empty)
    return Layer.provideMerge(Profile.layer, Layer.provideMerge(options.cable.layer, host))
  }

  /** A client that is registered. */
  person(nick: string, options: Parameters<World["client"]>[0] = {}) {
    return Effect.tap(this.client(options), ({ client }) => client.register(nick))
  }

  /** A server with two people who are registered and have not asked for each other. */
  aliceAndBob(options: Partial<ServerOptions> = {}) {
    return Effect.gen(this, function* () {
      const server = yield* this.server(options)
      return { server, alice: yield* this.person("alice"), bob: yield* this.person("bob") }
    })
  }
}

export class Person {
  readonly log: Array<ClientEvent> = []
  private readonly waiters = new Set<() => void>()
  private seen = 0

  constructor(
    readonly client: ClientApi,
    readonly disk: Disk,
    readonly cable: Cable,
    /** Ends the program as an interruption would. */
    readonly stop: Effect.Effect<void>
  ) {}

  /** What the user has in files. */
  get files(): FileTree {
    return this.disk.files
  }

  /** The power goes: no goodbye reaches anybody. */
  get kill(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.cable.unplug()
      return this.stop
    })
  }

  get reading() {
    return Stream.runForEach(this.client.events, (event) =>
      Effect.sync(() => {
        this.log.push(event)
        for (const waiter of this.waiters) waiter()
      })
    )
  }

  /**
   * The next event with this tag and these fields, after those that were waited for before. Fails after two virtual
   * minutes.
   */
  next<T extends ClientEvent["_tag"]>(
    tag: T,
    fields: Partial<ClientEvent & { readonly _tag: T }> = {}
  ): Effect.Effect<ClientEvent & { readonly _tag: T }, Error> {
    const matches = (event: ClientEvent): event is ClientEvent & { readonly _tag: T } =>
      event._tag === tag &&
      Object.entries(fields).every(([key, value]) => (event as Record<string, unknown>)[key] === value)
    return Effect.gen(this, function* () {
      const found = yield* Deferred.make<ClientEvent & { readonly _tag: T }>()
      const look = () => {
        const index = this.log.findIndex((event, at) => at >= this.seen && matches(event))
        if (index < 0) return
        this.seen = index + 1
        this.waiters.delete(look)
        Deferred.unsafeDone(found, Effect.succeed(this.log[index] as ClientEvent & { readonly _tag: T }))
      }
      this.waiters.add(look)
      look()
      return yield* Effect.timeoutFail(Deferred.await(found), {
        duration: Duration.minutes(2),
        onTimeout: () => new Error(`no ${tag} ${JSON.stringify(fields)} in ${JSON.stringify(this.log, undefined, 1)}`)
      })
    })
  }

  /** Calls `look` now and after each event, until the function in the result is called. */
  watch(look: () => void): () => void {
    this.waiters.add(look)
    look()
    return () => this.waiters.delete(look)
  }

  /** The texts that were shown, in order. */
  get texts(): ReadonlyArray<string> {
    return this.log.flatMap((event) => (event._tag === "Message" ? [event.text] : []))
  }

  count(tag: ClientEvent["_tag"]): number {
    return this.log.filter((event) => event._tag === tag).length
  }
}

/** What connects a client to the network. While it is unplugged, everything in both directions is lost. */
export class Cable {
  private plugged = true
  /** While false, no datagram passes. */
  udp = true
  /** So many of the next datagrams that leave are lost. */
  losing = 0
  /** Bytes of UDP payload that left the machine. */
  readonly sent: Array<Uint8Array> = []
  readonly sentTo = new Set<string>()

  unplug(): void {
    this.plugged = false
  }

  plug(): void {
    this.plugged = true
  }

  readonly layer = Layer.merge(
    Layer.effect(
      Datagrams,
      Effect.map(Datagrams, (inner) => ({
        bind: (options) =>
          inner
            .bind({
              ...options,
              onDatagram: (from, data) => {
                if (this.plugged && this.udp) options.onDatagram(from, data)
              }
            })
            .pipe(
              Effect.map((socket) => ({
                ...socket,
                send: (to, data) => {
                  if (!this.plugged || !this.udp || this.losing-- > 0) return true
                  this.sent.push(data.slice())
                  this.sentTo.add(Endpoint.format(to))
                  return socket.send(to, data)
                }
              }))
            )
      }))
    ),
    Layer.effect(
      Dialer,
      Effect.map(Dialer, (inner) => ({
        dial: (options, handler) =>
          inner.dial(options, (connection) => {
            const own = handler({
              local: connection.local,
              remote: connection.remote,
              ...(connection.tls && { tls: connection.tls }),
              queued: () => connection.queued(),
              pause: () => connection.pause(),
              resume: () => connection.resume(),
              send: (data) => (this.plugged ? connection.send(data) : true),
              end: () => (this.plugged ? connection.end() : undefined),
              destroy: () => connection.destroy()
            })
            return {
              onData: (data) => {
                if (this.plugged) own.onData(data)
              },
              onClose: (reason) => own.onClose(reason)
            }
          })
      }))
    )
  )
}

/** Both ask for each other, and know that both have. */
export const mutual = (alice: Person, bob: Person) =>
  Effect.gen(function* () {
    yield* alice.client.query("bob")
    yield* bob.client.query("alice")
    yield* alice.next("Mutual")
    yield* bob.next("Mutual")
  })
