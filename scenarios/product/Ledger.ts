import type { ClientEvent } from "../../src/core/client/Events.js"
import type { MessageId } from "../../src/domain/MessageId.js"

/**
 * The reference model: what the users of all clients did and saw, and what they must and must not see. It knows nothing
 * of packets, connections or retries. Everything is told to it as it happens; the first thing that breaks a law stays
 * in
 * `problem`, which every scenario watches.
 *
 * A person keeps its name; each start of its client is a `life`. What a life had in memory ends with it, but not what
 * it had accepted: that is delivered by a later one, and no other consent is needed for it than what was given when it
 * was written.
 */
export class Ledger {
  /** The first law that was broken, and how. */
  problem: string | undefined
  readonly stats = { accepted: 0, shown: 0, delivered: 0, refused: 0, mutual: 0 }
  private readonly people = new Map<string, Memory>()
  private readonly lines: Array<Line> = []
  /** Accepted, neither delivered nor dropped: in the order of their acceptance. */
  private readonly open = new Set<Line>()
  private readonly byId = new Map<MessageId, Line>()
  /** Everybody who has ever asked for somebody: `alice>bob`. */
  private readonly everAsked = new Set<string>()
  /** Whom users have asked for and not left since, in whatever life. */
  private readonly standing = new Set<string>()
  /** All keys that a person has ever registered. */
  private readonly keys = new Map<string, Set<string>>()

  /** A client of `name` starts, with nothing in memory. */
  begin(name: string): void {
    this.people.set(name, new Memory(this.memory(name).life + 1))
  }

  lifeOf(name: string): number {
    return this.memory(name).life
  }

  /**
   * The user begins to ask for `peer`: from here on text may flow, because the introduction may be there before the
   * reply.
   */
  asks(name: string, peer: string): void {
    this.relation(name, peer).asking++
    this.everAsked.add(pair(name, peer))
  }

  /** The question was answered. */
  asked(name: string, peer: string, success: boolean, life: number): void {
    if (this.lifeOf(name) !== life) return
    const relation = this.relation(name, peer)
    relation.asking--
    if (success) this.standing.add(pair(name, peer))
    if (success) relation.asked = true
    if (success) relation.everAsked = true
  }

  /** The user ends the conversation: consent is withdrawn and what was not delivered is dropped. */
  leaves(name: string, peer: string): void {
    const relation = this.relation(name, peer)
    relation.asked = false
    this.standing.delete(pair(name, peer))
    relation.connected = undefined
    relation.stale++
    for (const line of this.open) if (line.from === name && line.to === peer) this.open.delete(line)
  }

  /** The user joins a group that `peer` is in: consent to talk to each member, who is asked for. */
  consents(name: string, peer: string): void {
    this.everAsked.add(pair(name, peer))
    this.standing.add(pair(name, peer))
    this.relation(name, peer).everAsked = true
  }

  /**
   * The machine of `name` lost power before this was flushed. What was not flushed was promised to nobody: a message
   * that was accepted may be gone, and one that was shown may be shown again if its author forgets its delivery, too.
   */
  forgets(name: string, what: "accepted" | "shown" | "delivered", id: MessageId): void {
    const line = this.byId.get(id)
    if (line === undefined) return
    if (what === "accepted" && line.from === name) this.open.delete(line)
    if (what === "accepted") return
    line.forgotten.add(what)
    if (line.forgotten.size === 2) line.delivered = undefined
  }

  /** The same, of the end of a conversation: it goes on as if the user had not left. */
  forgetsLeaving(name: string, peer: string): void {
    this.standing.add(pair(name, peer))
  }

  /**
   * Whether the user has asked for `peer` and not left since: the only time at which text may leave this machine for
   * it.
   */
  mayWrite(name: string, peer: string): boolean {
    return this.standing.has(pair(name, peer)) || this.relation(name, peer).asking > 0
  }

  hasAsked(name: string, peer: string): boolean {
    return this.relation(name, peer).asked
  }

  /** The user is about to say something: the text to say, which names its author, its reader and its place. */
  compose(name: string, peer: string, filler: string): string {
    const line: Line = {
      from: name,
      to: peer,
      number: this.lines.length,
      life: this.lifeOf(name),
      text: "",
      shownTo: new Set(),
      delivered: undefined,
      forgotten: new Set()
    }
    line.text = `${MARK}${name}>${peer}#${line.number}] ${filler}`
    this.lines.push(line)
    return line.text
  }

  accepted(text: string, id: MessageId): void {
    const line = this.parse(text)!
    if (!this.mayWrite(line.from, line.to)) this.broken("law 2", `${line.from} may write to ${line.to} unasked`)
    if (line.delivered === undefined) this.open.add(line)
    this.byId.set(id, line)
    this.stats.accepted++
  }

  refused(text: string, code: string): void {
    const { from, to } = this.parse(text)!
    this.stats.refused++
    if (code === "NotConnected" && this.hasAsked(from, to))
      this.broken("law 3", `${from} cannot write to ${to}: ${code}`)
  }

  /** A packet of `name` is about to be sealed with these bytes in it. */
  sealed(name: string, plaintext: Uint8Array): void {
    const at = markIn(plaintext)
    if (at < 0) return
    const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
    const text = bytes.toString("latin1", at)
    const begin = text.indexOf(`${MARK}${name}>`)
    if (begin < 0) return
    const after = begin + MARK.length + name.length + 1
    const peer = /^[a-z]+(?=#)/.exec(text.slice(after, begin + 64))?.[0]
    if (peer !== undefined && !this.mayWrite(name, peer)) {
      this.broken("law 2", `text of ${name} left for ${peer}, whom ${name} has not asked for`)
    }
  }

  /** Bytes on the wire, where nobody may be able to read what people say. */
  wire(from: string, data: Uint8Array): void {
    if (markIn(data) >= 0) this.broken("law 4", `a packet of ${from} shows what people say`)
  }

  /** The application of `name` is done with an event. */
  event(name: string, event: ClientEvent): void {
    switch (event._tag) {
      case "Registered":
        this.keysOf(name).add(event.fingerprint)
        return
      case "Connected":
      case "Disconnected":
        this.link(name, event)
        return
      case "Mutual":
        this.stats.mutual++
        if (!this.everAsked.has(pair(event.nick, name)) || !this.everAsked.has(pair(name, event.nick))) {
          this.broken("law 2", `${name} and ${event.nick} count as mutual, but not both have asked`)
        }
        return
      case "Incoming":
        if (!this.everAsked.has(pair(event.nick, name))) {
          this.broken("law 4", `${name} is told that ${event.nick} asked`)
        }
        return
      case "Message":
        this.shown(name, event.from, event.text, event.id)
        return
      case "Delivered":
        this.delivered(name, event.nick, event.id)
        return
      case "Failed":
        if (event.nick !== undefined) this.refusedKey(event.code, event.nick)
    }
  }

  /** A changed key was refused: right if the key has changed. */
  refusedKey(code: string, peer: string): void {
    if (code === "KeyChanged" && this.keysOf(peer).size < 2) {
      this.broken("law 4", `the key of ${peer} is refused, which never changed`)
    }
  }

  /**
   * Accepted messages that have to be delivered yet. Of a confirmation that a former life was to get, nobody may hear.
   */
  get outstanding(): ReadonlyArray<Line> {
    return [...this.open].filter((line) => line.shownTo.size === 0 || this.lifeOf(line.from) === line.life)
  }

  private link(name: string, event: ClientEvent & { readonly _tag: "Connected" | "Disconnected" }): void {
    const relation = this.relation(name, event.nick)
    if (event._tag === "Connected") {
      // A slow reader may hear of connections of a conversation that it has left since, and of how they ended, but
      // never of the end of the last one.
      if (relation.connected === true && relation.stale-- <= 0)
        this.broken("events", `${name} is connected to ${event.nick} twice`)
      if (!this.everAsked.has(pair(name, event.nick)) && !this.everAsked.has(pair(event.nick, name))) {
        this.broken("law 2", `${name} and ${event.nick} are connected, but neither has asked`)
      }
      relation.connected = true
      return
    }
    const { reason } = event
    if (relation.connected === false && reason !== "unreachable" && reason !== "closed") {
      this.broken("events", `${name} is disconnected (${reason}) from ${event.nick}, but was not connected`)
    }
    relation.connected = false
  }

  private shown(name: string, from: string, text: string, id: MessageId): void {
    const line = this.parse(text)
    if (line === undefined || line.from !== from || line.to !== name) {
      this.broken("law 4", `${name} is shown ${JSON.stringify(text.slice(0, 60))} as of ${from}, who never said it`)
      return
    }
    const relation = this.relation(name, from)
    const life = this.lifeOf(name)
    const what = `#${line.number} of ${from} to ${name}`
    this.stats.shown++
    // A crash may have come between acceptance and its answer.
    this.byId.set(id, line)
    if (line.shownTo.has(life)) this.broken("law 3", `${what} is shown twice`)
    if (line.delivered !== undefined) this.broken("law 3", `${what} is shown again after its delivery was confirmed`)
    if (line.number < relation.lastShown) this.broken("law 3", `${what} is shown after #${relation.lastShown}`)
    const skipped = [...this.open].find((other) => isBefore(other, line) && other.shownTo.size === 0)
    if (skipped !== undefined) this.broken("law 3", `${what} is shown, but #${skipped.number} before it was not`)
    line.shownTo.add(life)
    relation.lastShown = line.number
    if (relation.everAsked || this.mayWrite(name, from)) return
    relation.uninvited++
    if (relation.uninvited > CREDIT)
      this.broken("law 2", `${name} is shown more than ${CREDIT} messages of ${from}, unasked`)
  }

  private delivered(name: string, peer: string, id: MessageId): void {
    const line = this.byId.get(id)
    this.stats.delivered++
    if (line === undefined || line.from !== name || line.to !== peer) {
      this.broken("law 3", `${name} learns that ${id} was delivered to ${peer}, and never sent it`)
      return
    }
    const life = this.lifeOf(name)
    if (line.delivered === life) this.broken("law 3", `#${line.number} of ${name} counts as delivered twice`)
    if (line.shownTo.size === 0)
      this.broken("law 3", `#${line.number} of ${name} counts as delivered before it was shown`)
    line.delivered = life
    this.open.delete(line)
  }

  private parse(text: string): Line | undefined {
    const number = /^\[said:[a-z]+>[a-z]+#(\d+)\]/.exec(text)?.[1]
    const line = number === undefined ? undefined : this.lines[Number(number)]
    return line?.text === text ? line : undefined
  }

  /** A law does not hold. */
  broken(law: string, what: string): void {
    this.problem ??= `${law}: ${what}`
  }

  private memory(name: string): Memory {
    const known = this.people.get(name) ?? new Memory(0)
    this.people.set(name, known)
    return known
  }

  private relation(name: string, peer: string): Relation {
    const { relations } = this.memory(name)
    const known = relations.get(peer) ?? new Relation()
    relations.set(peer, known)
    return known
  }

  private keysOf(name: string): Set<string> {
    const known = this.keys.get(name) ?? new Set()
    this.keys.set(name, known)
    return known
  }
}

/** What a living client has in memory. */
class Memory {
  readonly relations = new Map<string, Relation>()

  constructor(readonly life: number) {}
}

/** What one life of a client has had to do with one peer. */
class Relation {
  asking = 0
  asked = false
  everAsked = false
  /** `undefined`: right after we left, when an earlier event may still be on its way to the user. */
  connected: boolean | undefined = false
  /** Conversations that we left, after which a new connection may be told while the last one seems to be there. */
  stale = 0
  lastShown = -1
  /** Messages that were shown before this side had ever asked. */
  uninvited = 0
}

interface Line {
  readonly from: string
  readonly to: string
  readonly number: number
  /** Of the author, when it was written. */
  readonly life: number
  text: string
  /** Lives of the reader that were shown it. */
  readonly shownTo: Set<number>
  /** The life of the author that was told of the delivery; a later one may be told again. */
  delivered: number | undefined
  /** What its reader and its author have forgotten of it. */
  readonly forgotten: Set<"shown" | "delivered">
}

const isBefore = (other: Line, line: Line): boolean =>
  other.from === line.from && other.to === line.to && other.number < line.number

const pair = (name: string, peer: string): string => `${name}>${peer}`

/** What everything that people say in a scenario begins with. Ciphertext has these six bytes once in 10^14. */
const MARK = "[said:"

/** Its codes. */
const MARK_BYTES = new TextEncoder().encode(MARK)

/** Where `MARK` stands first; negative when it does not. All packets are looked at, so this is about the bracket. */
const markIn = (bytes: Uint8Array): number => {
  for (let at = bytes.indexOf(MARK_BYTES[0]!); at >= 0; at = bytes.indexOf(MARK_BYTES[0]!, at + 1))
    if (MARK_BYTES.every((byte, index) => bytes[at + index] === byte)) return at
  return -1
}

/** Messages that somebody may write to us before we ask back (docs/protocol.md). */
const CREDIT = 16
