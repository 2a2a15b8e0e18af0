import * as Either from "effect/Either"
import { HOLDER, RANDOM_BYTES } from "../core/rendezvous/Tokens.js"
import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import type { AdminAnswer, AdminRequest, AdminSession } from "../protocol/Admin.js"
import { banned } from "./Access.js"
import * as AdminLimits from "./AdminLimits.js"
import type { Hub } from "./Hub.js"
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

  /** `drain` lets nobody in any more, and sends those who are here on within that time. */
  constructor(server: Operated, random: (length: number) => Uint8Array, drain: (withinMs: number) => void) {
    this.#server = server
    this.#random = random
    this.#drain = drain
  }

  /** Calls `done` once, when what was asked has been done. */
  ask(request: AdminRequest, done: (answer: AdminAnswer) => void): void {
    if (request._tag === "Release") this.#release(request.nick, done)
    else done(this.#answer(request))
  }

  #answer(request: Exclude<AdminRequest, { readonly _tag: "Release" }>): AdminAnswer {
    const { bans, tokens } = this.#server.access
    const wall = this.#server.time.wall()
    switch (request._tag) {
      case "Who":
        return this.#who(request.match?.toLowerCase(), request.after ?? 0)
      case "Kick":
        return this.#kick(request)
      case "Ban":
        return this.#ban(request)
      case "Allow":
        return bans.allow(request.what, wall)
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
    let last = 0
    for (const driver of this.#server.sessions()) {
      // Session ids grow, so a page goes on behind the last one however many have left.
      if (driver.number <= after) continue
      const shown = this.#shown(driver)
      const texts = [shown.nick ?? "", shown.address, shown.holder ?? ""]
      if (match !== undefined && !texts.some((text) => text.toLowerCase().includes(match))) continue
      if (found.length === PAGE) return { _tag: "Sessions", sessions: found, next: last }
      found.push(shown)
      last = driver.number
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

  #kick({ reason, whom }: Extract<AdminRequest, { readonly _tag: "Kick" }>): AdminAnswer {
    const why = `the operator of this server has ended this session${reason === undefined ? "" : `: ${reason}`}`
    const ended = this.#end(this.#meant(whom), why)
    return ended > 0 ? this.#done(whom, ended) : refused("NotFound", `nobody here is ${whom}`)
  }

  #ban({ forMs, reason, what }: Extract<AdminRequest, { readonly _tag: "Ban" }>): AdminAnswer {
    const { bans } = this.#server.access
    const wall = this.#server.time.wall()
    const isNick = Cidr.parse(what) === undefined && Fingerprint.parse(what) === undefined
    const owner = isNick ? this.#server.directory.get(Nickname.key(what)) : undefined
    if (isNick && owner === undefined)
      return refused("NotFound", `nobody here is called ${what}: name a fingerprint, or addresses such as 192.0.2.0/24`)
    if (isNick && owner?.identity === undefined)
      return refused("NotPossible", `${what} has no identity: ban the address (who ${what} tells it)`)
    const ban = {
      what: owner?.identity?.fingerprint ?? what,
      since: wall,
      ...(forMs === undefined ? {} : { until: wall + forMs }),
      ...(reason === undefined ? {} : { reason })
    }
    const fault = bans.ban(ban, wall)
    if (fault === "Full") return refused("NotPossible", "there are too many bans: allow some, or ban larger blocks")
    if (fault !== undefined) return refused("Unreadable", `${what} is no block of addresses, fingerprint or nickname`)
    return this.#done(ban.what, this.#end(this.#meant(ban.what), banned(ban)))
  }

  /** Frees a nickname that is reserved, and one that is kept for an identity. */
  #release(nick: string, done: (answer: AdminAnswer) => void): void {
    const nickname = Nickname.parse(nick)
    if (Either.isLeft(nickname)) {
      done(refused("Unreadable", `the nickname ${nickname.left}`))
      return
    }
    const { right } = nickname
    const wasReserved = this.#server.access.bans.release(right)
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
    return bans.reserve(right) ? this.#done(right.text) : refused("NotPossible", "too many nicknames are reserved")
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
    const ids = tokens.revoke(which)
    if (ids.length === 0) return refused("NotFound", `there is no token called ${which}`)
    const theirs = [...this.#server.sessions()].filter(({ holder }) => holder !== undefined && ids.includes(holder.id))
    return this.#done(which, this.#end(theirs, "this access token was revoked"))
  }

  /** The sessions of this nickname, fingerprint, block of addresses, number (`#12`) or holder. */
  #meant(whom: string): ReadonlyArray<SessionDriver> {
    const all = [...this.#server.sessions()]
    if (/^#[0-9]+$/.test(whom)) return all.filter(({ number }) => String(number) === whom.slice(1))
    const block = Cidr.parse(whom)
    if (block !== undefined)
      return all.filter(({ connection }) => Cidr.contains(block, Endpoint.toBytes(connection.remote)))
    const fingerprint = Fingerprint.parse(whom)
    const key = Nickname.key(whom)
    return all.filter(({ holder, registration }) =>
      fingerprint === undefined
        ? registration?.nickname.key === key || holder?.name === whom
        : registration?.identity?.fingerprint === fingerprint
    )
  }

  #end(sessions: ReadonlyArray<SessionDriver>, why: string): number {
    for (const session of sessions) this.#server.kick(session, why)
    return sessions.length
  }

  #done(what: string, ended = 0): AdminAnswer {
    return { _tag: "Done", what, ended, kept: this.#server.access.keepsBans }
  }
}

/** Entries of one answer. */
const PAGE = 200

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
