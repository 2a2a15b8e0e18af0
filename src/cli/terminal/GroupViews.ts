import type { GroupName, GroupSent } from "../../core/client/groups/GroupInfo.js"
import type { MessageId } from "../../domain/MessageId.js"
import type * as Conversation from "./Conversation.js"
import type { Conversations } from "./Conversations.js"
import * as GroupTexts from "./GroupTexts.js"
import type { Palette } from "./Palette.js"
import type { Views } from "./Views.js"
import type { Printed } from "./Wrap.js"

/** Groups as conversations, each with a view `#name`; a message is delivered when its last member has it. */
export class GroupViews {
  readonly #conversations: Conversations
  readonly #views: Views
  readonly #palette: Palette
  /** Messages by how many members have not got them; at most `MAX_WAITING`. */
  readonly #left = new Map<MessageId, number>()

  constructor(conversations: Conversations, views: Views, palette: Palette) {
    this.#conversations = conversations
    this.#views = views
    this.#palette = palette
  }

  /** The view of what is said in a group; no nickname begins as its name does. */
  of(group: Pick<GroupName, "name">): Conversation.Conversation {
    const view = this.#conversations.with(GroupTexts.called(group))
    view.asked = true
    // To each member there is a connection or not; what waits is said of each.
    view.connected = true
    return view
  }

  /** Our user has made or joined this group: text goes there from now on. */
  opened(group: GroupName): ReadonlyArray<Printed> {
    const view = this.of(group)
    if (view.transcript.fresh > 0) return this.#views.turnTo(view)
    this.#views.focus(view)
    return []
  }

  /** Turns to this group, as to a conversation. */
  turnTo(group: GroupName): ReadonlyArray<Printed> {
    return this.#views.turnTo(this.of(group))
  }

  /** A message of ours was accepted; what to say beside it. */
  sent({ group, id, to, without }: GroupSent): ReadonlyArray<Printed> {
    if (this.#left.size < MAX_WAITING) this.#left.set(id, to.length)
    if (without.length === 0) return []
    const line = `${GroupTexts.listed(without)} did not get that: /group members ${group.name} says why`
    return [this.#palette.remark(line)]
  }

  /** Another member has got a message of ours, perhaps the last who is to. */
  delivered(group: GroupName, id: MessageId): void {
    const { undelivered } = this.of(group)
    const left = (this.#left.get(id) ?? 1) - 1
    if (left > 0) {
      this.#left.set(id, left)
      return
    }
    this.#left.delete(id)
    const sent = undelivered.get(id)
    if (sent !== undefined) sent.state = "delivered"
    undelivered.delete(id)
  }
}

/** As many as the outbox of a peer holds at most. */
const MAX_WAITING = 10_000
