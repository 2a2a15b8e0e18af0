import * as Either from "effect/Either"
import * as Fingerprint from "../../../domain/Fingerprint.js"
import { GROUP_ID_BYTES, groupIdOf } from "../../../domain/GroupId.js"
import { MESSAGE_ID_BYTES, type MessageId, messageIdOf } from "../../../domain/MessageId.js"
import * as Nickname from "../../../domain/Nickname.js"
import { identityKeyOf, type PeerId } from "../../../domain/PeerId.js"
import * as Bytes from "../../../protocol/Bytes.js"
import { encode, type GroupKind, type GroupPerson, MAX_OTHERS } from "../../../protocol/GroupRecord.js"
import { labelOf } from "../../lan/Neighbourhood.js"
import { MAX_GROUP_MESSAGE } from "../../peer/chat/Conversation.js"
import type { PeerEvent } from "../../peer/PeerEvent.js"
import type { ClientContext } from "../ClientContext.js"
import type { ContactError, GroupError, GroupSendError } from "../ClientError.js"
import type { Conversation } from "../Conversations.js"
import {
  groupFull,
  groupNameInvalid,
  groupTooLong,
  nobodyInGroup,
  noSuchGroup,
  noSuchMember,
  notJoined,
  notRegistered,
  outboxesFull,
  tooManyGroups,
  yourself
} from "../ErrorTexts.js"
import type { People } from "../People.js"
import type { Reintroduction } from "../Reintroduction.js"
import type { GroupInfo, GroupMember, GroupName, GroupSent } from "./GroupInfo.js"
import { type Group, type Groups, type Heard, type Member, membersOf } from "./Groups.js"

/**
 * What is done in groups and heard in them (docs/protocol.md §3.9). `Groups` keeps who is in which; here it becomes
 * messages to each member, questions for those whom our user has asked for by joining, and what is told.
 *
 * A group is named by what our user calls it, with `#` before it or without, or by its id.
 */
export class GroupTalk {
  constructor(
    private readonly client: ClientContext,
    private readonly people: People,
    private readonly reintroduction: Reintroduction,
    /** Fresh unpredictable bytes. */
    private readonly random: (length: number) => Uint8Array
  ) {}

  /** Every group that our user has not left. */
  list(): ReadonlyArray<GroupInfo> {
    const all = this.#groups?.all() ?? []
    return all.filter(({ state }) => state !== "left").map((group) => this.info(group))
  }

  /** The group of this name or id. */
  find(which: string): Group | undefined {
    const name = which.startsWith("#") ? which.slice(1) : which
    return this.#groups?.byLabel(name) ?? this.#groups?.all().find(({ id }) => id === name)
  }

  /** Makes a group of people whom our user has asked for, and tells them. */
  make(name: string, nicks: ReadonlyArray<string>, now: number): GroupInfo | GroupError {
    const groups = this.#groups
    if (groups === undefined) return notRegistered()
    const parsed = Nickname.parse(name)
    if (Either.isLeft(parsed)) return groupNameInvalid(parsed.left)
    const people = this.#peopleOf(nicks)
    if ("_tag" in people) return people
    if (people.length > MAX_OTHERS) return groupFull(name)
    const group = groups.make(groupIdOf(this.random(GROUP_ID_BYTES)), parsed.right.text, people)
    if (group === undefined) return tooManyGroups()
    this.#announce(group, "Invite", people, now)
    return this.info(group)
  }

  /** Adds people to a group, and tells them and all others. */
  add(which: string, nicks: ReadonlyArray<string>, now: number): GroupInfo | GroupError {
    const group = this.joined(which)
    if ("_tag" in group) return group
    const people = this.#peopleOf(nicks)
    if ("_tag" in people) return people
    const added = this.#groups!.add(group, people)
    if (added === undefined) return groupFull(group.label)
    const isNew = ({ peer }: GroupPerson) => people.some((person) => person.peer === peer)
    this.#announce(added, "Invite", membersOf(added).filter(isNew), now)
    const names = people.map(({ nick }) => nick).join(", ")
    this.#announce(
      added,
      "Members",
      membersOf(added).filter((one) => !isNew(one)),
      now,
      names
    )
    return this.info(added)
  }

  /** Joins a group, or asks again for everybody in it: gives our consent to each member. */
  join(which: string, now: number): GroupInfo | GroupError {
    const group = this.#groups === undefined ? notRegistered() : (this.find(which) ?? noSuchGroup(which))
    if ("_tag" in group) return group
    if (group.state === "left") return noSuchGroup(which)
    const joined = this.#groups!.join(group)
    if (joined === undefined) return tooManyGroups()
    if (group.state === "invited") this.#announce(joined, "Joined", membersOf(joined), now)
    else for (const { peer, nick } of membersOf(joined)) this.#ask(peer, nick)
    this.#keep()
    return this.info(joined)
  }

  /** Leaves a group, or declines an invitation. Consent to talk to each of its members stays. */
  leave(which: string, now: number): GroupInfo | GroupError {
    const group = this.#groups === undefined ? notRegistered() : (this.find(which) ?? noSuchGroup(which))
    if ("_tag" in group) return group
    const { conversations, peers, pending } = this.client
    const isReached = ({ peer }: Member) =>
      conversations.get(peer)?.asked === true || (peers?.status(peer)?.undelivered ?? 0) > 0
    const told = group.state === "joined" ? membersOf(group).filter(({ asked }) => asked) : []
    this.#announce(group, "Left", told.filter(isReached), now)
    for (const { peer } of told) if (!isReached({ peer } as Member)) pending.forget(peer)
    this.#groups!.leave(group)
    this.#keep()
    return this.info(this.#groups!.get(group.id) ?? group)
  }

  /** Takes somebody off our own list of a group: the others are not told. */
  remove(which: string, nick: string): GroupInfo | GroupError {
    const group = this.joined(which)
    if ("_tag" in group) return group
    const key = Nickname.key(nick)
    const member = membersOf(group).find((one) => Nickname.key(this.#nameOf(one)) === key)
    if (member === undefined) return noSuchMember(nick, group.label)
    const changed = this.#groups!.remove(group, member.peer)
    this.#keep()
    return this.info(changed)
  }

  /** Says something to everybody in a group whom our user has asked for. */
  send(which: string, text: string, now: number): GroupSent | GroupSendError {
    const group = this.joined(which)
    if ("_tag" in group) return group
    const length = Bytes.fromText(text).length
    if (length === 0 || length > MAX_GROUP_MESSAGE) return groupTooLong(MAX_GROUP_MESSAGE)
    const members = membersOf(group)
    if (members.every((member) => !this.#mayWriteTo(member))) return nobodyInGroup(group.label)
    const { id, sentTo, writtenAt } = this.#sendAll(group, "Text", text, members, now)
    if (sentTo.size === 0) return outboxesFull(group.label)
    const name = nameOf(group)
    this.client.output.remember({
      _tag: "Keep",
      peer: group.id,
      entry: { _tag: "Sent", id, at: writtenAt, nick: `#${group.label}`, text, group: group.label }
    })
    const names = (isSent: boolean) =>
      members.filter(({ peer }) => sentTo.has(peer) === isSent).map((one) => this.#nameOf(one))
    return { group: name, id, to: names(true), without: names(false) }
  }

  /**
   * A message that says it is of a group: tells what is new of the group, and gives the group that the text is to be
   * shown in. `"Told"`: there is nothing else to show.
   */
  hear(
    event: PeerEvent & { readonly _tag: "Message" },
    from: Conversation,
    now: number
  ): GroupName | "Told" | undefined {
    const { group: record, id, peer, text } = event
    if (record === undefined) return undefined
    const own = this.client.own.peer
    if (own === undefined || this.#groups === undefined) return undefined
    const heard = this.#groups.hear({ peer, nick: from.called, isAsked: from.asked }, record, own)
    if (heard.news.length > 0) this.#keep()
    const events = this.#eventsOf(heard, from)
    if (record.kind === "Text") {
      for (const one of events) this.client.output.tell(one)
      return heard.group && nameOf(heard.group)
    }
    // What is so is confirmed when it was told; what is no news, at once.
    const last = events.pop()
    for (const one of events) this.client.output.tell(one)
    if (last === undefined) this.client.peers?.delivered(peer, id, now)
    else this.client.output.show(last, { peer, nick: from.nick, id, text, isNotice: true })
    return "Told"
  }

  /** What our user calls the group of this message. */
  nameOf(id: Group["id"] | undefined): GroupName | undefined {
    const group = id === undefined ? undefined : this.#groups?.get(id)
    return group && nameOf(group)
  }

  /** A member has got our message: the history is told when all have. */
  delivered(id: MessageId, groupId: Group["id"]): void {
    const { output, peers } = this.client
    const group = this.#groups?.get(groupId)
    if (group === undefined) return
    for (const peer of group.members.keys()) if (peers?.holds(peer, id) === true) return
    output.remember({ _tag: "Keep", peer: groupId, entry: { _tag: "Delivered", id } })
  }

  info(group: Group): GroupInfo {
    return { ...nameOf(group), state: group.state, members: membersOf(group).map((member) => this.#describe(member)) }
  }

  get #groups(): Groups | undefined {
    return this.client.own.profile?.groups
  }

  /** The group of this name or id, if our user is in it. */
  joined(which: string): Group | GroupError {
    if (this.#groups === undefined) return notRegistered()
    const group = this.find(which)
    if (group === undefined || group.state === "left") return noSuchGroup(which)
    return group.state === "joined" ? group : notJoined(group.label)
  }

  /** People by nickname, each once: those whom our user has asked for, or knows. */
  #peopleOf(nicks: ReadonlyArray<string>): ReadonlyArray<GroupPerson> | ContactError {
    const found = new Map<PeerId, GroupPerson>()
    for (const nick of nicks) {
      const peer = this.people.peerOf(nick)
      if (peer === undefined || peer === this.client.own.peer) {
        const fault = this.people.key(nick)
        return "_tag" in fault ? fault : yourself(nick)
      }
      const called = this.client.conversations.get(peer)?.called ?? nick
      const valid = Either.getOrUndefined(Nickname.parse(called))
      found.set(peer, { peer, nick: valid?.text ?? nick })
    }
    return [...found.values()]
  }

  /** Says to these members what is so, in words for those whose programs know no groups. */
  #announce(group: Group, kind: GroupKind, to: ReadonlyArray<GroupPerson>, now: number, added = ""): void {
    const own = this.client.own.registration?.nick ?? this.client.own.wanted?.text ?? ""
    const names = membersOf(group).map(({ nick }) => nick)
    const words = {
      Text: "",
      Invite: `${own} has added you to the group ${group.name}, with ${names.join(", ")}`,
      Members: `${own} has added ${added} to the group ${group.name}`,
      Joined: `${own} has joined the group ${group.name}`,
      Left: `${own} has left the group ${group.name}`
    }[kind]
    this.#sendAll(group, kind, words, to, now)
    this.#keep()
  }

  #sendAll(group: Group, kind: GroupKind, text: string, to: ReadonlyArray<GroupPerson>, now: number) {
    const { clock, conversations, own, peers } = this.client
    const id = messageIdOf(this.random(MESSAGE_ID_BYTES))
    const writtenAt = clock.at(now)
    const body = encode({ kind, id: group.id, name: group.name, members: membersOf(group) })
    const length = Bytes.fromText(text).length + body.length
    const sentTo = new Set<PeerId>()
    for (const { nick, peer } of to) {
      const member = group.members.get(peer)
      if (member === undefined || !this.#mayWriteTo(member)) continue
      if (own.profile?.journal?.accepts(peer, length) === false) continue
      if (typeof peers?.sendToMember(peer, { id, text, writtenAt, group: body }, now) !== "string") continue
      sentTo.add(peer)
      this.#ask(peer, nick)
      // Writing to somebody who has hung up is a new start of ours.
      if (conversations.get(peer)?.departed === true) this.reintroduction.add(peer)
    }
    return { id, sentTo, writtenAt }
  }

  /** Asks for a member, now and whenever they come, unless we have already; our user has said so. */
  #ask(peer: PeerId, nick: string): void {
    const { conversations, pending } = this.client
    if (conversations.get(peer)?.asked === true || this.#isSilenced(peer)) return
    pending.add(peer, conversations.get(peer)?.nick ?? this.#contactName(peer) ?? nick)
    this.reintroduction.add(peer)
  }

  #mayWriteTo({ asked, peer }: Member): boolean {
    const conversation = this.client.conversations.get(peer)
    return (asked || conversation?.asked === true) && conversation?.held === undefined && !this.#isSilenced(peer)
  }

  /** Nothing goes to them: they are blocked or ignored, or our user has to decide about their key. */
  #isSilenced(peer: PeerId): boolean {
    return this.#isBlocked(peer) || this.client.own.profile?.contacts.get(peer)?.disputed === true
  }

  #isBlocked(peer: PeerId): boolean {
    const fingerprint = Fingerprint.of(this.client.crypto, identityKeyOf(peer))
    return this.client.ignored.has(peer) || this.client.own.profile?.contacts.isBlocked(peer, fingerprint) === true
  }

  #eventsOf({ group, news }: Heard, { nick: speaker }: Conversation) {
    if (group === undefined) return []
    const info = this.info(group)
    return news.map(({ by, change, ...person }) => {
      const nick = by === undefined ? speaker : this.#nameOf(person)
      return { _tag: "Group" as const, nick, change, group: info, ...(by === undefined ? {} : { by: speaker }) }
    })
  }

  #describe(member: Member): GroupMember {
    const { peer } = member
    const knowsGroups = this.client.peers?.knowsGroups(peer)
    return {
      nick: this.#nameOf(member),
      fingerprint: Fingerprint.of(this.client.crypto, identityKeyOf(peer)),
      asked: member.asked || this.client.conversations.get(peer)?.asked === true,
      blocked: this.#isBlocked(peer),
      ...(knowsGroups === undefined ? {} : { knowsGroups })
    }
  }

  /** What we know them as. Whom we do not know is called as others say, unless that is the name of somebody else. */
  #nameOf({ nick, peer }: GroupPerson): string {
    const known = this.client.conversations.get(peer)?.nick ?? this.#contactName(peer)
    if (known !== undefined) return known
    const owner = this.client.own.profile?.contacts.owner(nick) ?? this.client.conversations.byNick(nick)
    if (owner === undefined) return nick
    return labelOf({ nick, fingerprint: Fingerprint.of(this.client.crypto, identityKeyOf(peer)) })
  }

  #contactName(peer: PeerId): string | undefined {
    return this.client.own.profile?.contacts.get(peer)?.names[0]
  }

  #keep(): void {
    this.client.output.wish({ _tag: "KeepProfile" })
  }
}

const nameOf = ({ id, label }: Group): GroupName => ({ id, name: label })
