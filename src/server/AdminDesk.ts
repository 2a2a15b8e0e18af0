import * as Either from "effect/Either"
import { HOLDER, RANDOM_BYTES } from "../core/rendezvous/Tokens.js"
import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import type { AdminAnswer, AdminRequest, AdminSession } from "../protocol/Admin.js"
import { banned } from "./Access.js"
import * as AdminLimits from "./AdminLimits.js"
import { type Agreement, REVOKED, type Reach } from "./Agreement.js"
import type { Hub } from "./Hub.js"
import { meant } from "./Meant.js"
import type { SessionDriver } from "./SessionDriver.js"

/** What is asked of a server. */
export type Operated = Pick<
  Hub,
  "access" | "change" | "directory" | "kick" | "registry" | "sessions" | "settings" | "stats" | "time"
>

/**
 * Does what an operator asks of a running server. Nothing of it costs a session anything but those that it ends. What
 * has changed is written down by whoever calls this (`AccessLists.save`).
 */
export class AdminDesk {
  readonly #server: Operated
  readonly #random: (length: number) => Uint8Array
  readonly #drain: (withinMs: number) => void
  readonly #agreement: Agreement | undefined

  /**
   * `drain` lets nobody in any more, and sends those who are here on within that time. `agreement`: with other nodes.
   */
  constructor(
    server: Operated,
    random: (length: number) => Uint8Array,
    drain: (withinMs: number) => void,
    agreement?: Agreement
  ) {
    this.#server = server
    this.#random = random
    this.#drain = drain
    this.#agreement = agreement
  }

  /** Calls `done` once, when what was asked has been done, on other nodes too where it is for all of them. */
  ask(request: AdminRequest, done: (answer: AdminAnswer) => void): void {
    const finish = (answer: AdminAnswer) => {
      const isForAll = this.#agreement !== undefined && FOR_ALL.has(request._tag)
      if (isForAll && (answer._tag === "Done" || answer._tag === "Token"))
        this.#agreement.tell((nodes) => done({ ...answer, nodes }))
      else done(answer)
    }
    if (request._tag === "Release") this.#release(request.nick, finish)
    else if (request._tag === "Kick") this.#kick(request, finish)
    else finish(this.#answer(request))
  }

  #answer(request: Exclude<AdminRequest, { readonly _tag: "Release" | "Kick" }>): AdminAnswer {
    const { bans, tokens } = this.#server.access
    const wall = this.#server.time.wall()
    switch (request._tag) {
      case "Who":
        return this.#who(request.match?.toLowerCase(), request.after ?? 0)
      case "Ban":
        return this.#ban(request)
      case "Allow":
        return bans.allow(withoutPort(request.what), wall)
          ? this.#done(request.what)
          : refused("NotFound", `${request.what} is not banned`)
      case "Bans": {
        const { page, ...more } = paged(bans.all(wall), request.after)
        return { _tag: "Bans", bans: page, ...more }
      }
      case "Reserve":
        return this.#reserve(request.nick)
      case "Reserved": {
        const { page, ...more } = paged(bans.reserved(), request.after)
        return { _tag: "Reserved", nicks: page, ...more }
      }
      case "Limits":
        return this.#limits(request.set)
      case "AddToken":
        return this.#addToken(request.name)
      case "RevokeToken":
        return this.#revoke(request.which)
      case "Tokens": {
        if (tokens === undefined) return NO_TOKENS
        const { page, ...more } = paged(tokens.all(), request.after)
        return { _tag: "Tokens", tokens: page, ...more }
      }
      case "Drain":
        this.#drain(request.forMs)
        return { _tag: "Done", ended: 0, kept: false }
      case "Stats":
        return { _tag: "Stats", stats: this.#server.stats() }
    }
  }

  #who(match: string | undefined, after: number): AdminAnswer {
    const found: Array<AdminSession> = []
    let looked = 0
    let last = 0
    for (const driver of this.#server.sessions()) {
      // Session ids grow, so a page goes on behind the last one however many have left.
      if (driver.number <= after) continue
      if (found.length === PAGE || looked === MAX_LOOKED) return { _tag: "Sessions", sessions: found, next: last }
      last = driver.number
      looked++
      const shown = this.#shown(driver)
      const texts = [shown.nick ?? "", shown.address, shown.holder ?? ""]
      if (match === undefined || texts.some((text) => text.toLowerCase().includes(match))) found.push(shown)
    }
    return { _tag: "Sessions", sessions: found }
  }

  #shown({ connection, holder, number, registration, startedAt }: SessionDriver): AdminSession {
    const { time } = this.#server
    return {
      session: String(number),
      address: Endpoint.format(connection.remote),
      ...(registration === undefined ? {} : { nick: registration.nickname.text }),
      ...(registration?.identity === undefined ? {} : { fingerprint: registration.identity.fingerprint }),
      ...(holder === undefined ? {} : { holder: holder.name }),
      since: Math.round(time.wall() - (time.monotonic() - startedAt))
    }
  }

  /** On all nodes: an operator need not know to which one somebody is connected. */
  #kick({ reason, whom }: Extract<AdminRequest, { readonly _tag: "Kick" }>, done: (answer: AdminAnswer) => void): void {
    const why = `the operator of this server has ended this session${reason === undefined ? "" : `: ${reason}`}`
    const ended = this.#end(meant(this.#server.sessions(), whom), why)
    const finish = (elsewhere: number, nodes?: Reach) => {
      const all = ended + elsewhere
      if (all > 0) done({ ...this.#done(whom, all), ...(nodes === undefined ? {} : { nodes }) })
      else if (nodes === undefined || nodes.silent === 0) done(refused("NotFound", `nobody here is ${whom}`))
      else done(refused("NotFound", `nobody is ${whom} on this node, and ${nodes.silent} more did not answer`))
    }
    if (this.#agreement === undefined) finish(0)
    else this.#agreement.kick(whom, why, finish)
  }

  #ban({ forMs, reason, ...ban }: Extract<AdminRequest, { readonly _tag: "Ban" }>): AdminAnswer {
    const what = withoutPort(ban.what)
    const { bans } = this.#server.access
    const wall = this.#server.time.wall()
    const isNick = Cidr.parse(what) === undefined && Fingerprint.parse(what) === undefined
    const owner = isNick ? this.#server.directory.get(Nickname.key(what)) : undefined
    if (isNick && owner === undefined)
      return refused("NotFound", `nobody here is called ${what}: name a fingerprint, or addresses such as 192.0.2.0/24`)
    if (isNick && owner?.identity === undefined)
      return refused("NotPossible", `${what} has no identity: ban the address (who ${what} tells it)`)
    const made = {
      what: owner?.identity?.fingerprint ?? what,
      since: wall,
      ...(forMs === undefined ? {} : { until: wall + forMs }),
      ...(reason === undefined ? {} : { reason })
    }
    const fault = bans.ban(made, wall)
    if (fault === "Full") return refused("NotPossible", "there are too many bans: allow some, or ban larger blocks")
    if (fault !== undefined) return refused("Unreadable", `${what} is no block of addresses, fingerprint or nickname`)
    return this.#done(made.what, this.#end(meant(this.#server.sessions(), made.what), banned(made)))
  }

  /** Frees a nickname that is reserved, and one that is kept for an identity. */
  #release(nick: string, done: (answer: AdminAnswer) => void): void {
    const nickname = Nickname.parse(nick)
    if (Either.isLeft(nickname)) {
      done(refused("Unreadable", `the nickname ${nickname.left}`))
      return
    }
    const { right } = nickname
    const wasReserved = this.#server.access.bans.release(right, this.#server.time.wall())
    this.#server.registry.forget(right, (answer) => {
      if (typeof answer !== "boolean") done(refused("NotPossible", answer.message))
      else if (answer || wasReserved) done(this.#done(right.text))
      else done(refused("NotFound", `${right.text} is neither reserved nor kept for anybody`))
    })
  }

  #reserve(nick: string): AdminAnswer {
    const { bans } = this.#server.access
    const nickname = Nickname.parse(nick)
    if (Either.isLeft(nickname)) return refused("Unreadable", `the nickname ${nickname.left}`)
    const { right } = nickname
    return bans.reserve(right, this.#server.time.wall())
      ? this.#done(right.text)
      : refused("NotPossible", "too many nicknames are reserved")
  }

  #limits(set: Parameters<typeof AdminLimits.change>[1] | undefined): AdminAnswer {
    const changes = set === undefined ? {} : AdminLimits.change(this.#server.settings, set)
    if (typeof changes === "string")
      return refused("NotPossible", `${changes} cannot be changed while the server runs, or not to that value`)
    if (set !== undefined) this.#server.change(changes)
    return { _tag: "Limits", limits: AdminLimits.all(this.#server.settings) }
  }

  #addToken(name: string): AdminAnswer {
    const { tokens } = this.#server.access
    if (tokens === undefined) return NO_TOKENS
    if (!HOLDER.test(name))
      return refused("Unreadable", "a token's name is a word of letters, digits and . _ @ -, at most 64")
    const token = tokens.add(name, this.#random(RANDOM_BYTES), this.#server.time.wall())
    if (token === undefined) return refused("NotPossible", "there are too many tokens: revoke some")
    return { _tag: "Token", name, id: token.slice(0, token.indexOf(".")), token }
  }

  #revoke(which: string): AdminAnswer {
    const { tokens } = this.#server.access
    if (tokens === undefined) return NO_TOKENS
    const ids = tokens.revoke(which, this.#server.time.wall())
    if (ids.length === 0) return refused("NotFound", `there is no token called ${which}`)
    const theirs = [...this.#server.sessions()].filter(({ holder }) => holder !== undefined && ids.includes(holder.id))
    return this.#done(which, this.#end(theirs, REVOKED))
  }

  #end(sessions: ReadonlyArray<SessionDriver>, why: string): number {
    for (const session of sessions) this.#server.kick(session, why)
    return sessions.length
  }

  #done(what: string, ended = 0): Extract<AdminAnswer, { readonly _tag: "Done" }> {
    return { _tag: "Done", what, ended, kept: this.#server.access.keepsBans }
  }
}

/** The address alone, where it is one with a port, as `who` shows it. */
const withoutPort = (what: string): string => Endpoint.parse(what)?.address ?? what

/** What counts on all nodes. */
const FOR_ALL = new Set<AdminRequest["_tag"]>(["Ban", "Allow", "Reserve", "Release", "AddToken", "RevokeToken"])

/** Entries of one answer. */
const PAGE = 200
/** Sessions that are looked at for one answer, some half a millisecond; clients have their turn before the next one. */
const MAX_LOOKED = 1_000

const paged = <A>(all: ReadonlyArray<A>, after = 0): { readonly page: ReadonlyArray<A>; readonly next?: number } => {
  const page = all.slice(after, after + PAGE)
  return after + PAGE < all.length ? { page, next: after + PAGE } : { page }
}

const refused = (code: Extract<AdminAnswer, { readonly _tag: "Refused" }>["code"], message: string): AdminAnswer => ({
  _tag: "Refused",
  code,
  message
})

const NO_TOKENS = refused("NotPossible", "this server has no tokens of single people: start it with --tokens FILE")
