import * as Either from "effect/Either"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { NoSuchKey } from "./ClientError.js"
import { noSuchKey } from "./ErrorTexts.js"

/** Keys that a program names by whole fingerprints before anybody has shown them. */
export class GivenKeys {
  static readonly none = new GivenKeys(new Set(), new Map())

  private constructor(
    private readonly known: ReadonlySet<string>,
    /** By what the nickname looks like: whoever looks like somebody pinned has to be them. */
    private readonly pins: ReadonlyMap<string, Fingerprint.Fingerprint>
  ) {}

  /** `known` are people, `pins` whose the nicknames are; or what is wrong with them. */
  static make(known: ReadonlyArray<string> = [], pins: Readonly<Record<string, string>> = {}): GivenKeys | NoSuchKey {
    const people = known.map(Fingerprint.parse)
    const owners = Object.entries(pins).map(([nick, text]) => ({
      nick: Nickname.parse(nick),
      key: Fingerprint.parse(text)
    }))
    const nicknames = new Map<string, Fingerprint.Fingerprint>()
    for (const { key, nick } of owners) {
      if (Either.isLeft(nick)) return noSuchKey(`a key is pinned to what is no nickname: it ${nick.left}`)
      if (key === undefined) return unreadable(`the key that is pinned to ${nick.right.text}`)
      nicknames.set(nick.right.lookalike, key)
    }
    const unread = people.indexOf(undefined)
    if (unread >= 0) return unreadable(`known key ${unread + 1}`)
    return new GivenKeys(new Set(people as ReadonlyArray<Fingerprint.Fingerprint>), nicknames)
  }

  /** Whether this key is somebody's whom the program says it knows. */
  has(fingerprint: string): boolean {
    return this.known.has(fingerprint)
  }

  /** The key that whoever is called so has to have. */
  pinned(nick: string): Fingerprint.Fingerprint | undefined {
    if (this.pins.size === 0) return undefined
    return Either.match(Nickname.parse(nick), {
      onLeft: () => undefined,
      onRight: ({ lookalike }) => this.pins.get(lookalike)
    })
  }
}

const unreadable = (which: string) => noSuchKey(`${which}: a whole fingerprint has 30 digits in six groups of five`)
