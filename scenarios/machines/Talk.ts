import type { Entry } from "../../src/core/journal/Entry.js"
import { Ledger } from "../../src/core/journal/Ledger.js"
import { ChatChannel } from "../../src/core/peer/chat/ChatChannel.js"
import { Conversation, CREDIT_MESSAGES } from "../../src/core/peer/chat/Conversation.js"
import { ours } from "../../src/core/peer/Features.js"
import type { JournalEntry } from "../../src/core/peer/Journal.js"
import type { PeerEvent } from "../../src/core/peer/PeerEvent.js"
import { PendingFrames } from "../../src/core/peer/recovery/PendingFrames.js"
import { CHAT_STREAM } from "../../src/core/peer/stream/StreamId.js"
import type { MessageId } from "../../src/domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
import { Writer } from "../../src/protocol/Bytes.js"
import { Rng } from "../../src/sim/kernel/Rng.js"

/**
 * What two say to each other over any number of connections and lives (`Conversation`, `ChatChannel`, and the journal's
 * `Ledger`), without packets: a connection is two pipes that keep order until it breaks. Programs are killed, machines
 * lose power, people ask for each other sooner or later, read slowly, and give up what has not been delivered.
 *
 * Nothing leaves before it was asked for and written down; what is recorded as shown is not shown again, and nothing
 * twice in one life, or out of order; `Delivered` is told once in a life, only of what is written down as shown, and
 * flushed here. In the end all that is written and was not given up has been shown.
 */
export const talk = (seed: number): string | undefined => {
  const rng = new Rng(seed).fork("talk")
  const table = new Table(rng)
  for (let left = rng.between(20, STEPS); left > 0 && table.problem === undefined; left--) table.step()
  table.settle()
  return table.problem
}

class Table {
  problem: string | undefined
  readonly #people: readonly [Person, Person]
  /** Texts of one person are numbered over all of its lives. */
  readonly texts = new Map<MessageId, { readonly number: number; readonly by: Person }>()

  constructor(readonly rng: Rng) {
    const [a, b] = [new Person(this, "a", 2), new Person(this, "b", 1)]
    this.#people = [a, b]
    this.#connect()
  }

  step(): void {
    const { rng } = this
    const person = this.#people[rng.below(2)]!
    const dice = rng.unit()
    if (dice < 0.2) person.say(rng.chance(0.05) ? rng.between(1_000, 20_000) : rng.below(80))
    else if (dice < 0.25) person.ask()
    else if (dice < 0.37) person.write()
    else if (dice < 0.43) person.flush()
    else if (dice < 0.55) person.read()
    else if (dice < 0.57) person.giveUp()
    else if (dice < 0.6) this.#connect()
    else if (dice < 0.63) {
      person.die(rng.chance(0.5))
      this.#connect()
    } else this.#carry(person, rng.between(1, 400))
  }

  /** Nothing fails any more: what is written has to be delivered. */
  settle(): void {
    this.#connect()
    for (const person of this.#people) person.ask()
    for (let round = 0; round < ROUNDS && this.problem === undefined; round++) {
      let isQuiet = true
      for (const person of this.#people) {
        person.write()
        person.flush()
        while (this.#carry(person, 1_200)) isQuiet = false
        person.read()
      }
      if (isQuiet && round > 1 && this.#people.every(({ isIdle }) => isIdle)) break
    }
    const [a, b] = this.#people
    for (const [by, to] of [
      [a, b],
      [b, a]
    ] as const) {
      const missing = by.kept.find((id) => !to.everShown.has(id))
      if (missing !== undefined) this.fail(`text ${this.texts.get(missing)!.number} of ${by.name} was never shown`)
      if (!by.isIdle) this.fail(`${by.name} still has ${by.conversation.undelivered} to deliver`)
      if (by.waiting > 0) this.fail(`the journal of ${by.name} has ${by.waiting} that wait`)
    }
  }

  fail(what: string): void {
    this.problem ??= what
  }

  otherThan(person: Person): Person {
    const [a, b] = this.#people
    return person === a ? b : a
  }

  /** A new connection; what was on the old one is lost. */
  #connect(): void {
    const [a, b] = this.#people
    const [before, other] = [a.terms, b.terms]
    a.connect(other)
    b.connect(before)
  }

  /** Brings up to `length` bytes, and what goes beside them, to the other side; whether there was anything. */
  #carry(person: Person, length: number): boolean {
    const other = this.otherThan(person)
    const { channel, conversation, pending } = person
    let isNews = false
    if (pending.consent) {
      pending.consent = false
      other.channel.onPeerConsent()
      isNews = true
    }
    if (pending.limits.delete(CHAT_STREAM)) {
      other.channel.stream.setLimit(channel.announceLimit())
      isNews = true
    }
    const next = conversation.next
    channel.fill()
    if (next !== undefined && conversation.next !== next) {
      if (!person.hasAsked) this.fail(`a text of ${person.name} leaves, who has not asked`)
      if (!person.isWritten(next.id)) this.fail(`a text of ${person.name} leaves that is not written down`)
    }
    const range = channel.stream.next(length)
    if (range === undefined) return isNews
    const data = new Uint8Array(range.end - range.start)
    channel.stream.writeTo(new Writer(data), range)
    channel.stream.onAcknowledged(range)
    if (!other.channel.receive(range.start, data)) this.fail(`${other.name} refuses what ${person.name} sends`)
    return true
  }
}

/** Somebody, over all lives of the program. */
class Person {
  conversation!: Conversation
  channel!: ChatChannel
  pending = new PendingFrames()
  /** Whether this life has asked for the other. */
  hasAsked = false
  /** What was ever shown to this person. */
  readonly everShown = new Set<MessageId>()
  /** What was ever written down as shown. */
  readonly recorded = new Set<MessageId>()
  /** Messages of ours whose end was forgotten with the power: they come again, after what has followed them. */
  readonly revived = new Set<MessageId>()
  readonly #peer: PeerId
  #ledger = new Ledger()
  #lines: Array<Entry> = []
  #flushed = 0
  /** Not written down yet. */
  #entries: Array<JournalEntry> = []
  #unflushed: Array<JournalEntry> = []
  #unread: Array<MessageId> = []
  #shownInLife = new Set<MessageId>()
  #toldInLife = new Set<MessageId>()
  #lastShown = -1
  #said = 0

  constructor(
    private readonly table: Table,
    readonly name: string,
    peer: number
  ) {
    this.#peer = peerIdOf(new Uint8Array(32).fill(peer))
    this.#begin()
  }

  /** What the other side is told of us as a connection begins. */
  get terms() {
    const { credit, consented } = this.conversation
    return {
      consent: consented,
      creditMessages: credit.messages,
      creditBytes: credit.bytes,
      features: ours("unknown", false)
    }
  }

  /** Messages of ours that are written down and were not given up. */
  get kept(): ReadonlyArray<MessageId> {
    const kept = new Set<MessageId>()
    for (const line of this.#lines) {
      if (line._tag === "Accepted") kept.add(line.id)
      if (line._tag === "Dropped") kept.clear()
      // It was shown, which the other side may have forgotten with its power since.
      if (line._tag === "Delivered") kept.delete(line.id)
    }
    return [...kept]
  }

  get waiting(): number {
    return this.#ledger.waiting().reduce((sum, { messages }) => sum + messages, 0)
  }

  get isIdle(): boolean {
    return this.conversation.undelivered === 0 && this.#entries.length === 0
  }

  isWritten(id: MessageId): boolean {
    return this.#lines.some((line) => line._tag === "Accepted" && line.id === id)
  }

  connect(terms: Person["terms"]): void {
    const { conversation } = this
    this.pending = new PendingFrames()
    conversation.restart()
    const emit = (event: PeerEvent) => this.#hear(event)
    this.channel = new ChatChannel(conversation, emit, this.pending, terms, conversation.consented)
    this.channel.announce()
  }

  say(length: number): void {
    const id = this.table.rng.fill(new Uint8Array(16))
    const number = this.#said
    const sent = this.conversation.send(`${number} ${"x".repeat(length)}`, id)
    if (typeof sent === "string") {
      this.#said++
      this.table.texts.set(sent, { number, by: this })
    } else if (sent._tag !== "NotConsented" || this.hasAsked) this.table.fail(`${this.name} cannot say: ${sent._tag}`)
  }

  ask(): void {
    if (this.hasAsked) return
    this.hasAsked = true
    this.conversation.consented = true
    this.channel.onConsentGiven()
    this.channel.resume()
  }

  giveUp(): void {
    this.conversation.dropOutbox()
  }

  /** The oldest message is shown. */
  read(): void {
    for (const id of this.#unread.splice(0, this.table.rng.between(1, 5))) this.conversation.shown(id)
    this.channel.resume()
  }

  write(): void {
    for (const entry of this.#entries.splice(0)) {
      const line: Entry = entry._tag === "Shown" ? { _tag: "Shown", peer: entry.peer, ids: [entry.id] } : entry
      this.#lines.push(line)
      if (entry._tag === "Shown") this.recorded.add(entry.id)
      this.#ledger.apply(line)
      this.#unflushed.push(entry)
      this.conversation.written(entry)
    }
    this.channel.resume()
  }

  flush(): void {
    this.#flushed = this.#lines.length
    for (const entry of this.#unflushed.splice(0)) this.conversation.flushed(entry)
    this.conversation.tellFlushed()
  }

  /** The program is killed, or the machine loses power, and what was not flushed with it. */
  die(isPower: boolean): void {
    const before = new Set(this.kept)
    if (isPower) this.#lines.length = this.table.rng.between(this.#flushed, this.#lines.length)
    for (const id of this.kept) if (!before.has(id)) this.revived.add(id)
    this.#flushed = this.#lines.length
    this.#begin()
  }

  #begin(): void {
    this.#ledger = new Ledger()
    for (const line of this.#lines) this.#ledger.apply(line)
    this.#entries = []
    this.#unflushed = []
    this.#unread = []
    this.#shownInLife = new Set()
    this.#toldInLife = new Set()
    this.#lastShown = -1
    this.hasAsked = false
    const ledger = this.#ledger
    this.conversation = new Conversation(this.#peer, (event) => this.#hear(event), {
      past: (peer) => ledger.past(peer),
      write: (entry) => this.#entries.push(entry)
    })
  }

  #hear(event: PeerEvent): void {
    const { texts } = this.table
    if (event._tag === "Message") {
      const { by, number } = texts.get(event.id)!
      if (by === this) this.table.fail(`${this.name} is shown what it has said`)
      if (!event.text.startsWith(`${number} `)) this.table.fail(`text ${number} of ${by.name} came as another`)
      if (this.#shownInLife.has(event.id)) this.table.fail(`text ${number} is shown to ${this.name} twice`)
      if (this.#lines.some((line) => line._tag === "Shown" && line.ids.includes(event.id)))
        this.table.fail(`text ${number}, which is recorded as shown, is shown to ${this.name} again`)
      if (number <= this.#lastShown && !this.everShown.has(event.id) && !by.revived.has(event.id))
        this.table.fail(`text ${number} comes after ${this.#lastShown}`)
      if (!this.hasAsked && this.#shownInLife.size >= CREDIT_MESSAGES)
        this.table.fail(`${this.name} is shown more than the credit allows`)
      this.#lastShown = Math.max(this.#lastShown, number)
      this.#shownInLife.add(event.id)
      this.everShown.add(event.id)
      this.#unread.push(event.id)
    }
    if (event._tag === "Delivered") {
      const { number } = texts.get(event.id)!
      if (this.#toldInLife.has(event.id)) this.table.fail(`${this.name} hears twice that ${number} was delivered`)
      this.#toldInLife.add(event.id)
      if (!this.table.otherThan(this).recorded.has(event.id))
        this.table.fail(`${this.name} hears that ${number} was delivered, which nobody has written down as shown`)
      if (!this.#lines.slice(0, this.#flushed).some((line) => line._tag === "Accepted" && line.id === event.id))
        this.table.fail(`${this.name} hears that ${number} was delivered before it is flushed`)
    }
  }
}

/** What happens at most before all must come right. */
const STEPS = 120
/** Enough for the largest texts through the smallest window, a few at a time. */
const ROUNDS = 200
