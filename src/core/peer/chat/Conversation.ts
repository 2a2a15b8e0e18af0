import { type MessageId, messageIdOf } from "../../../domain/MessageId.js"
import type { PeerId } from "../../../domain/PeerId.js"
import { MAX_MESSAGE } from "../../../protocol/ChatRecord.js"
import { type GroupRecord, groupOf, isNotice, MAX_PREFIX } from "../../../protocol/GroupRecord.js"
import type { Networks } from "../../nat/Networks.js"
import { Fifo } from "../../support/Fifo.js"
import { InOrder, type Place } from "../../support/InOrder.js"
import { RecentIds } from "../../support/RecentIds.js"
import { SmallTexts } from "../../support/SmallTexts.js"
import type { JournalEntry, Past } from "../Journal.js"
import type { PeerEvent } from "../PeerEvent.js"
import { Absence } from "./Absence.js"
import { OwnNetworks } from "./OwnNetworks.js"
import { ReadMarks } from "./ReadMarks.js"

/**
 * The messages between us and one peer, whichever connections carry them and however often these break.
 *
 * A message of ours enters the outbox, is handed to the connection in use in its turn, and leaves the outbox when the
 * other application has shown it. On a new connection everything that is still in the outbox is handed out again from
 * the start; the receiver knows the ids it has seen, so nothing is shown twice. A message of theirs is shown once, and
 * is confirmed when the application says so; a confirmation that was lost with its connection is made again when the
 * message comes again.
 *
 * `consented` says whether we asked for the peer: nothing leaves the outbox before that. Until then the other side may
 * say as much as `credit` allows, counted over all connections of this process and without repetitions.
 *
 * With a journal, a message of ours leaves only when it was written down, and a message of theirs is confirmed only
 * when it was written down that it was shown, or is about to be before anything more is shown. So a crash of either
 * side loses no message, and the next process goes on from what was written. None of this waits for the disk to be
 * flushed: what a loss of power takes of what was written harms nobody (docs/decisions.md), but `Delivered` is told
 * only of what was flushed.
 */
export class Conversation {
  readonly #journal: ConversationJournal | undefined
  /** Whether we asked for this peer. */
  consented = false
  /** What the peer may still say before we have asked for it. */
  readonly credit = { messages: CREDIT_MESSAGES, bytes: CREDIT_BYTES }

  readonly #outbox = new InOrder<Outgoing>()
  /** From here on they were not handed to the connection in use yet. */
  readonly #next = this.#outbox.place()
  /** `reportHeld` has examined the messages before it. */
  readonly #heldUpTo = this.#outbox.place()
  #outboxBytes = 0
  readonly #texts = new SmallTexts()
  /** Whether the journal may still hold messages of ours. */
  #lingers = false
  #nextSequence = 0
  /**
   * The messages of ours before this sequence would survive the end of the process, if there is a journal, and so may
   * leave.
   */
  #unwritten: number

  /** Ids of the messages of theirs that came last. */
  readonly #seen = new RecentIds(MAX_SEEN)
  /**
   * Messages of theirs whose confirmation was not sent yet: because they were not shown, or not written down as shown
   * (`isFull` bounds these, over any number of connections), or because it waits among `#receipts`.
   */
  readonly #unconfirmed = new Map<MessageId, Unconfirmed>()
  #unshownBytes = 0
  /** Confirmations to send, each once; at most `MAX_SEEN`. */
  readonly #receipts = new Fifo<MessageId>()
  /**
   * Messages of theirs that came on credit, at most `CREDIT_MESSAGES`. They are confirmed again on each connection,
   * because the sender may lack the credit to repeat them.
   */
  readonly #onCredit: Array<MessageId> = []
  /** What earlier processes were shown last, to be confirmed once more: the sender may lack the credit to repeat it. */
  #fromBefore: ReadonlyArray<MessageId> = []
  readonly #marks = new ReadMarks()
  /** What the peer has last said about being away on the connection in use. */
  #theirAbsence: string | undefined
  /** A loss of power may still take the messages of ours from this sequence on from us. */
  #unflushed: number
  /**
   * What the application is told when the messages up to a sequence (`#earlyUntil`) are flushed, in order: a message is
   * `sent` before it is anything else. An id alone is that of a delivered message: there may be thousands of these,
   * which would be twice as much to keep as events.
   */
  readonly #early: Array<Fate | MessageId> = []
  readonly #earlyUntil: Array<number> = []

  /** What the peer has last said of its networks, on whichever connection. */
  peerNetworks: Networks | undefined

  constructor(
    readonly peer: PeerId,
    /** Not `#`: the tests put a bug in here, which scenarios must find. */
    private readonly emit: (event: PeerEvent) => void,
    journal?: ConversationJournal,
    /** Whether our user is away. */
    readonly absence = new Absence(),
    readonly networks = new OwnNetworks()
  ) {
    this.#journal = journal
    const past = journal?.past(peer)
    this.#unflushed = journal === undefined ? Number.POSITIVE_INFINITY : (past?.nextSequence ?? 0)
    this.#unwritten = this.#unflushed
    if (past === undefined) return
    this.#nextSequence = past.nextSequence
    for (const message of past.outbox) this.#keep({ _tag: "Accepted", peer, ...message, held: false })
    this.#lingers = past.outbox.length > 0
    for (const id of past.delivered) this.#marks.onDelivered(id)
    for (const id of past.shown) if (!this.#seen.has(id)) this.#seen.add(id)
    this.#fromBefore = [...past.shown].slice(-MAX_FROM_BEFORE)
  }

  /** Whether the application has messages of theirs that it has not shown yet. */
  get isUnshown(): boolean {
    return this.#unshownBytes > 0
  }

  /** Messages of ours that the other application has not shown yet. */
  get undelivered(): number {
    return this.#outbox.size
  }

  /** Whether its bytes take less than half of the room for them. */
  get isRoomy(): boolean {
    return this.#outboxBytes <= MAX_OUTBOX_BYTES / 2
  }

  /**
   * Accepts a message of ours under the id made of `MESSAGE_ID_BYTES` fresh random bytes. `writtenAt` is ms since 1970
   * UTC; where it is left out, or cannot be one, the peer is told none. `group`, the body of a GROUP, goes with it; the
   * message may then wait for a peer that we are still to ask for.
   */
  send(text: string, randomId: Uint8Array, writtenAt = 0, group?: Uint8Array): MessageId | SendRefusal {
    if (!this.consented && group === undefined) return { _tag: "NotConsented" }
    const bytes = this.#texts.encode(text)
    if (bytes.length === 0 || bytes.length > (group === undefined ? MAX_MESSAGE : MAX_GROUP_MESSAGE)) {
      return { _tag: "BadLength" }
    }
    const { peer } = this
    const size = sizeInOutbox(bytes, group)
    if (this.#outbox.size >= MAX_OUTBOX || this.#outboxBytes + size > MAX_OUTBOX_BYTES) return { _tag: "OutboxFull" }
    const id = messageIdOf(randomId)
    const sequence = this.#nextSequence++
    const at = Math.floor(writtenAt)
    // No spread literals here and below: each costs more than the rest of what is done with a message here.
    const dated = Number.isSafeInteger(at) && at > 0 ? at : undefined
    const message: Outgoing = {
      _tag: "Accepted",
      peer,
      id,
      sequence,
      writtenAt: dated,
      group,
      text: bytes,
      held: false
    }
    this.#keep(message)
    this.#lingers = true
    this.#journal?.write(message)
    return id
  }

  /** Whether this message of ours waits to be delivered. */
  holds(id: MessageId): boolean {
    return this.#outbox.has(id)
  }

  /** Empties the outbox. Messages that were handed to a connection already may still arrive. */
  dropOutbox(): ReadonlyArray<MessageId> {
    const ids = Array.from(this.#outbox, ({ id }) => id)
    // Written down even when the outbox is empty by now: deliveries are written later, and a crash must not bring back
    // messages that the user gave up.
    if (this.#lingers) this.#journal?.write({ _tag: "Dropped", peer: this.peer })
    this.#lingers = false
    this.#outbox.clear()
    this.#outboxBytes = 0
    this.#requeue()
    return ids
  }

  /**
   * A new connection carries the conversation from now on: everything in the outbox is handed out again, from the
   * start.
   */
  restart(): void {
    this.#requeue()
    this.#marks.repeat()
    // Whoever is connected anew is there, unless they say otherwise.
    this.#theirAbsence = undefined
    for (const id of this.#onCredit) this.#receipt(id)
    if (!this.consented) for (const id of this.#fromBefore) this.#receipt(id)
    this.#fromBefore = []
  }

  /** The next message to hand to the connection; it stays next until `advance`. */
  get next(): Outgoing | undefined {
    return this.#writtenAt(this.#next)
  }

  advance(): void {
    this.#next.index++
  }

  /** Emits `CreditExhausted` for each message that waits, once. */
  reportHeld(): void {
    const place = this.#heldUpTo
    place.index = Math.max(place.index, this.#next.index)
    for (let message = this.#writtenAt(place); message !== undefined; message = this.#writtenAt(place)) {
      place.index++
      if (message.held) continue
      message.held = true
      const event = { _tag: "CreditExhausted", peer: this.peer, id: message.id, ...groupIn(message) } as const
      this.#tell(event, message.sequence)
    }
  }

  /** The other application has shown a message of ours. */
  onDelivered(said: MessageId): void {
    const message = this.#outbox.take(said)
    if (message === undefined) return
    // Not the id that came: it is another text, which would be kept beside the one that there is anyhow.
    const { group, id, sequence, text } = message
    this.#outboxBytes -= sizeInOutbox(text, group)
    // What was read is told of what was said to each other alone.
    if (group === undefined) this.#marks.onDelivered(id)
    this.#journal?.write({ _tag: "Delivered", peer: this.peer, id })
    if (group === undefined) this.#tell(id, sequence)
    else this.#tell({ _tag: "Delivered", peer: this.peer, id, ...groupIn(message) }, sequence)
  }

  /** The peer has read a message of ours, and all before it. */
  onRead(id: MessageId): void {
    // It was delivered, and so told to be, or that waits as well.
    if (this.#marks.onRead(id)) this.#tell({ _tag: "Read", peer: this.peer, id }, -1)
  }

  /** The peer is away, with these words, or is there (`undefined`). */
  onAway(text: string | undefined): void {
    if (text === this.#theirAbsence) return
    this.#theirAbsence = text
    this.emit({ _tag: "Away", peer: this.peer, text })
  }

  /**
   * A message of theirs came, in order, in `size` bytes of stream. `onShown` is told when these no longer take up
   * memory. `false` when the message goes beyond the credit.
   */
  onText(
    id: MessageId,
    text: string,
    length: number,
    size: number,
    onShown: ShownSink,
    remarks: Remarks = {}
  ): boolean {
    if (this.#seen.has(id)) {
      onShown.release(size)
      this.#receipt(id)
      // A sender that repeats the message has not received its confirmation, and so no mark after it.
      this.#marks.repeat()
      return true
    }
    if (!this.consented) {
      if (this.credit.messages < 1 || this.credit.bytes < length) return false
      this.credit.messages--
      this.credit.bytes -= length
      this.#onCredit.push(id)
    }
    this.#seen.add(id)
    this.#unconfirmed.set(id, { size, onShown })
    this.#unshownBytes += size
    const { group, writtenAt } = remarks
    this.emit({ _tag: "Message", peer: this.peer, id, text, writtenAt, group })
    return true
  }

  /** Whether this message of theirs is one of those that came last, shown or not. */
  knows(id: MessageId): boolean {
    return this.#seen.has(id)
  }

  /** The application has shown a message of theirs. */
  shown(id: MessageId): void {
    if (this.#journal === undefined) this.#confirm(id)
    else if (this.#unconfirmed.get(id)?.onShown !== undefined)
      this.#journal.write({ _tag: "Shown", peer: this.peer, id })
  }

  /** Our user has read a message of theirs, and all before it. The peer is told so once the message is confirmed. */
  read(id: MessageId): void {
    if (this.#seen.has(id)) this.#marks.mark(id)
  }

  /** An entry of this conversation would survive the end of the process by now. */
  written(entry: JournalEntry): void {
    if (entry._tag === "Accepted") this.#unwritten = Math.max(this.#unwritten, entry.sequence + 1)
    if (entry._tag === "Shown") this.#confirm(entry.id)
  }

  /** It would survive a loss of power as well. `tellFlushed` follows. */
  flushed(entry: JournalEntry): void {
    if (entry._tag === "Accepted") this.#unflushed = Math.max(this.#unflushed, entry.sequence + 1)
  }

  /** Tells what became of messages that are flushed by now. */
  tellFlushed(): void {
    let told = 0
    while (told < this.#early.length && this.#earlyUntil[told]! < this.#unflushed) this.#emit(this.#early[told++]!)
    if (told === 0) return
    this.#early.splice(0, told)
    this.#earlyUntil.splice(0, told)
  }

  /** Whether the application is so far behind that no more messages may be given to it for now. */
  get isFull(): boolean {
    return this.#unshownBytes >= MAX_UNSHOWN
  }

  /** The next confirmation to send. */
  takeReceipt(): MessageId | undefined {
    const id = this.#receipts.shift()
    if (id !== undefined) this.#unconfirmed.delete(id)
    return id
  }

  get hasReceipts(): boolean {
    return this.#receipts.length > 0
  }

  /** The next message that the peer is to be told we have read, never before the message is confirmed. */
  takeRead(): MessageId | undefined {
    return this.hasReceipts ? undefined : this.#marks.take(this.#unconfirmed)
  }

  /**
   * What became of the message of this sequence is told after what was told before, and not before the message is
   * flushed.
   */
  #tell(fate: Fate | MessageId, sequence: number): void {
    if (this.#early.length === 0 && sequence < this.#unflushed) this.#emit(fate)
    else {
      this.#early.push(fate)
      this.#earlyUntil.push(sequence)
    }
  }

  #emit(fate: Fate | MessageId): void {
    this.emit(typeof fate === "string" ? { _tag: "Delivered", peer: this.peer, id: fate } : fate)
  }

  #keep(message: Outgoing): void {
    this.#outbox.push(message)
    this.#outboxBytes += sizeInOutbox(message.text, message.group)
  }

  #confirm(id: MessageId): void {
    const message = this.#unconfirmed.get(id)
    if (message?.onShown === undefined) return
    const { onShown, size } = message
    message.onShown = undefined
    this.#unshownBytes -= size
    onShown.release(size)
    this.#queueReceipt(id)
  }

  #requeue(): void {
    this.#next.index = 0
    this.#heldUpTo.index = 0
  }

  /** The message in this place, if it is written down. */
  #writtenAt(place: Place): Outgoing | undefined {
    const message = this.#outbox.at(place)
    return message !== undefined && message.sequence < this.#unwritten ? message : undefined
  }

  /** Confirms a message once more, unless it is not shown yet, or its confirmation waits. */
  #receipt(id: MessageId): void {
    if (this.#unconfirmed.has(id)) return
    this.#unconfirmed.set(id, { size: 0, onShown: undefined })
    this.#queueReceipt(id)
  }

  #queueReceipt(id: MessageId): void {
    this.#receipts.push(id)
    if (this.#receipts.length > MAX_SEEN) this.takeReceipt()
  }
}

interface Unconfirmed {
  readonly size: number
  /** Told when it is shown; `undefined` from then on. */
  onShown: ShownSink | undefined
}

/** What becomes of a message of ours. */
type Fate = Extract<PeerEvent, { readonly _tag: "Delivered" | "Read" | "CreditExhausted" }>

/** What a peer says of a message. */
export interface Remarks {
  /** ms since 1970 UTC. */
  readonly writtenAt?: number | undefined
  readonly group?: GroupRecord | undefined
}

/**
 * Why a message is not accepted into the outbox.
 *
 * @since 0.1.0
 */
export type SendRefusal =
  /** No `query` of ours for this peer yet (law 2). */
  | { readonly _tag: "NotConsented" }
  /** Longer than `MAX_MESSAGE` bytes of UTF-8, or empty. */
  | { readonly _tag: "BadLength" }
  /** The outbox holds `MAX_OUTBOX` messages or bytes. */
  | { readonly _tag: "OutboxFull" }

/**
 * A message of ours, which is its own entry of the journal: there may be tens of thousands, and one object for each is
 * less for the garbage collector to look at than two.
 */
export type Outgoing = Extract<JournalEntry, { readonly _tag: "Accepted" }> & {
  /** Whether the application was told that the message waits for the peer's consent. */
  held: boolean
}

/** Which group a message is for, if it is for one, and whether it is news of that. */
const groupIn = ({ group }: Outgoing) =>
  group === undefined ? {} : { group: groupOf(group), ...(isNotice(group) ? { isNotice: true as const } : {}) }

/** Bytes that a message counts for in an outbox. */
export const sizeInOutbox = (text: Uint8Array, group: Uint8Array | undefined): number =>
  text.length + (group?.length ?? 0)

/** Where a conversation has written down what must survive a crash. */
export interface ConversationJournal {
  readonly past: (peer: PeerId) => Past | undefined
  /** `written` and then `flushed` follow with the same entry. */
  readonly write: (entry: JournalEntry) => void
}

/** The flow control of the connection that brought a message: it is told when the message no longer takes up memory. */
export interface ShownSink {
  readonly release: (size: number) => void
}

/**
 * Messages that an invited peer accepts before it has asked back: enough to say who one is and what one wants, and too
 * few to be a nuisance.
 */
export const CREDIT_MESSAGES = 16
/** Bytes of UTF-8. */
export const CREDIT_BYTES = 32 * 1024
/** Bytes of UTF-8 in a message to a group: the longest, with room for the prefix where groups are not known. */
export const MAX_GROUP_MESSAGE = MAX_MESSAGE - MAX_PREFIX
/**
 * Messages in an outbox: a night of a busy program's reports to a person who is away. Each takes some 300 bytes beside
 * its text, 3 MB when the outbox is full.
 */
export const MAX_OUTBOX = 10_000
/** Bytes of UTF-8 in an outbox: 800 for each of `MAX_OUTBOX` messages, or 128 messages of the largest size. */
export const MAX_OUTBOX_BYTES = 128 * MAX_MESSAGE
/**
 * Ids remembered for telling repetitions: as many as a full outbox on the other side may repeat. They take 1 MB for a
 * peer that has sent so many.
 */
export const MAX_SEEN = MAX_OUTBOX
/**
 * Messages confirmed again by a new process to somebody it has not asked for: 5 KB, for the last packets of the former
 * process that may not have arrived.
 */
const MAX_FROM_BEFORE = 256
/**
 * Bytes of stream whose messages the application may have without having confirmed them: the windows of two
 * connections, one of which broke.
 */
const MAX_UNSHOWN = 512 * 1024
