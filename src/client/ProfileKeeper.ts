import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Nickname } from "../domain/Nickname.js"
import type { Driver } from "./Driver.js"
import type { EventQueue } from "./EventQueue.js"
import { type Profile, Profiles } from "./Profile.js"

/** Opens a profile for the first registration, and keeps it once that has succeeded. */
export interface ProfileKeeper {
  /** Ours for good, from the first registration on. */
  readonly profile: Profile | undefined
  /** Opens the profile of this nickname and has it on disk; the machine is told. */
  readonly open: (nick: Nickname) => Effect.Effect<void>
  /** The profile that was opened last is ours. */
  readonly adopt: () => void
  /**
   * Lets go of the profile that was opened last, and takes off the disk what is new of it, unless somebody may know it;
   * the machine is told.
   */
  readonly drop: (mayBeKnown: boolean) => Effect.Effect<void>
  /** Lets go of a profile that was opened and has not become ours. */
  readonly release: Effect.Effect<void>
  /** Lets a further nickname lead to the profile; when it cannot, the user is told. */
  readonly name: (nick: Nickname) => Effect.Effect<void>
  /** Writes what is new in the profile. When that fails, the user is told. */
  readonly keep: Effect.Effect<void>
}

/** A profile stays open, and locked, until the scope closes. */
export const make = (driver: Driver, events: EventQueue): Effect.Effect<ProfileKeeper, never, Profiles | Scope.Scope> =>
  Effect.gen(function* () {
    const profiles = yield* Profiles
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    let opened: { readonly profile: Profile; readonly scope: Scope.CloseableScope } | undefined
    let profile: Profile | undefined

    const release = Effect.suspend(() => {
      const last = opened
      opened = undefined
      return last === undefined || last.profile === profile ? Effect.void : Scope.close(last.scope, Exit.void)
    })

    return {
      get profile() {
        return profile
      },
      open: (nick) =>
        Effect.gen(function* () {
          const trial = yield* Scope.fork(scope, ExecutionStrategy.sequential)
          yield* profiles.open(nick).pipe(
            Scope.extend(trial),
            // On disk before the server binds the nickname to it: a client that is killed must find its own name again.
            Effect.tap((found) => found.keep),
            Effect.onError((cause) => Scope.close(trial, Exit.failCause(cause))),
            Effect.match({
              onFailure: ({ message }) => driver.drive((machine, now) => machine.profileFailed(message, now)),
              onSuccess: (found) => {
                opened = { profile: found, scope: trial }
                driver.drive((machine, now) => machine.profileOpened(found, now))
              }
            })
          )
        }),
      adopt: () => {
        profile = opened?.profile
      },
      drop: (mayBeKnown) =>
        Effect.suspend(() => (mayBeKnown ? undefined : opened?.profile.discard) ?? Effect.void).pipe(
          Effect.zipRight(release),
          Effect.zipRight(Effect.sync(() => driver.drive((machine, now) => machine.profileDropped(now))))
        ),
      release,
      name: (nick) =>
        Effect.suspend(() => profile?.called(nick) ?? Effect.succeed(true)).pipe(
          Effect.match({
            onFailure: ({ message }) => `not kept: ${message}`,
            onSuccess: (follows) => (follows ? undefined : elsewhere(nick.text, profile!.location))
          }),
          Effect.map((message) => message && events.offer({ _tag: "Failed", code: "Profile", message }))
        ),
      keep: Effect.suspend(() => profile?.keep ?? Effect.void).pipe(
        Effect.catchAll(({ message }) =>
          Effect.sync(() => events.offer({ _tag: "Failed", code: "Profile", message: `not kept: ${message}` }))
        )
      )
    }
  })

const elsewhere = (nick: string, location: string): string => {
  const [own] = location.split("/").slice(-1)
  return `${nick} has a profile of its own here, and will be that one next time; to be who you are now, start as ${own} and take the nickname ${nick} again`
}
