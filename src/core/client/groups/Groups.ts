import type { GroupId } from "../../../domain/GroupId.js"
import * as Nickname from "../../../domain/Nickname.js"
import type { PeerId } from "../../../domain/PeerId.js"
import { type GroupPerson, type GroupRecord, MAX_OTHERS } from "../../../protocol/GroupRecord.js"

/**
 * The groups of one client: our own list of who is in each (docs/protocol.md §3.9). What others say adds to a list, and
 * only our user and the person themselves take somebody off it. So lists of different members may differ, and nothing
 * here is ever agreed upon.
 *
 * Bounded whatever others say: `MAX_JOINED` groups, as many that our user has left (so that nobody brings them back but
 * by an invitation), and `MAX_INVITATIONS`, of which those of strangers make room first.
 */
export class Groups {
  readonly #groups = new Map<GroupId, Group>()
  #revision = 0

  /** Groups of earlier processes: joined or left ones. What is beyond the bounds is left out. */
  constructor(groups: ReadonlyArray<Group> = []) {
    for (const group of groups) {
      if (group.state === "joined" && this.#count("joined") >= MAX_JOINED) continue
      this.#groups.set(group.id, { ...group, label: this.#labelFor(group.name) })
    }
    this.#boundLeft()
  }

  get(id: GroupId): Group | undefined {
    return this.#groups.get(id)
  }

  /** The group that our user calls so; one that they have left only when there is no other. */
  byLabel(label: string): Group | undefined {
    const key = Nickname.key(label)
    const called = this.all().filter((group) => Nickname.key(group.label) === key)
    return called.find(({ state }) => state !== "left") ?? called.at(-1)
  }

  /** In the order in which they became known. */
  all(): ReadonlyArray<Group> {
    return [...this.#groups.values()]
  }

  /** Grows with each change of what is to be kept. */
  get revision(): number {
    return this.#revision
  }

  /** Our user makes a group; `undefined` when they have `MAX_JOINED` already. */
  make(id: GroupId, name: string, people: ReadonlyArray<GroupPerson>): Group | undefined {
    if (this.#count("joined") >= MAX_JOINED) return undefined
    const members = new Map(people.slice(0, MAX_OTHERS).map((person) => [person.peer, memberOf(person, true)]))
    return this.#put({ id, name, label: this.#labelFor(name), state: "joined", by: undefined, members })
  }

  /** Our user joins, which asks for everybody in it; `undefined` when they are in `MAX_JOINED` already. */
  join(group: Group): Group | undefined {
    if (group.state !== "joined" && this.#count("joined") >= MAX_JOINED) return undefined
    const members = mapped(group, (member) => (member.state === "in" ? { ...member, asked: true } : member))
    return this.#put({ ...group, state: "joined", members })
  }

  /** Our user leaves, or does not want to be invited. */
  leave(group: Group): void {
    this.#put({ ...group, state: "left", members: mapped(group, (member) => ({ ...member, asked: false })) })
    this.#boundLeft()
  }

  /** Our user adds people, also those who were off the list; `undefined` when there is no room for all of them. */
  add(group: Group, people: ReadonlyArray<GroupPerson>): Group | undefined {
    const members = new Map(group.members)
    for (const person of people) members.set(person.peer, memberOf(person, true))
    if (present(members).length > MAX_OTHERS) return undefined
    for (const { peer, state } of members.values()) {
      if (members.size <= MAX_KNOWN) break
      if (state !== "in") members.delete(peer)
    }
    return this.#put({ ...group, members })
  }

  /** Our user takes somebody off the list; nobody is told. */
  remove(group: Group, peer: PeerId): Group {
    const gone = (member: Member) => ({ ...member, asked: false, state: "removed" as const })
    return this.#put({ ...group, members: mapped(group, (member) => (member.peer === peer ? gone(member) : member)) })
  }

  /** Our user's consent to talk to this peer has ended: in groups, too. */
  withdraw(peer: PeerId): void {
    for (const group of this.all())
      if (group.members.get(peer)?.asked === true)
        this.#put({
          ...group,
          members: mapped(group, (member) => (member.peer === peer ? { ...member, asked: false } : member))
        })
  }

  /** Takes in what a peer says of a group; `own` is who we are. */
  hear(from: Speaker, record: GroupRecord, own: PeerId): Heard {
    const known = this.#groups.get(record.id)
    if (known === undefined) return record.kind === "Left" ? IGNORED : this.#invite(from, record, own, undefined)
    if (known.state === "left") {
      const comesBack = record.kind === "Invite" && from.isAsked
      return comesBack ? this.#invite(from, record, own, known) : IGNORED
    }
    // Whoever is known goes before a stranger, who may have heard of the id, and filled in a list of their own.
    if (known.state === "invited" && known.by?.isAsked !== true && from.isAsked && record.kind !== "Left")
      return this.#invite(from, record, own, known)
    const speaker = known.members.get(from.peer)
    if (speaker === undefined || speaker.state === "removed") return IGNORED
    return this.#absorb(known, speaker, from, record, own)
  }

  #invite(from: Speaker, record: GroupRecord, own: PeerId, former: Group | undefined): Heard {
    const members = new Map<PeerId, Member>()
    for (const member of former?.members.values() ?? [])
      if (member.state === "removed") members.set(member.peer, member)
    if (members.has(from.peer)) return IGNORED
    for (const person of [{ peer: from.peer, nick: from.nick }, ...record.members]) {
      if (present(members).length >= MAX_OTHERS || members.size >= MAX_KNOWN) break
      if (person.peer !== own && !members.has(person.peer)) members.set(person.peer, memberOf(person, false))
    }
    if (former === undefined) this.#makeRoom()
    const label =
      former?.state === "invited" && former.name === record.name ? former.label : this.#labelFor(record.name)
    const { id, name } = record
    const group = this.#put({ id, name, label, state: "invited", by: from, members })
    return { group, news: [{ change: "invited", peer: from.peer, nick: from.nick }] }
  }

  #absorb(group: Group, speaker: Member, from: Speaker, record: GroupRecord, own: PeerId): Heard {
    const { nick, peer } = from
    if (record.kind === "Left") {
      if (speaker.state === "left") return { group, news: [] }
      const members = new Map(group.members).set(peer, { ...speaker, state: "left", asked: false })
      return { group: this.#put({ ...group, members }), news: [{ change: "left", peer, nick }] }
    }
    const news: Array<News> = []
    const members = new Map(group.members)
    const isBack = speaker.state === "left" && present(members).length < MAX_OTHERS
    if (speaker.state === "left" && !isBack) return IGNORED
    if (isBack || speaker.nick !== nick) members.set(peer, { ...speaker, nick, state: "in" })
    if (isBack || record.kind === "Joined") news.push({ change: "joined", peer, nick })
    for (const person of record.members) {
      if (person.peer === own || members.has(person.peer)) continue
      if (present(members).length >= MAX_OTHERS || members.size >= MAX_KNOWN) break
      members.set(person.peer, memberOf(person, false))
      news.push({ change: "added", ...person, by: nick })
    }
    const isNews = news.length > 0 || speaker.nick !== nick
    return { group: isNews ? this.#put({ ...group, members }) : group, news }
  }

  #put(group: Group): Group {
    this.#groups.set(group.id, group)
    this.#revision++
    return group
  }

  #count(state: Group["state"]): number {
    let count = 0
    for (const group of this.#groups.values()) if (group.state === state) count++
    return count
  }

  /** For one more invitation. */
  #makeRoom(): void {
    const invited = this.all().filter(({ state }) => state === "invited")
    if (invited.length < MAX_INVITATIONS) return
    const oldest = invited.find(({ by }) => by?.isAsked !== true) ?? invited[0]!
    this.#groups.delete(oldest.id)
  }

  #boundLeft(): void {
    const left = this.all().filter(({ state }) => state === "left")
    for (const { id } of left.slice(0, Math.max(0, left.length - MAX_JOINED))) this.#groups.delete(id)
  }

  /** What our user is to call a group: no two that they have not left are called the same. */
  #labelFor(name: string): string {
    const taken = new Set<string>()
    for (const { label, state } of this.#groups.values()) if (state !== "left") taken.add(Nickname.key(label))
    for (let number = 1; ; number++) {
      const label = number === 1 ? name : `${name}-${number}`
      if (!taken.has(Nickname.key(label))) return label
    }
  }
}

export interface Group {
  readonly id: GroupId
  /** As its members call it: a valid nickname. */
  readonly name: string
  /** As our user calls it: the name, with a number where they have another one of that name. */
  readonly label: string
  /** `invited`: somebody says that our user is in it, who has not said so themselves. */
  readonly state: "invited" | "joined" | "left"
  /** Who invited, and how they stood to us then; nobody when our user has made it, or joined it in an earlier run. */
  readonly by: Speaker | undefined
  /** Everybody but us, in the order in which they became known; also those who are on the list no longer. */
  readonly members: ReadonlyMap<PeerId, Member>
}

export interface Member extends GroupPerson {
  /** Our user has asked for them by making the group, joining it or adding them, and has not taken that back. */
  readonly asked: boolean
  /** `left`: they said so. `removed`: our user has taken them off the list. */
  readonly state: "in" | "left" | "removed"
}

/** Whose session something came on. */
export interface Speaker extends GroupPerson {
  /** Whether our user has asked for them. */
  readonly isAsked: boolean
}

export interface Heard {
  /** The group that a text of this kind belongs to; nothing when it is its sender's alone. */
  readonly group: Group | undefined
  readonly news: ReadonlyArray<News>
}

/** Who was added, has joined, has left, or has invited our user. */
export interface News extends GroupPerson {
  readonly change: "invited" | "added" | "joined" | "left"
  /** Who has added them. */
  readonly by?: string
}

/** Who is in the group now, as far as we know; us not counted. */
export const membersOf = ({ members }: Group): ReadonlyArray<Member> => present(members)

const present = (members: ReadonlyMap<PeerId, Member>): ReadonlyArray<Member> =>
  [...members.values()].filter(({ state }) => state === "in")

const memberOf = ({ nick, peer }: GroupPerson, asked: boolean): Member => ({ peer, nick, asked, state: "in" })

const mapped = ({ members }: Group, change: (member: Member) => Member): ReadonlyMap<PeerId, Member> =>
  new Map(Array.from(members, ([peer, member]) => [peer, change(member)]))

const IGNORED: Heard = { group: undefined, news: [] }

/** Groups that one is in: more than anybody follows. With all members of each, the list takes some 400 KB. */
export const MAX_JOINED = 128
/** Invitations that were not answered: a screenful or two. */
export const MAX_INVITATIONS = 32
/** People on one list, those who are off it included: that others add as many again as have gone. */
export const MAX_KNOWN = 2 * MAX_OTHERS
