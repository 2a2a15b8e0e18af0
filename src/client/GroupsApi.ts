import * as Effect from "effect/Effect"
import type { Closed, GroupError, GroupSendError, QueryError } from "../core/client/ClientError.js"
import { eventsUnread } from "../core/client/ErrorTexts.js"
import type { GroupInfo, GroupSent } from "../core/client/groups/GroupInfo.js"
import type { GroupTalk } from "../core/client/groups/GroupTalk.js"
import type { OpenChannel } from "./Channels.js"
import type { Shell } from "./Shell.js"

/**
 * Groups: one text to several people, each over their own sealed session (docs/protocol.md §3.9). `group` is what our
 * user calls it, with `#` before it or without, or its id; `NoSuchGroup` when there is none.
 *
 * Each member has a list of their own of who is in a group: nothing is promised of their being the same, nor of the
 * order of texts of different people. A text counts as said in a group only when it came on the session of somebody on
 * our list. At most 32 people are in a group, and 128 groups can be joined.
 *
 * @since 0.1.0
 */
export interface GroupsApi {
  /** Every group that was not left, also those that others have added us to and that were not joined (`invited`). */
  readonly list: Effect.Effect<ReadonlyArray<GroupInfo>>
  /**
   * Makes a group of us and these people, and tells them. They are asked for first, where we have not yet; fails as
   * that does for the first who cannot be asked for, unless we know their key: then they are asked for when they come.
   * The name is made like a nickname (`NickInvalid`); of two groups of one name the later one gets a number.
   */
  readonly make: (name: string, nicks: ReadonlyArray<string>) => Effect.Effect<GroupInfo, GroupError | QueryError>
  /** Adds people to a group that we have joined, as `make` does, and tells all members. */
  readonly add: (group: string, nicks: ReadonlyArray<string>) => Effect.Effect<GroupInfo, GroupError | QueryError>
  /**
   * Joins a group that somebody has added us to: consent to talk to each member, who is asked for now, and again
   * whenever they come. In a group that was joined before, asks for those whom others have added since.
   */
  readonly join: (group: string) => Effect.Effect<GroupInfo, GroupError>
  /**
   * Leaves a group, and tells the members whom we have talked to; or declines to join it. Only somebody whom we have
   * asked for can add us again. What we have with each member stays.
   */
  readonly leave: (group: string) => Effect.Effect<GroupInfo, GroupError>
  /**
   * Takes somebody off our own list of a group: nothing we say there goes to them, and what they say there comes as
   * said to us alone. Nobody is told. `NoSuchPeer` when they are not on it.
   */
  readonly remove: (group: string, nick: string) => Effect.Effect<GroupInfo, GroupError>
  /**
   * Accepts a text of 1 to 65,405 bytes for every member whom we have asked for and not blocked: it waits for those who
   * are away, and for those who have not asked for us (`Waiting`). `Delivered` follows for each. Succeeds when the text
   * would survive a crash; fails with `NotJoined` before `join`, with `NotConnected` when there is nobody to send it
   * to, with `OutboxFull` when there is no room for it for anybody.
   */
  readonly send: (group: string, text: string) => Effect.Effect<GroupSent, GroupSendError>
}

export const make = (
  { driver, events, keeper }: Shell,
  query: (nick: string) => Effect.Effect<OpenChannel, QueryError>
): GroupsApi => {
  const act = <R>(use: (groups: GroupTalk, now: number) => R) =>
    Effect.suspend((): Effect.Effect<Exclude<R, Error>, Extract<R, Error> | Closed> => {
      const result = driver.drive((machine, now) => machine.inGroups(use, now))
      return result instanceof Error
        ? Effect.fail(result as Extract<R, Error> | Closed)
        : Effect.succeed(result as Exclude<R, Error>)
    })
  /** Asks for people, one after the other; those whose key we know may be away. */
  const ask = (nicks: ReadonlyArray<string>) =>
    Effect.forEach(
      nicks,
      (nick) =>
        Effect.catchTag(query(nick), "NoSuchPeer", (error) =>
          driver.machine.contacts?.owner(nick) === undefined ? Effect.fail(error) : Effect.void
        ),
      { discard: true }
    )
  return {
    list: Effect.sync(() => driver.machine.groups.list()),
    make: (name, nicks) =>
      Effect.zipRight(
        ask(nicks),
        act((groups, now) => groups.make(name, nicks, now))
      ),
    add: (group, nicks) =>
      Effect.zipRight(
        Effect.zipRight(
          act((groups) => groups.joined(group)),
          ask(nicks)
        ),
        act((groups, now) => groups.add(group, nicks, now))
      ),
    join: (group) => act((groups, now) => groups.join(group, now)),
    leave: (group) => act((groups, now) => groups.leave(group, now)),
    remove: (group, nick) => act((groups) => groups.remove(group, nick)),
    send: (group, text) =>
      Effect.suspend(() =>
        events.full ? Effect.fail(eventsUnread()) : act((groups, now) => groups.send(group, text, now))
      ).pipe(Effect.tap(() => keeper.profile?.journal?.recorded() ?? Effect.void))
  }
}
