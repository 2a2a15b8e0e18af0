import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Ban, Bans } from "../core/rendezvous/Bans.js"
import { Tokens } from "../core/rendezvous/Tokens.js"
import type { Nickname } from "../domain/Nickname.js"
import type { RefusalBody } from "../protocol/ControlCodec.js"
import { Crypto } from "../services/Crypto.js"
import type { Store, StoreError } from "../services/Store.js"
import * as KeptFile from "./KeptFile.js"

/** What an operator decides about who may be on a server, and where it is kept. Without it nobody is kept out. */
export class Access extends Context.Tag("parley/server/Access")<Access, AccessLists>() {}

export interface AccessLists {
  readonly bans: Bans
  /** Whoever registers must show one of them, where there are any. */
  readonly tokens: Tokens | undefined
  /** Whether bans are kept over a restart. */
  readonly keepsBans: boolean
  /** What has changed is on the disk afterwards, where it is kept. */
  readonly save: Effect.Effect<void>
}

/** Nothing is decided yet, and nothing is kept. */
export const none = (): AccessLists => ({ bans: new Bans(), tokens: undefined, keepsBans: false, save: Effect.void })

/** Kept in these files, each of a store of its own, as long as the scope lives. */
export const keeping = (files: {
  readonly bans: KeptAt | undefined
  readonly tokens: KeptAt | undefined
}): Effect.Effect<AccessLists, StoreError, Crypto | Scope.Scope> =>
  Effect.gen(function* () {
    const bans = new Bans()
    const tokens = files.tokens === undefined ? undefined : new Tokens(yield* Crypto)
    const saveBans = yield* open(files.bans, bans, BANS)
    const saveTokens = tokens === undefined ? Effect.void : yield* open(files.tokens, tokens, TOKENS)
    return { bans, tokens, keepsBans: files.bans !== undefined, save: Effect.zipRight(saveBans, saveTokens) }
  })

export interface KeptAt {
  readonly name: string
  readonly store: Layer.Layer<Store>
}

/** What whoever is banned is told. */
export const banned = ({ reason, until }: Ban): string =>
  [
    "the operator of this server does not let you in",
    until === undefined ? "" : ` until ${new Date(until).toISOString().slice(0, 16).replace("T", " ")} UTC`,
    reason === undefined ? "" : `: ${reason}`
  ].join("")

/** The refusal of the operator, for this nickname and the identity of this fingerprint, if there is one. */
export const closedTo = (
  { bans }: AccessLists,
  nickname: Nickname,
  fingerprint: string | undefined,
  wall: number
): RefusalBody | undefined => {
  if (bans.size === 0) return undefined
  const ban = fingerprint === undefined ? undefined : bans.ofIdentity(fingerprint, wall)
  if (ban !== undefined) return { _tag: "Unauthorized", message: banned(ban) }
  if (!bans.isReserved(nickname)) return undefined
  return { _tag: "NickReserved", message: `"${nickname.text}" is reserved on this server` }
}

const open = (at: KeptAt | undefined, kept: KeptFile.Keepable, texts: KeptFile.KeptFileTexts) =>
  at === undefined
    ? Effect.succeed(Effect.void)
    : Effect.flatMap(Layer.build(at.store), (context) => Effect.provide(KeptFile.open(at.name, kept, texts), context))

const BANS: KeptFile.KeptFileTexts = {
  leftOut: "lines of the bans left out",
  notSaved: "the bans are not saved"
}

const TOKENS: KeptFile.KeptFileTexts = {
  leftOut: "lines of the tokens left out",
  notSaved: "the tokens are not saved"
}
