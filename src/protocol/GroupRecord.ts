import * as Either from "effect/Either"
import { GROUP_ID_BYTES, type GroupId, groupIdBytes, groupIdOf } from "../domain/GroupId.js"
import * as Nickname from "../domain/Nickname.js"
import { IDENTITY_BYTES, identityKeyOf, type PeerId, peerIdOf } from "../domain/PeerId.js"
import { fromText, Reader, toText, Writer } from "./Bytes.js"

/**
 * What GROUP says of the text behind it (docs/protocol.md §3.5): that its sender has said it to several people, who
 * they are as far as the sender knows, and what they call themselves together. It is the sender's word alone; the text
 * came on the sender's own session, and so is nobody else's.
 */
export interface GroupRecord {
  readonly kind: GroupKind
  readonly id: GroupId
  /** A valid nickname, in NFC. */
  readonly name: string
  /** Each once, at most `MAX_OTHERS`; the sender is in the group without being named. */
  readonly members: ReadonlyArray<GroupPerson>
}

export interface GroupPerson {
  readonly peer: PeerId
  /** What they call themselves, as the sender has heard it: a valid nickname, in NFC. */
  readonly nick: string
}

/**
 * `Text`: a person has written the text. With all others it says in words what is so, for programs that know no groups:
 * `Invite`, the reader was added; `Members`, somebody else was; `Joined`, the sender has joined; `Left`, has left.
 */
export type GroupKind = (typeof KINDS)[number]

/** People in a group, all together: a text to more takes a second of a slow line, and people lose sight of them. */
export const MAX_MEMBERS = 32
/** Those that a member names: not itself. */
export const MAX_OTHERS = MAX_MEMBERS - 1

/** The body of the record. */
export const encode = ({ id, kind, members, name }: GroupRecord): Uint8Array => {
  const called = fromText(name)
  const people = members
    .slice(0, MAX_OTHERS)
    .map(({ nick, peer }) => ({ key: identityKeyOf(peer), nick: fromText(nick) }))
  const size = people.reduce((sum, { nick }) => sum + IDENTITY_BYTES + 1 + nick.length, HEAD + 1 + called.length + 1)
  const bytes = new Uint8Array(size)
  const writer = new Writer(bytes)
  writer.u8(KINDS.indexOf(kind))
  writer.bytes(groupIdBytes(id))
  writer.u8(called.length)
  writer.bytes(called)
  writer.u8(people.length)
  for (const { key, nick } of people) {
    writer.bytes(key)
    writer.u8(nick.length)
    writer.bytes(nick)
  }
  return bytes
}

/** `undefined` when it is malformed, a name is no nickname, or there are too many. What stands behind is ignored. */
export const decode = (body: Uint8Array): GroupRecord | undefined => {
  const reader = new Reader(body)
  const kind = KINDS[reader.u8()] ?? "Text"
  const id = reader.bytes(GROUP_ID_BYTES)
  const name = readName(reader)
  const count = reader.u8()
  if (reader.failed || name === undefined || count > MAX_OTHERS) return undefined
  const members = new Map<PeerId, GroupPerson>()
  for (let i = 0; i < count; i++) {
    const key = reader.bytes(IDENTITY_BYTES)
    const nick = readName(reader)
    if (reader.failed || nick === undefined) return undefined
    const peer = peerIdOf(key)
    if (!members.has(peer)) members.set(peer, { peer, nick })
  }
  return { kind, id: groupIdOf(id), name, members: [...members.values()] }
}

/** Which group a record that `encode` made is about. */
export const groupOf = (body: Uint8Array): GroupId => groupIdOf(body.subarray(1, HEAD))

/** Whether a record that `encode` made tells what is so in the group, and no person has said what goes with it. */
export const isNotice = (body: Uint8Array): boolean => body[0] !== KINDS.indexOf("Text")

/** What stands before the text of a group where its reader's program knows none. */
export const prefixOf = (body: Uint8Array): Uint8Array => fromText(`[${decode(body)?.name ?? ""}] `)

const readName = (reader: Reader): string | undefined => {
  const text = toText(reader.bytes(reader.u8()))
  return text === undefined ? undefined : Either.getOrUndefined(Nickname.parse(text))?.text
}

/** In the order of their numbers on the wire. One that is not known counts as `Text`: the text then says it. */
const KINDS = ["Text", "Invite", "Members", "Joined", "Left"] as const
/** Kind and id. */
const HEAD = 1 + GROUP_ID_BYTES

/** Bytes of the largest body that is written. */
export const MAX_GROUP_RECORD =
  HEAD + 1 + Nickname.MAX_BYTES + 1 + MAX_OTHERS * (IDENTITY_BYTES + 1 + Nickname.MAX_BYTES)
/** Bytes of the longest prefix. */
export const MAX_PREFIX = 3 + Nickname.MAX_BYTES
