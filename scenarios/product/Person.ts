import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { Services, SimHost } from "parley-chat/sim"
import type { ClientApi } from "../../src/client/Client.js"
import * as Client from "../../src/client/Client.js"
import type { ClientOptions } from "../../src/client/ClientOptions.js"
import * as Profile from "../../src/client/Profile.js"
import type { ClientError } from "../../src/core/client/ClientError.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { Crypto } from "../../src/services/Crypto.js"
import { PortMapping } from "../../src/services/PortMapping.js"
import type { Ledger } from "./Ledger.js"

export interface PersonOptions {
  /** Virtual ms that the user looks at each message. */
  readonly readingMs?: number
  /** The nickname to take, where it is not the name. */
  readonly nick?: string
  /** The machine of the server; `server` when left out. */
  readonly server?: string
  /** What the client is told besides. */
  readonly client?: ClientOptions
  /** The router that forwards ports, if there is one. */
  readonly mapping?: Context.Tag.Service<PortMapping>
  /** Told of each event that the user is done with. */
  readonly onEvent?: (event: ClientEvent) => void
}

/**
 * A person with a machine of its own: runs the real client whenever the machine has power, reads its events, and
 * reports everything to the ledger. Calls run inside the client's own process, so a crash cuts them off as it would in
 * life.
 */
export class Person {
  host!: SimHost
  /** What the present life of the client has reported, oldest first. */
  events: Array<ClientEvent> = []
  nick: string
  private life: Life | undefined
  /** What the user is looking at. */
  private reading: ClientEvent | undefined

  constructor(
    readonly name: string,
    private readonly ledger: Ledger,
    private readonly options: PersonOptions
  ) {
    this.nick = options.nick ?? name
  }

  get running(): boolean {
    return this.life !== undefined
  }

  /** Whether the present life has ever been registered. */
  get registered(): boolean {
    return this.life?.registered === true
  }

  /** Whether the user has reason to believe that the nickname is theirs at this moment. */
  get holds(): boolean {
    return this.life?.holds === true
  }

  /** How often the present life was told that the nickname is taken. */
  get taken(): number {
    return this.life?.taken ?? 0
  }

  /** What the machine runs. */
  get program(): Effect.Effect<void, ClientError, Services> {
    return Effect.suspend(() => this.run()).pipe(
      Effect.provide(Profile.layer),
      this.options.mapping === undefined ? (self) => self : Effect.provideService(PortMapping, this.options.mapping),
      Effect.updateService(Crypto, (crypto) => ({
        ...crypto,
        seal: (key, counter, additional, plaintext, out) => {
          this.ledger.sealed(this.name, plaintext)
          crypto.seal(key, counter, additional, plaintext, out)
        }
      }))
    )
  }

  /**
   * Uses the client; `undefined` when there is none, or when it ends before it has answered. Anything but a
   * `ClientError` fails the run.
   */
  call<A>(use: (client: ClientApi, life: number) => Effect.Effect<A, ClientError>) {
    return Effect.async<Either.Either<A, ClientError> | undefined>((resume) => {
      const { life } = this
      if (life === undefined) return resume(Effect.succeed(undefined))
      const gone = () => resume(Effect.succeed(undefined))
      life.waiting.add(gone)
      life.fork(use(life.client, life.number)).addObserver((exit) => {
        life.waiting.delete(gone)
        resume(Exit.isSuccess(exit) ? Effect.succeed(Either.right(exit.value)) : outcome(exit.cause))
      })
    })
  }

  /** Asks for a peer, which is consent. Gives the code of a refusal, `ok`, or `gone`. */
  query(peer: Person) {
    return this.call((client, life) =>
      Effect.suspend(() => {
        this.ledger.asks(this.name, peer.name)
        return client.query(peer.nick)
      }).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            this.ledger.asked(this.name, peer.name, Exit.isSuccess(exit), life)
            const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
            if (error !== undefined) this.ledger.refusedKey(error._tag, peer.name)
          })
        )
      )
    ).pipe(Effect.map(codeOf))
  }

  /** Says something new, `length` characters long at least. */
  say(peer: Person, length = 0) {
    return this.call((client) =>
      Effect.suspend(() => {
        const text = this.ledger.compose(this.name, peer.name, "x".repeat(length))
        return client.send(peer.nick, text).pipe(
          Effect.tap((id) => Effect.sync(() => this.ledger.accepted(text, id))),
          Effect.tapError(({ _tag }) => Effect.sync(() => this.ledger.refused(text, _tag)))
        )
      })
    ).pipe(Effect.map(codeOf))
  }

  /**
   * Ends a conversation. Before the nickname is there, a client does not know whose it is, and there is none to end.
   */
  leave(peer: Person) {
    if (!this.registered) return Effect.succeed("NotRegistered")
    return this.call((client) =>
      Effect.suspend(() => {
        this.ledger.leaves(this.name, peer.name)
        return client.leave(peer.nick)
      })
    ).pipe(Effect.map(codeOf))
  }

  /** Accepts the key that a peer has now. The conversation with whoever had the former one ends. */
  trust(peer: Person) {
    const key = peer.events.flatMap((event) => (event._tag === "Registered" ? [event.fingerprint] : [])).at(-1) ?? ""
    return this.call((client) =>
      Effect.tap(client.trust(peer.nick, key), () => Effect.sync(() => this.ledger.leaves(this.name, peer.name)))
    ).pipe(Effect.map(codeOf))
  }

  /** Loses power. */
  readonly crash = Effect.suspend(() => {
    this.ended()
    return this.host.crash
  })

  /** Is killed, while the machine lives. */
  readonly kill = Effect.suspend(() => {
    this.ended()
    return this.host.kill
  })

  /** Is told to end, as by a signal: says goodbye. */
  readonly stop = Effect.suspend(() => this.host.stop)

  /**
   * Leaves as with `/quit`: what is undelivered gets a little more time, and the message on the screen counts as read.
   */
  readonly exit = Effect.suspend(() =>
    this.call((client) =>
      Effect.zipRight(
        Effect.sync(() => this.finishReading()),
        client.exit()
      )
    )
  ).pipe(Effect.zipRight(Effect.suspend(() => this.host.stop)))

  /** Starts again, if it is not running. */
  readonly start = Effect.suspend(() => (this.running ? Effect.void : this.host.restart))

  private run() {
    return Effect.gen(this, function* () {
      this.ledger.begin(this.name)
      this.events = []
      this.reading = undefined
      const client = yield* Client.make({
        ...this.options.client,
        server: { host: this.options.server ?? "server", port: 9090 }
      })
      const fork = Runtime.runFork(yield* Effect.runtime<never>())
      const life = new Life(this.ledger.lifeOf(this.name), client, (effect) => fork(effect, { immediate: false }))
      this.life = life
      yield* Effect.addFinalizer(() => Effect.sync(() => this.ended()))
      yield* Effect.forkScoped(this.register(client, life))
      yield* client.handleEvents((event) => this.read(event))
    }).pipe(Effect.scoped)
  }

  /** Takes the nickname, however long it takes: a former life of ours may still hold it under a key that was lost. */
  private register(client: ClientApi, life: Life): Effect.Effect<void> {
    return client.register(this.nick).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          life.registered = true
          life.holds = true
        })
      ),
      Effect.asVoid,
      Effect.catchAll(({ _tag }) => {
        if (_tag === "Closed") return Effect.void
        if (_tag === "NickTaken") life.taken++
        const again = Effect.suspend(() => this.register(client, life))
        return Effect.delay(again, 5_000)
      })
    )
  }

  private read(event: ClientEvent): Effect.Effect<void> {
    this.reading = event
    const done = Effect.sync(() => this.finishReading())
    const { readingMs = 0 } = this.options
    return event._tag === "Message" && readingMs > 0 ? Effect.delay(done, readingMs) : done
  }

  private finishReading(): void {
    const { reading } = this
    this.reading = undefined
    if (reading === undefined) return
    this.events.push(reading)
    this.life?.follow(reading)
    this.ledger.event(this.name, reading)
    this.options.onEvent?.(reading)
  }

  private ended(): void {
    const { life } = this
    this.life = undefined
    if (life !== undefined) for (const gone of [...life.waiting]) gone()
  }
}

/** One start of a client. */
class Life {
  registered = false
  holds = false
  taken = 0
  /** Ends the calls that wait. */
  readonly waiting = new Set<() => void>()

  constructor(
    readonly number: number,
    readonly client: ClientApi,
    readonly fork: <A, E>(effect: Effect.Effect<A, E>) => { addObserver(look: (exit: Exit.Exit<A, E>) => void): void }
  ) {}

  /** What an event says about the nickname. */
  follow({ _tag }: ClientEvent): void {
    if (_tag === "NickTaken") this.taken++
    if (_tag === "Registered") this.holds = true
    if (_tag === "NickTaken" || _tag === "ServerLost" || _tag === "Closed") this.holds = false
  }
}

const outcome = <A>(cause: Cause.Cause<ClientError>): Effect.Effect<Either.Either<A, ClientError> | undefined> => {
  const error = Cause.failureOption(cause)
  if (Option.isSome(error)) return Effect.succeed(Either.left(error.value))
  return Cause.isInterruptedOnly(cause) ? Effect.succeed(undefined) : Effect.failCause(cause as Cause.Cause<never>)
}

const codeOf = (result: Either.Either<unknown, ClientError> | undefined): string =>
  result === undefined ? "gone" : Either.isRight(result) ? "ok" : result.left._tag
