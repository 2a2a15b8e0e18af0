import * as Bytes from "../../../protocol/Bytes.js"
import {
  awaySize,
  type ChatRecord,
  groupSize,
  knownSize,
  MARK_SIZE,
  NETWORK_SIZE,
  RecordReader,
  textSize,
  writeAway,
  writeDelivered,
  writeGroup,
  writeKnown,
  writeNetwork,
  writeRead,
  writeText,
  writeWritten,
  writtenSize
} from "../../../protocol/ChatRecord.js"
import { type GroupRecord, prefixOf } from "../../../protocol/GroupRecord.js"
import { kindOf, numberOf } from "../../nat/Networks.js"
import { knowsGroups } from "../Features.js"
import type { PeerEvent } from "../PeerEvent.js"
import type { PendingFrames } from "../recovery/PendingFrames.js"
import { ReceiveStream } from "../stream/ReceiveStream.js"
import { SendStream } from "../stream/SendStream.js"
import { CHAT_STREAM } from "../stream/StreamId.js"
import type { Conversation, Outgoing, ShownSink } from "./Conversation.js"

/**
 * Stream 0 of one connection: carries the conversation, and enforces consent on both ends.
 *
 * It sends confirmations first, then marks of what was read, then messages; each record goes whole or not at all. A
 * message leaves the outbox only when we asked for the peer, and the peer asked for us or the credit that it gave us
 * covers the message. Records that come in are handed to the conversation in order. The window opens further only as
 * the application confirms what it has shown, so our memory stays bounded when the application stalls.
 */
export class ChatChannel implements ShownSink {
  readonly #conversation: Conversation
  readonly #emit: (event: PeerEvent) => void
  readonly #pending: PendingFrames
  readonly stream: SendStream
  readonly #incoming: ReceiveStream
  readonly #records = new RecordReader()
  /** When the text that comes next was written, if the peer has said so. */
  #writtenAt: number | undefined
  /** To whom the text that comes next was said, if the peer has said so. */
  #group: GroupRecord | undefined
  /** Bytes of the incoming stream that no longer take up memory. */
  #released = 0
  /** The limit that the peer was told last. */
  #advertised: number
  #peerConsent: boolean
  #announced = false
  #mutualReported = false
  #failed = false
  /** What the peer lets us say before it has asked for us, and what we have used of it on this connection. */
  readonly #credit: Amount
  readonly #spent = { messages: 0, bytes: 0 }
  /** What of that the peer had known already, as it says: it counts as not used. */
  #returned: Amount = { messages: 0, bytes: 0 }
  /** What the peer has repeated on this connection before we had asked for it. */
  readonly #known = { messages: 0, bytes: 0 }
  #knownDue = false
  #grease: Uint8Array | undefined
  /** Of our absence, what the peer was told last. */
  #toldAbsence: number
  /** Of our networks, likewise. */
  #toldNetworks: number
  /** Whether the peer's program knows groups: others would take what is said to several for said to them alone. */
  readonly knowsGroups: boolean

  constructor(
    conversation: Conversation,
    emit: (event: PeerEvent) => void,
    pending: PendingFrames,
    peer: {
      readonly consent: boolean
      readonly creditMessages: number
      readonly creditBytes: number
      readonly features: number
    },
    /** Whether our side of the handshake gave consent: it told the peer the window to start with. */
    consented: boolean,
    /** A record that means nothing, to go before our first text. */
    grease?: Uint8Array
  ) {
    this.#grease = grease
    this.#conversation = conversation
    this.#emit = emit
    this.#pending = pending
    this.#peerConsent = peer.consent
    this.knowsGroups = knowsGroups(peer.features)
    this.#credit = { messages: peer.creditMessages, bytes: peer.creditBytes }
    this.stream = new SendStream(window(peer.consent))
    this.#toldAbsence = conversation.absence.untold
    this.#toldNetworks = conversation.networks.untold
    this.#advertised = window(consented)
    this.#incoming = new ReceiveStream(window(consented) / BYTES_A_PIECE)
    // Said aloud too, for a peer that takes the limit to begin as for somebody who was not asked for.
    if (consented) pending.limits.add(CHAT_STREAM)
    else if (conversation.consented) this.onConsentGiven()
  }

  /** The limit that the peer was told last. */
  get limit(): number {
    return this.#advertised
  }

  /** Whether both sides have asked for each other. */
  get mutual(): boolean {
    return this.#conversation.consented && this.#peerConsent
  }

  /** We have asked for the peer just now: tell it, and open the window. */
  onConsentGiven(): void {
    this.#incoming.maxPieces = window(true) / BYTES_A_PIECE
    this.#pending.consent = true
    this.#pending.limits.add(CHAT_STREAM)
    this.#reportMutual()
  }

  /** The peer has asked for us; the larger window that goes with it comes as MAX_DATA. */
  onPeerConsent(): void {
    this.#peerConsent = true
    this.#reportMutual()
  }

  /** The application knows of the connection now, so that `Mutual` may follow. */
  announce(): void {
    this.#announced = true
    this.#reportMutual()
  }

  /** The limit to tell the peer; it counts as told. */
  announceLimit(): number {
    this.#advertised = this.#limit
    return this.#limit
  }

  release(size: number): void {
    this.#released += size
    const isNews = this.#limit - this.#advertised >= window(this.#conversation.consented) / 4
    if (isNews) this.#pending.limits.add(CHAT_STREAM)
  }

  /** The application has confirmed some messages: reads on where `receive` had to stop. */
  resume(): void {
    this.#read()
  }

  /** Takes the bytes of a STREAM frame; `false` when the peer broke the protocol. */
  receive(offset: number, data: Uint8Array): boolean {
    if (!this.#incoming.receive(offset, data, Math.max(this.#advertised, this.#limit))) return false
    this.#read()
    return !this.#failed
  }

  /** Whether the peer broke the protocol. `resume` may find that out, in bytes that `receive` could not read yet. */
  get failed(): boolean {
    return this.#failed
  }

  /**
   * Moves records that may be sent from the conversation to the stream, no more of them than the stream will soon send.
   */
  fill(): void {
    if (this.#knownDue) {
      const { bytes, messages } = this.#known
      writeKnown(this.stream.extend(knownSize(messages, bytes)), messages, bytes)
      this.#knownDue = false
    }
    const { absence } = this.#conversation
    if (absence.revision !== this.#toldAbsence) {
      writeAway(this.stream.extend(awaySize(absence.text)), absence.text)
      this.#toldAbsence = absence.revision
    }
    const { revision, value } = this.#conversation.networks
    if (revision !== this.#toldNetworks) {
      writeNetwork(this.stream.extend(NETWORK_SIZE), numberOf(value.ipv4), numberOf(value.ipv6))
      this.#toldNetworks = revision
    }
    while (this.#conversation.hasReceipts && this.stream.unsent < MAX_BACKLOG) {
      writeDelivered(this.stream.extend(MARK_SIZE), this.#conversation.takeReceipt()!)
    }
    if (!this.#conversation.consented) return
    while (this.stream.unsent < MAX_BACKLOG) {
      const read = this.#conversation.takeRead()
      if (read === undefined) break
      writeRead(this.stream.extend(MARK_SIZE), read)
    }
    while (this.stream.unsent < MAX_BACKLOG) {
      const message = this.#conversation.next
      if (message === undefined) return
      const { group, id, sequence, writtenAt } = message
      const bytes = this.#textOf(message)
      if (!this.#spend(bytes.length)) {
        this.#conversation.reportHeld()
        return
      }
      this.#conversation.advance()
      if (this.#grease !== undefined) this.stream.extend(this.#grease.length).bytes(this.#grease)
      this.#grease = undefined
      if (writtenAt !== undefined) writeWritten(this.stream.extend(writtenSize(writtenAt)), writtenAt)
      if (group !== undefined && this.knowsGroups) writeGroup(this.stream.extend(groupSize(group)), group)
      writeText(this.stream.extend(textSize(sequence, bytes.length)), id, sequence, bytes)
    }
  }

  /** Emits `Mutual` once, as soon as it is true. */
  #reportMutual(): void {
    if (!this.#announced || this.#mutualReported || !this.mutual) return
    this.#mutualReported = true
    this.#emit({ _tag: "Mutual", peer: this.#conversation.peer })
  }

  /** What a peer that knows no groups is shown says which group it is from, and its answer goes to us alone. */
  #textOf({ group, text }: Outgoing): Uint8Array {
    return group === undefined || this.knowsGroups ? text : Bytes.concat([prefixOf(group), text])
  }

  /**
   * Whether we may send a text of `length` bytes by the peer's consent or the credit that it gave us. If it is the
   * credit, takes the message off it.
   */
  #spend(length: number): boolean {
    if (this.#peerConsent) return true
    const { bytes, messages } = this.#credit
    if (this.#spent.messages - this.#returned.messages + 1 > messages) return false
    if (this.#spent.bytes - this.#returned.bytes + length > bytes) return false
    this.#spent.messages++
    this.#spent.bytes += length
    return true
  }

  /** The peer had known so much of what we said: it gives back no more than we have used, whatever it says. */
  #onKnown({ bytes, messages }: Amount): void {
    this.#returned = {
      messages: Math.max(this.#returned.messages, Math.min(messages, this.#spent.messages)),
      bytes: Math.max(this.#returned.bytes, Math.min(bytes, this.#spent.bytes))
    }
  }

  /**
   * Hands records to the conversation. While the application is too far behind, the bytes stay in the receiving stream,
   * where flow control bounds them.
   */
  #read(): void {
    while (!this.#failed && !this.#conversation.isFull) {
      const bytes = this.#incoming.read()
      if (bytes === undefined) return
      if (!this.#records.push(bytes, this.#accept)) this.#failed = true
    }
    this.#incoming.park()
  }

  get #limit(): number {
    return window(this.#conversation.consented) + this.#released
  }

  readonly #accept = (record: ChatRecord, size: number): boolean => {
    switch (record._tag) {
      case "Text": {
        const text = Bytes.toText(record.text)
        if (text === undefined) return false
        const remarks = { writtenAt: this.#writtenAt, group: this.#group }
        this.#writtenAt = undefined
        this.#group = undefined
        if (!this.#conversation.consented && this.#conversation.knows(record.id)) {
          this.#known.messages++
          this.#known.bytes += record.text.length
          this.#knownDue = true
        }
        return this.#conversation.onText(record.id, text, record.text.length, size, this, remarks)
      }
      case "Written":
        this.release(size)
        this.#writtenAt = record.at
        return true
      case "Group":
        this.release(size)
        this.#group = record.group
        return true
      case "Delivered":
        this.release(size)
        this.#conversation.onDelivered(record.id)
        return true
      case "Read":
        this.release(size)
        this.#conversation.onRead(record.id)
        return true
      case "Known":
        this.release(size)
        this.#onKnown(record)
        return true
      case "Away":
        this.release(size)
        this.#conversation.onAway(record.text)
        return true
      case "Network":
        this.release(size)
        this.#conversation.peerNetworks = { ipv4: kindOf(record.ipv4), ipv6: kindOf(record.ipv6) }
        return true
      case "Unknown":
        this.release(size)
        return true
    }
  }
}

/** Messages, and the bytes of their texts together. */
interface Amount {
  readonly messages: number
  readonly bytes: number
}

/** Bytes that the other side may send at the start of a connection; more when we have asked for it (`consented`). */
const window = (consented: boolean): number => (consented ? CONSENTED_WINDOW : INVITED_WINDOW)

/** Four messages of the largest size. */
const CONSENTED_WINDOW = 256 * 1024
/** The credit of an inviter (32 KiB in 16 messages), and room for confirmations. */
const INVITED_WINDOW = 48 * 1024
/**
 * Bytes of a window for each piece that may wait for the bytes before it: as much as a piece takes beside its bytes,
 * and a fifth of what a packet carries.
 */
const BYTES_A_PIECE = 256
/**
 * Bytes in the stream that were never sent, up to which it is filled: enough to keep packets full. Messages beyond can
 * still be dropped from the outbox.
 */
const MAX_BACKLOG = 16 * 1024
