import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isServerKey } from "../../domain/Certificate.js"

/**
 * Servers whose links were encrypted, by their name (`domain/ServerName`), and what is to be seen there again. A plain
 * table; the profile keeps it in `known-servers.json`.
 */
export class ServerPins {
  #revision = 0

  private constructor(private readonly table: Map<string, ServerPin>) {}

  static empty(): ServerPins {
    return new ServerPins(new Map())
  }

  /** From the content of `known-servers.json`; `undefined` when it is not what `encode` writes. */
  static decode(text: string): ServerPins | undefined {
    const file = decodeFile(text)
    if (Either.isLeft(file)) return undefined
    return new ServerPins(new Map(file.right.servers.map(({ server, ...pin }) => [server, pin])))
  }

  encode(): string {
    const servers = Array.from(this.table, ([server, pin]) => ({ server, ...pin }))
    const file: typeof File.Type = { version: 1, servers }
    return `${JSON.stringify(file, undefined, 2)}\n`
  }

  get(server: string): ServerPin | undefined {
    return this.table.get(server)
  }

  /** Over an earlier pin too. `false`, and nothing is pinned, when the table is full. */
  set(server: string, pin: ServerPin): boolean {
    if (!this.table.has(server) && this.table.size >= MAX_SERVERS) return false
    this.table.set(server, pin)
    this.#revision++
    return true
  }

  /** Grows with each change. */
  get revision(): number {
    return this.#revision
  }
}

/** More than anybody talks through; no pin is dropped to make room. */
export const MAX_SERVERS = 1_000

const ServerPin = Schema.Struct({
  /** The only key to be seen there; none where it may change, as long as an authority vouches for it. */
  key: Schema.optionalWith(Schema.String.pipe(Schema.filter(isServerKey)), { exact: true }),
  /** ms since 1970 UTC. */
  firstSeen: Schema.JsonNumber
})
export type ServerPin = typeof ServerPin.Type

/** A list, not an object by name: `__proto__` is a name like any other. */
const File = Schema.Struct({
  version: Schema.Literal(1),
  servers: Schema.Array(Schema.Struct({ server: Schema.String.pipe(Schema.maxLength(300)), ...ServerPin.fields })).pipe(
    Schema.maxItems(MAX_SERVERS)
  )
})

const decodeFile = Schema.decodeUnknownEither(Schema.parseJson(File))
