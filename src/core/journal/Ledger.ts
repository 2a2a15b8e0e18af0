import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import { MAX_OUTBOX, MAX_OUTBOX_BYTES, MAX_SEEN, sizeInOutbox } from "../peer/chat/Conversation.js"
import type { Past, PastMessage } from "../peer/Journal.js"
import { MAX_PEERS } from "../peer/PeerTable.js"
import { Fifo } from "../support/Fifo.js"
import { InOrder } from "../support/InOrder.js"
import type { Entry } from "./Entry.js"

/**
 * The sum of all entries of a journal: the messages that wait for each peer, and the ids that each peer may repeat. A
 * new process begins with it, and a journal that has grown is written anew from it.
 *
 * Its size is bounded whatever the entries say: `MAX_ACCOUNTS` peers, each with a full outbox but all together with
 * `MAX_WAITING_BYTES`, and each with `MAX_SEEN` ids but all together with `MAX_IDS`. Where there are too many, it
 * forgets the peers that were not talked to for longest, or the ids of their messages; a message that waits is never
 * forgotten. Peers that we never wrote to have as many places of their own, and ids of their own: however many write to
 * us, they push out nobody that we talk to, and nothing of theirs.
 */
export class Ledger {
  /** By peer; the peer that was talked to last is last. */
  readonly #accounts = new Map<PeerId, Account>()
  /** The last of them, where it was not forgotten since. */
  #newest: Account | undefined
  #waitingBytes = 0
  #ids = 0
  /** Of `#ids`, those of peers that we wrote to. */
  #idsOfKnown = 0

  /** Whether one more message of `length` bytes to this peer can be kept. */
  accepts(peer: PeerId, length: number): boolean {
    if (this.#waitingBytes + length > MAX_WAITING_BYTES) return false
    const account = this.#accounts.get(peer)
    if (account === undefined || !isWrittenTo(account)) return this.#hasRoom(true)
    return account.outbox.size < MAX_OUTBOX && account.outboxBytes + length <= MAX_OUTBOX_BYTES
  }

  apply(entry: Entry): void {
    switch (entry._tag) {
      case "Peer": {
        const account = this.#touch(entry.peer, entry.nextSequence > 0)
        if (account === undefined) return
        account.nick = entry.nick
        account.nextSequence = Math.max(account.nextSequence, entry.nextSequence)
        this.#judge(account)
        return
      }
      case "Accepted":
        this.#accept(entry)
        return
      case "Delivered":
        this.#confirm(this.#accounts.get(entry.peer), entry.id)
        return
      case "Dropped": {
        const account = this.#accounts.get(entry.peer)
        if (account === undefined) return
        this.#waitingBytes -= account.outboxBytes
        account.outboxBytes = 0
        account.outbox.clear()
        return
      }
      case "Shown": {
        const account = this.#touch(entry.peer, false)
        if (account === undefined) return
        for (const id of entry.ids) this.#remember(account, id)
      }
    }
  }

  /** The past that a conversation with this peer goes on from; `undefined` when there is none. */
  past(peer: PeerId): Past | undefined {
    const account = this.#accounts.get(peer)
    if (account === undefined) return undefined
    const { delivered, nextSequence, outbox, shown } = account
    return { nextSequence, outbox: Array.from(outbox, messageOf), delivered, shown: [...shown] }
  }

  /** The nickname that the peer was last known by. */
  nick(peer: PeerId): string | undefined {
    return this.#accounts.get(peer)?.nick
  }

  /** The peers that messages wait for. */
  waiting(): ReadonlyArray<{ readonly peer: PeerId; readonly nick: string; readonly messages: number }> {
    return Array.from(this.#accounts, ([peer, { nick, outbox }]) => ({ peer, nick, messages: outbox.size })).filter(
      ({ messages }) => messages > 0
    )
  }

  /** Entries from which an empty ledger becomes this one. */
  *entries(): Generator<Entry> {
    for (const [peer, { delivered, nextSequence, nick, outbox, shown }] of this.#accounts) {
      yield { _tag: "Peer", peer, nick, nextSequence }
      // These come first, so that they cannot confirm a message that still waits.
      for (const id of delivered) yield { _tag: "Delivered", peer, id }
      yield* outbox
      if (shown.size > 0) yield { _tag: "Shown", peer, ids: [...shown] }
    }
  }

  #accept(entry: Accepted): void {
    const { group, id, peer, sequence, text } = entry
    const size = sizeInOutbox(text, group)
    const known = this.#accounts.get(peer)
    // A message with a sequence as high as none before is no repetition, and need not be looked for.
    if (known !== undefined && sequence < known.nextSequence && known.outbox.has(id)) return
    if (!this.accepts(peer, size)) return
    const account = this.#touch(peer, true)
    if (account === undefined) return
    if (sequence < account.nextSequence) account.doubtful = MAX_DELIVERED
    account.outbox.push(entry)
    account.outboxBytes += size
    account.nextSequence = Math.max(account.nextSequence, sequence + 1)
    this.#judge(account)
    this.#waitingBytes += size
  }

  #confirm(account: Account | undefined, id: MessageId): void {
    if (account === undefined) return
    // One that waited was not confirmed before and need not be looked for, unless something has come again.
    if (!this.#forget(account, id)) account.doubtful = MAX_DELIVERED
    if (account.doubtful > 0 && account.delivered.includes(id)) return
    if (account.doubtful > 0) account.doubtful--
    account.delivered.push(id)
    if (account.delivered.length > MAX_DELIVERED) account.delivered.shift()
    this.#judge(account)
  }

  /** Whether the message waited. */
  #forget(account: Account, id: MessageId): boolean {
    const message = account.outbox.take(id)
    if (message === undefined) return false
    const size = sizeInOutbox(message.text, message.group)
    account.outboxBytes -= size
    this.#waitingBytes -= size
    return true
  }

  #remember(account: Account, id: MessageId): void {
    if (account.shown.has(id)) return
    account.shown.add(id)
    account.inOrder.push(id)
    this.#countIds(account, 1)
    if (account.shown.size > MAX_SEEN) this.#forgetOldestId(account)
    this.#boundIds()
  }

  /** Forgets one id if there are too many: of peers that we wrote to, or else of others, who have what is left free. */
  #boundIds(): void {
    if (this.#ids <= MAX_IDS) return
    const ofKnown = this.#idsOfKnown > MAX_IDS
    if (!ofKnown && this.#ids <= MAX_IDS + MIN_IDS_OF_OTHERS) return
    for (const account of this.#accounts.values())
      if (account.known === ofKnown && this.#forgetOldestId(account)) return
  }

  #countIds({ known }: Account, change: number): void {
    this.#ids += change
    if (known) this.#idsOfKnown += change
  }

  /** We may have written to the peer just now: its ids are those of no stranger from then on. */
  #judge(account: Account): void {
    if (account.known || !isWrittenTo(account)) return
    account.known = true
    this.#idsOfKnown += account.shown.size
  }

  #forgetOldestId(account: Account): boolean {
    const oldest = account.inOrder.shift()
    if (oldest === undefined) return false
    account.shown.delete(oldest)
    this.#countIds(account, -1)
    return true
  }

  /**
   * The peer's account, a new one if need be, which now counts as the last talked to; `undefined` when there is no room
   * for one more. `writing`: we write to it.
   */
  #touch(peer: PeerId, writing: boolean): Account | undefined {
    const known = this.#accounts.get(peer)
    if ((known === undefined || (writing && !isWrittenTo(known))) && !this.#makeRoom(writing)) return undefined
    if (known !== undefined && known === this.#newest) return known
    const account = known ?? {
      nick: "",
      nextSequence: 0,
      outbox: new InOrder(),
      outboxBytes: 0,
      delivered: [],
      doubtful: 0,
      shown: new Set(),
      inOrder: new Fifo(),
      known: false
    }
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)
    this.#newest = account
    return account
  }

  #hasRoom(writing: boolean): boolean {
    return this.#count(writing) < MAX_ACCOUNTS || this.#idlest(writing) !== undefined
  }

  #makeRoom(writing: boolean): boolean {
    if (this.#count(writing) < MAX_ACCOUNTS) return true
    const idlest = this.#idlest(writing)
    if (idlest === undefined) return false
    const account = this.#accounts.get(idlest)!
    this.#countIds(account, -account.shown.size)
    this.#accounts.delete(idlest)
    return true
  }

  /** How many there are that we wrote to, or that we never did. */
  #count(writtenTo: boolean): number {
    let count = 0
    for (const account of this.#accounts.values()) if (isWrittenTo(account) === writtenTo) count++
    return count
  }

  /** Of those, the peer that was not talked to for longest, and that no message waits for. */
  #idlest(writtenTo: boolean): PeerId | undefined {
    for (const [peer, account] of this.#accounts)
      if (account.outbox.size === 0 && isWrittenTo(account) === writtenTo) return peer
    return undefined
  }
}

interface Account {
  nick: string
  nextSequence: number
  readonly outbox: InOrder<Accepted>
  outboxBytes: number
  /** The last messages of ours that were delivered, oldest first. */
  readonly delivered: Array<MessageId>
  /** While it is not 0, the next one may be among these already, although it waited. */
  doubtful: number
  /** Oldest first. */
  readonly shown: Set<MessageId>
  /** The same: the front of a `Set` that is trimmed there is slow to find. */
  readonly inOrder: Fifo<MessageId>
  /** Its ids are counted among those of peers that we wrote to. */
  known: boolean
}

type Accepted = Entry & { readonly _tag: "Accepted" }

const messageOf = ({ group, id, sequence, text, writtenAt }: Accepted): PastMessage => ({
  id,
  sequence,
  writtenAt,
  group,
  text
})

/** Whether we ever wrote to this peer, as far as is known: then it is no stranger. */
const isWrittenTo = ({ delivered, nextSequence, outbox }: Account): boolean =>
  nextSequence > 0 || outbox.size > 0 || delivered.length > 0

/**
 * Delivered messages kept for each peer: what the peer reads after our restart is the newest message, or not much
 * older.
 */
const MAX_DELIVERED = 16
/** Of peers that we wrote to, as many as the peer machine holds at once; and as many of others. */
const MAX_ACCOUNTS = MAX_PEERS
/** Bytes of text that wait in all: four full outboxes, and half of what a file of the store may have. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024
/**
 * Ids of all that we wrote to, 16 bytes each on disk and about 100 in memory: 16 full windows, or 150 messages of each
 * of a thousand peers.
 */
const MAX_IDS = 16 * MAX_SEEN
/** Ids that all others have besides: what 600 of them may say before we answer. */
const MIN_IDS_OF_OTHERS = MAX_SEEN
