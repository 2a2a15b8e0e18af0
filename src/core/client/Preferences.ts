import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

/**
 * What our user has set for the programs that show them things, by names and values that only these understand. A plain
 * table; the profile keeps it in `settings.json`, where people may change it too.
 *
 * @since 0.1.0
 */
export class Preferences {
  #revision = 0

  private constructor(private readonly table: Map<string, string>) {}

  static empty(): Preferences {
    return new Preferences(new Map())
  }

  /** From the content of `settings.json`; `undefined` when it is no such table. */
  static decode(text: string): Preferences | undefined {
    const file = decodeFile(text)
    if (Either.isLeft(file)) return undefined
    return new Preferences(new Map(file.right.settings.map(({ name, value }) => [name, value])))
  }

  encode(): string {
    const settings = Array.from(this.table, ([name, value]) => ({ name, value }))
    const file: typeof File.Type = { version: 1, settings }
    return `${JSON.stringify(file, undefined, 2)}\n`
  }

  all(): ReadonlyMap<string, string> {
    return this.table
  }

  /** `undefined` takes the name out. `false`, and nothing is changed, when it is too long or there are too many. */
  set(name: string, value: string | undefined): boolean {
    const isMore = value !== undefined && !this.table.has(name)
    if (name.length > MAX_NAME || (value?.length ?? 0) > MAX_VALUE || (isMore && this.table.size >= MAX_SETTINGS))
      return false
    if (value === undefined) this.table.delete(name)
    else this.table.set(name, value)
    this.#revision++
    return true
  }

  /** Grows with each change. */
  get revision(): number {
    return this.#revision
  }
}

/** More than any program has to set. */
export const MAX_SETTINGS = 256
/** UTF-16 code units. */
const MAX_NAME = 64
const MAX_VALUE = 1024

/** A list, not an object by name: `__proto__` is a name like any other. */
const File = Schema.Struct({
  version: Schema.Literal(1),
  settings: Schema.Array(
    Schema.Struct({
      name: Schema.String.pipe(Schema.maxLength(MAX_NAME)),
      value: Schema.String.pipe(Schema.maxLength(MAX_VALUE))
    })
  ).pipe(Schema.maxItems(MAX_SETTINGS))
})

const decodeFile = Schema.decodeUnknownEither(Schema.parseJson(File))
