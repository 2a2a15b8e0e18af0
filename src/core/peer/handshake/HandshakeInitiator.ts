import { CONNECTION_BYTES } from "../../../protocol/Handshake.js"
import { NEVER } from "../../support/Deadline.js"
import type { AssociationContext } from "../AssociationContext.js"
import type { Connection } from "../Connection.js"
import type { Conversation } from "../chat/Conversation.js"
import type { Route } from "../Route.js"
import { Attempt, type AttemptKind } from "./Attempt.js"
import { openRetry } from "./Handshake.js"
import * as Terms from "./HandshakeTerms.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * Begins our handshake with a peer, sends it again until it is answered, makes it anew from time to time, and gives it
 * up in the end. At most one is open at a time.
 */
export class HandshakeInitiator {
  readonly #context: AssociationContext
  readonly #conversation: Conversation
  readonly #onIndex: (attempt: Attempt) => void
  #attempt: Attempt | undefined
  #planned: { readonly introduction: OpenIntroduction; readonly at: number } | undefined

  constructor(
    context: AssociationContext,
    conversation: Conversation,
    /** Called whenever `attempt` has a new index: answers to it carry that index from now on. */
    onIndex: (attempt: Attempt) => void
  ) {
    this.#context = context
    this.#conversation = conversation
    this.#onIndex = onIndex
  }

  /** The open handshake; `undefined` when there is none. */
  get open(): Attempt | undefined {
    return this.#attempt
  }

  /** When there is something to be done. */
  get timeout(): number {
    return this.#attempt?.timeout ?? this.#planned?.at ?? NEVER
  }

  /**
   * Leaves the first move to the peer, who has just asked for us and whose HS1 comes over the relay: two that cross
   * cost both sides another set of curve operations, and are no sooner done.
   */
  plan(introduction: OpenIntroduction, now: number): void {
    this.#planned = { introduction, at: now + CALLER_FIRST }
  }

  /** On which introduction a handshake is to begin now, since the peer has not begun one. */
  takePlanned(now: number): OpenIntroduction | undefined {
    const planned = this.#planned
    if (planned === undefined || now < planned.at) return undefined
    this.#planned = undefined
    planned.introduction.stopOpening()
    return planned.introduction
  }

  /**
   * Begins a handshake, and forgets the one that was open. `false` when no HS1 can be made (see
   * `HandshakeTerms.request`).
   */
  begin({ introduction, isElsewhere, kind, rekeys, routes }: Beginning, now: number): boolean {
    this.drop()
    const localId = rekeys?.localId ?? this.#context.entropy.bytes(CONNECTION_BYTES)
    const current = this.#request(introduction, localId, rekeys, now)
    if (current === undefined) return false
    const active = rekeys?.paths.active
    const patience = active === undefined ? 0 : 1.5 * active.rtt.smoothed
    const attempt = new Attempt(kind, introduction, rekeys, localId, current, now, patience)
    // A handshake for new keys goes only to addresses that have proven to be the peer's: the one in use, or else all of
    // them. No other address needs to learn of it.
    for (const route of active?.proven === true ? [active.route] : (rekeys?.paths.provenRoutes ?? [])) {
      attempt.addRoute(route, true)
    }
    if (attempt.isEmpty || isElsewhere) for (const route of routes) attempt.addRoute(route, false)
    this.#attempt = attempt
    this.#onIndex(attempt)
    this.advance(now)
    return true
  }

  /** Sends HS1 again when that is due. Gives the attempt when its time was up and it was given up. */
  advance(now: number): Attempt | undefined {
    const attempt = this.#attempt
    if (attempt === undefined) return undefined
    if (now >= attempt.giveUpAt) {
      this.drop()
      return attempt
    }
    if (now < attempt.sendAt) return undefined
    if (attempt.isStale(now)) this.#renew(attempt, now)
    for (const route of attempt.takeRoutes(now)) this.#send(attempt, route, now)
    for (const route of attempt.rekeys?.paths.provenRoutes ?? []) attempt.addRoute(route, true)
    attempt.onSent(now, 1 + RESEND_JITTER * (this.#context.entropy.bytes(1)[0]! / 127.5 - 1))
    return undefined
  }

  /** The peer may be at these addresses. When one of them is new, HS1 is sent at once. */
  learn(routes: ReadonlyArray<Route>, now: number): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    if (routes.filter((route) => attempt.addRoute(route, false)).length > 0) attempt.sendNow(now)
  }

  /** The peer answered `attempt` with RETRY: it wants to see that we are there. */
  retry(attempt: Attempt, packet: Uint8Array, route: Route, now: number): void {
    const { crypto, staticKeys } = this.#context
    const { initiation, introduction } = attempt
    const terms = {
      crypto,
      pairKey: introduction.pairKey,
      hs1: initiation.packet,
      receiverStatic: staticKeys.publicKey
    }
    const cookie = openRetry(terms, packet)
    if (cookie !== undefined && attempt.learnCookie(route, cookie, now)) this.#send(attempt, route, now)
  }

  #send(attempt: Attempt, route: Route, now: number): void {
    const data = attempt.packetTo(this.#context.crypto, route, now)
    this.#context.transmit({ route, data, standing: attempt.rekeys?.paths.spend(route, data.length, now) ?? "named" })
  }

  /** The handshake was answered. Its index is not released: it stands for the new keys from now on. */
  complete(): void {
    this.#attempt = undefined
  }

  drop(): void {
    this.#planned = undefined
    if (this.#attempt === undefined) return
    this.#context.indexes.release(this.#attempt.index)
    this.#attempt = undefined
  }

  #renew(attempt: Attempt, now: number): void {
    const current = this.#request(attempt.introduction, attempt.localId, attempt.rekeys, now)
    if (current === undefined) return
    this.#context.indexes.release(attempt.index)
    attempt.renew(current, now)
    this.#onIndex(attempt)
  }

  #request(introduction: OpenIntroduction, localId: Uint8Array, rekeys: Connection | undefined, now: number) {
    return Terms.request(this.#context, this.#conversation, introduction, localId, rekeys?.remoteId, now)
  }
}

export interface Beginning {
  readonly kind: AttemptKind
  readonly introduction: OpenIntroduction
  /** The connection to get new keys; `undefined` when a new one is wanted. */
  readonly rekeys: Connection | undefined
  /** Addresses at which the peer may be, and its relay. */
  readonly routes: ReadonlyArray<Route>
  /**
   * Whether the connection came from another introduction than this one, which may name other addresses of the peer.
   */
  readonly isElsewhere: boolean
}

/** ms that a caller has to begin: until then it sends its HS1 for the second time. */
const CALLER_FIRST = 100
/**
 * Part of the resend interval by which it varies, so that two sides, or many clients after an outage, do not send in
 * step.
 */
const RESEND_JITTER = 0.2
