import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Closed, NoNetwork, NoSuchKey } from "../core/client/ClientError.js"
import { ClientMachine } from "../core/client/ClientMachine.js"
import { closed, noNetwork } from "../core/client/ErrorTexts.js"
import { GivenKeys } from "../core/client/GivenKeys.js"
import type { Crypto as Primitives } from "../domain/Crypto.js"
import * as ServerName from "../domain/ServerName.js"
import { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import { Entropy } from "../services/Entropy.js"
import type { Files } from "../services/Files.js"
import { type InterfaceAddress, Interfaces } from "../services/Interfaces.js"
import type { Resolver } from "../services/Resolver.js"
import * as Time from "../services/Time.js"
import { type ClientOptions, MAX_STUN, serversOf } from "./ClientOptions.js"
import * as Connector from "./Connector.js"
import * as Driver from "./Driver.js"
import { EventQueue } from "./EventQueue.js"
import * as Transfers from "./files/Transfers.js"
import { isWelcome } from "./files/Welcome.js"
import { Remembrance } from "./history/Remembrance.js"
import * as Outputs from "./Outputs.js"
import type { Profiles } from "./Profile.js"
import * as ProfileKeeper from "./ProfileKeeper.js"
import * as Wishes from "./Wishes.js"

/** Everything that one client is made of, put together and running. */
export interface Shell {
  readonly driver: Driver.Driver
  readonly events: EventQueue
  readonly keeper: ProfileKeeper.ProfileKeeper
  readonly history: Remembrance
  readonly transfers: Transfers.Transfers
  /** Waits until what was entrusted to the journal survives a loss of power. */
  readonly flushed: Effect.Effect<void>
  /** Leaves: gives undelivered messages up to `lingerMs`, and says goodbye. Idempotent. */
  readonly exit: (lingerMs: number) => Effect.Effect<void>
}

/** Closing the scope leaves without lingering. */
export const make = (
  options: ClientOptions
): Effect.Effect<
  Shell,
  NoNetwork | NoSuchKey,
  Crypto | Datagrams | Dialer | Entropy | Files | Interfaces | Profiles | Resolver | Scope.Scope
> =>
  Effect.gen(function* () {
    const [crypto, entropy, time] = [yield* Crypto, yield* Entropy, yield* Time.make]
    const given = yield* givenKeys(options)
    const driver = yield* makeDriver({ ...options, given }, crypto, entropy)
    const { events, keeper } = yield* makeEvents(driver)
    const { conversations } = driver.machine
    const history = new Remembrance(options.history ?? false, keeper, conversations, events, driver.settle)
    const [leaving, beganAt] = [yield* Deferred.make<never, Closed>(), time.wall()]
    const transfers = yield* Transfers.make({
      crypto,
      entropy,
      time,
      conversations,
      events,
      peers: driver,
      leaving,
      store: () => keeper.profile?.transfers,
      downloads: options.downloads ?? ".",
      relayedTo: (peer) => driver.machine.relayed(peer, time.monotonic()),
      resume: options.resume,
      isWelcome: (peer) =>
        isWelcome(options.accept ?? "ask", { ...peer, given, contacts: driver.machine.contacts, beganAt })
    })

    const leave = (reason: "exit" | "replaced" | "refused", message: string) => {
      if (driver.machine.hasLeft) return
      transfers.shut()
      driver.drive((machine, now) => machine.close(reason, message, now))
    }
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    const start = (effect: Effect.Effect<void>) => fork(effect, { immediate: false })
    const outputs = Outputs.make({
      driver,
      events,
      keeper,
      history,
      transfers,
      leave,
      left: () => {
        Deferred.unsafeDone(leaving, Effect.fail(closed()))
      }
    })
    const wishes = yield* Wishes.make(options, driver, keeper, start)
    const flushed = Effect.suspend(() => keeper.profile?.journal?.flushed ?? Effect.void)
    // Registered last, so it runs before anything else closes.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => leave("exit", "the client was closed")).pipe(
        Effect.zipRight(keeper.keep),
        Effect.zipRight(wishes.gone)
      )
    )
    driver.start({ ...outputs, ...wishes.handlers })

    const delivered = Effect.ignore(driver.ask((machine, now) => machine.delivered(now)))
    const exit = (lingerMs: number) =>
      Effect.gen(function* () {
        if (driver.machine.hasLeft) return
        events.acknowledge()
        // What was shown is confirmed only when it is written down.
        yield* Effect.timeoutOption(flushed, Duration.millis(lingerMs))
        yield* Effect.timeoutOption(Effect.zipRight(transfers.told, delivered), Duration.millis(lingerMs))
        leave("exit", "you left")
        yield* wishes.gone
        yield* keeper.release
        yield* keeper.keep
      })
    return { driver, events, keeper, history, transfers, flushed, exit }
  })

/** The events for the user, and the keeper of the profile, where it is written down which of them were shown. */
const makeEvents = (driver: Driver.Driver) =>
  Effect.gen(function* () {
    let keeper: ProfileKeeper.ProfileKeeper | undefined
    const shown = Outputs.shown(driver, () => keeper)
    const events = new EventQueue(shown, driver.settle)
    // Made early, so that it closes late: the profile stays locked until the client's last word is written.
    keeper = yield* ProfileKeeper.make(driver, events)
    return { events, keeper }
  })

const givenKeys = ({ known, pins }: ClientOptions) =>
  Effect.suspend(() => {
    const given = GivenKeys.make(known, pins)
    return given instanceof GivenKeys ? Effect.succeed(given) : Effect.fail(given)
  })

interface MachineOptions extends ClientOptions {
  readonly given: GivenKeys
}

const makeDriver = (
  options: MachineOptions,
  crypto: Primitives,
  entropy: Entropy["Type"]
): Effect.Effect<Driver.Driver, NoNetwork, Datagrams | Interfaces | Scope.Scope> =>
  Effect.gen(function* () {
    const { lan = false, path = "prefer-direct", server } = options
    if (serversOf({ server }).length === 0 && !lan)
      return yield* noNetwork("neither a server nor the local network is to be asked")
    if (lan && path === "relay-only")
      return yield* noNetwork(
        "the local network shows this machine's address to everybody on it, which relay-only paths are to hide: choose one"
      )
    const addresses = yield* (yield* Interfaces).addresses
    const driver = yield* Driver.make(
      (ports, time) =>
        new ClientMachine({ ...machineOptions(options, ports, addresses, time), crypto, random: entropy.bytes })
    ).pipe(Effect.mapError(({ message }) => noNetwork(`cannot open a UDP socket: ${message}`)))
    if (lan && driver.ports.ipv4 === undefined)
      return yield* noNetwork("the local network needs IPv4, which this machine does not have")
    return driver
  })

const machineOptions = (
  {
    acceptCalls = "everyone",
    answer = "nobody",
    given,
    history = false,
    inbox = true,
    lan = false,
    path = "prefer-direct",
    portGuessing = true,
    portMapping = true,
    server,
    stun = [],
    token
  }: MachineOptions,
  ports: Driver.Driver["ports"],
  addresses: ReadonlyArray<InterfaceAddress>,
  time: Time.Time
) => ({
  wallNow: time.wall,
  now: time.monotonic(),
  servers: serversOf({ server }).map(({ host, port, tls }) => ({
    name: ServerName.of(host, port),
    link: Connector.policyOf(tls)
  })),
  lan,
  token: Redacted.isRedacted(token) ? Redacted.value(token) : token,
  calls: { acceptCalls, answer, given },
  path,
  stunServers: Math.min(stun.length, MAX_STUN),
  portMapping,
  portGuessing,
  inbox,
  history,
  ports,
  addresses
})
