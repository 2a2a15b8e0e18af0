import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Fingerprint } from "../../domain/Fingerprint.js"
import { PeerId } from "../../domain/PeerId.js"

/**
 * Which identity answers to which nickname: pinned at first use, as SSH does with hosts (docs/protocol.md §1.5). A
 * plain table; the profile keeps it in `known-peers.json`.
 */
export class Pins {
  #changes = 0

  private constructor(private readonly table: Map<string, Pin>) {}

  static empty(): Pins {
    return new Pins(new Map())
  }

  /** From the content of `known-peers.json`; `undefined` when it is not what `encode` writes. */
  static decode(text: string): Pins | undefined {
    const file = decodeFile(text)
    return Either.isRight(file) ? new Pins(new Map(file.right.peers.map(({ key, ...pin }) => [key, pin]))) : undefined
  }

  encode(): string {
    const file: typeof File.Type = { version: 1, peers: Array.from(this.table, ([key, pin]) => ({ key, ...pin })) }
    return `${JSON.stringify(file, undefined, 2)}\n`
  }

  /** The pin of a nickname, by its `Nickname` key. */
  get(key: string): Pin | undefined {
    return this.table.get(key)
  }

  /** Pins a nickname, over an earlier pin too. `false`, and nothing is pinned, when the table is full. */
  set(key: string, pin: Pin): boolean {
    if (!this.table.has(key) && this.table.size >= MAX_PINS) return false
    this.table.set(key, pin)
    this.#changes++
    return true
  }

  /** Grows with each change, so that whoever writes the table knows whether there is something to write. */
  get revision(): number {
    return this.#changes
  }
}

/**
 * People somebody has talked to in a lifetime, and some; the file then has 2 MB. No pin is ever dropped to make room.
 */
export const MAX_PINS = 10_000

const Pin = Schema.Struct({
  /** As it was written when it was pinned. */
  nick: Schema.String.pipe(Schema.maxLength(256)),
  /** Ed25519 public key, unpadded base64url of 32 bytes. */
  identity: PeerId,
  fingerprint: Fingerprint,
  /** ms since 1970 UTC. */
  firstSeen: Schema.JsonNumber
})
export type Pin = typeof Pin.Type

/** A list, not an object by key: `__proto__` is a nickname like any other. */
const File = Schema.Struct({
  version: Schema.Literal(1),
  peers: Schema.Array(Schema.Struct({ key: Schema.String.pipe(Schema.maxLength(512)), ...Pin.fields })).pipe(
    Schema.maxItems(MAX_PINS)
  )
})

const decodeFile = Schema.decodeUnknownEither(Schema.parseJson(File))
