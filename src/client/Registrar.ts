import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Scope from "effect/Scope"
import { ClientError, ofRefusal, unreachable } from "../core/client/ClientError.js"
import type * as Endpoint from "../domain/Endpoint.js"
import * as Nickname from "../domain/Nickname.js"
import type * as Control from "../protocol/Control.js"
import * as Alarm from "../services/Alarm.js"
import type * as Time from "../services/Time.js"
import type { Registration } from "./Client.js"
import type { ClientOptions } from "./ClientOptions.js"
import type { EventQueue } from "./EventQueue.js"
import { type Profile, Profiles } from "./Profile.js"
import type { Self } from "./Self.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Takes nicknames, and takes them back. The first registration fixes the identity: the profile of that nickname. After
 * an outage, and when the signed record grows old, the same nickname is registered again by itself.
 */
export interface Registrar {
  readonly register: (nick: string) => Effect.Effect<Registration, ClientError>
  /** The server has greeted: takes the wanted nickname back, before anything else is sent. */
  readonly greeted: (welcome: typeof Control.Welcome.Type) => void
  /** The link is gone, and the registration with it as far as we know. */
  readonly lost: () => void
  /** Whether there is a nickname to hold or to get. */
  readonly wanted: () => boolean
  /** Signs and registers a fresh record when ours is old. */
  readonly renew: () => void
}

export const make = (options: {
  readonly token: ClientOptions["token"]
  readonly self: Self
  readonly time: Time.Time
  readonly events: EventQueue
  readonly server: ServerLink
  readonly endpoints: () => ReadonlyArray<Endpoint.Endpoint>
  /** Called synchronously with each registration, before anything else of the server is looked at. */
  readonly onRegistered: () => void
  /** The server does not let us in any more. */
  readonly onRefused: (message: string) => void
}): Effect.Effect<Registrar, never, Profiles | Scope.Scope> =>
  Effect.gen(function* () {
    const { endpoints, events, self, server, time, token } = options
    const profiles = yield* Profiles
    // Made now, so that it closes late: the profile stays locked until the client's last word is written.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const oneAtATime = yield* Effect.makeSemaphore(1)
    let challenge = ""
    let waiting = 0
    /** As last told. */
    let greeting: string | undefined

    const send = (profile: Profile, nick: Nickname.Nickname, answer: (reply: Control.Reply | undefined) => void) => {
      const wallNow = time.wall()
      const { body, record } = self.sign({ profile, nick, challenge, endpoints: endpoints(), token, wallNow })
      server.request(body, (reply) => {
        if (reply?._tag === "Registered") adopt(profile, nick, record, reply)
        answer(reply)
      })
    }

    const adopt = (
      profile: Profile,
      nick: Nickname.Nickname,
      record: Uint8Array,
      reply: typeof Control.Registered.Type
    ) => {
      const isNews = self.registration?.nick !== reply.nick
      self.profile = profile
      self.wanted = nick
      self.record = record
      self.registration = { nick: reply.nick, address: reply.observed, fingerprint: self.fingerprintOf(profile) }
      server.settled()
      if (isNews) events.offer({ _tag: "Registered", ...self.registration })
      options.onRegistered()
    }

    const again = () => {
      const { profile, wanted } = self
      if (profile === undefined || wanted === undefined || !server.up()) return
      send(profile, wanted, (reply) => {
        switch (reply?._tag) {
          case undefined:
            // Lost with the link, or a server that is slow: it is tried again either way.
            return retry.set(time.monotonic() + RETRY)
          case "Registered":
            return
          case "Busy":
            return retry.set(time.monotonic() + RETRY)
          case "RateLimited":
            return retry.set(time.monotonic() + Math.max(reply.retryAfterMs, RETRY))
          case "Unauthorized":
            return options.onRefused(ofRefusal(reply).message)
          case "NickTaken":
            giveUp()
            return events.offer({ _tag: "NickTaken", nick: wanted.text, suggestions: reply.suggestions })
          default: {
            giveUp()
            const { code, message } = ofRefusal(reply as Control.Refusal)
            return events.offer({ _tag: "Failed", code, message })
          }
        }
      })
    }

    const giveUp = () => {
      self.wanted = undefined
      self.registration = undefined
    }

    const retry = yield* Alarm.make(again)

    /** Asks until the server answers, however often the link breaks meanwhile. */
    const attempt = (profile: Profile, nick: Nickname.Nickname): Effect.Effect<Registration, ClientError> =>
      Effect.gen(function* () {
        while (true) {
          yield* server.wake
          yield* server.ready
          // Not to be interrupted: the server may have registered us already, and the profile must then stay open.
          const reply = yield* Effect.uninterruptible(
            Effect.async<Control.Reply | undefined>((resume) => {
              send(profile, nick, (reply) => resume(Effect.succeed(reply)))
            })
          )
          if (reply?._tag === "Registered") return self.registration!
          if (reply !== undefined) return yield* ofRefusal(reply as Control.Refusal)
          if (server.up()) return yield* unreachable("the server did not answer in time; try again")
        }
      })

    const firstAttempt = (nick: Nickname.Nickname) =>
      Effect.gen(function* () {
        const trial = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        return yield* Effect.gen(function* () {
          const profile = yield* profiles.open(nick).pipe(
            Scope.extend(trial),
            Effect.mapError(({ message }) => new ClientError({ code: "Profile", message }))
          )
          // On disk before the server binds the nickname to it: a client that is killed must find its own name again.
          yield* Effect.mapError(profile.keep, ({ message }) => new ClientError({ code: "Profile", message }))
          const registration = yield* attempt(profile, nick).pipe(
            Effect.tapError(() => profile.discard),
            Effect.mapError((error) =>
              error.code === "NickTaken" && !profile.persistent ? takenByOurselves(nick.text, error) : error
            )
          )
          if (!profile.persistent)
            events.offer({
              _tag: "Failed",
              code: "ProfileInUse",
              message: `${profile.location} is in use by another parley: this time you have a passing identity, and nothing is kept`
            })
          return registration
        }).pipe(Effect.onExit((exit) => (self.profile === undefined ? Scope.close(trial, exit) : Effect.void)))
      })

    return {
      register: (raw) =>
        Effect.gen(function* () {
          const nick = Nickname.parse(raw)
          if (Either.isLeft(nick))
            return yield* new ClientError({ code: "NickInvalid", message: `the nickname ${nick.left}` })
          return yield* self.profile === undefined ? firstAttempt(nick.right) : attempt(self.profile, nick.right)
        }).pipe(oneAtATime.withPermits(1), (registering) =>
          Effect.acquireUseRelease(
            Effect.sync(() => waiting++),
            () => registering,
            () => Effect.sync(() => waiting--)
          )
        ),
      greeted: (welcome) => {
        challenge = welcome.challenge
        if (welcome.motd !== undefined && welcome.motd !== greeting)
          events.offer({ _tag: "Greeting", text: welcome.motd })
        greeting = welcome.motd
        again()
      },
      lost: () => {
        self.registration = undefined
        retry.set(undefined)
      },
      wanted: () => waiting > 0 || self.wanted !== undefined,
      renew: () => {
        if (self.renewalDue(time.wall())) again()
      }
    }
  })

const takenByOurselves = (nick: string, { suggestions }: ClientError): ClientError =>
  new ClientError({
    code: "NickTaken",
    message: `the nickname ${nick} is in use by another parley of yours on this machine: leave it there, or take another nickname`,
    byOurselves: true,
    ...(suggestions === undefined ? {} : { suggestions })
  })

/** Milliseconds before a registration is tried again over the same link. */
const RETRY = 1_000
