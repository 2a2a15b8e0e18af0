import type { GroupId } from "../../domain/GroupId.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { PeerEvent } from "../peer/PeerEvent.js"
import type { PathInfo } from "../peer/Route.js"
import type { ClientContext } from "./ClientContext.js"
import type { Conversation } from "./Conversations.js"
import type { GroupTalk } from "./groups/GroupTalk.js"
import type { Introducer } from "./Introducer.js"
import type { Reintroduction } from "./Reintroduction.js"
import { named } from "./Why.js"
import * as WrittenAt from "./WrittenAt.js"

export interface PeerEventsOptions {
  /** Whether messages to us are taken. */
  readonly inbox: boolean
  /** What people know the relay by: the server's name. */
  readonly relay: { readonly name: string }
}

/** Tells what the peer machine reports in nicknames, and keeps the conversations' own state in step with it. */
export class PeerEvents {
  constructor(
    private readonly client: ClientContext,
    private readonly introducer: Introducer,
    private readonly reintroduction: Reintroduction,
    private readonly groups: GroupTalk,
    private readonly options: PeerEventsOptions
  ) {}

  handle(event: PeerEvent, now: number): void {
    const { conversations, output } = this.client
    switch (event._tag) {
      case "StreamOpened":
      case "StreamReadable":
      case "StreamWritable":
      case "StreamReset":
      case "StreamResetConfirmed":
        output.pass(event)
        return
      case "InDoubt":
        // It concerns our own network (`CandidateGatherer`).
        return
      case "Mutual":
      case "Disconnected":
        output.pass(event)
    }
    const conversation = conversations.get(event.peer)
    // Evicted or left meanwhile; and nobody waits for word of what nobody has said.
    if (conversation === undefined || "isNotice" in event) return
    const { nick } = conversation
    switch (event._tag) {
      case "Connected":
        this.#connected(conversation, event.path, now)
        return
      case "PathChanged":
        conversation.path = event.path.kind
        if (!conversation.quiet)
          output.tell({ _tag: "PathChanged", nick, path: named(event.path, this.options.relay.name) })
        return
      case "Mutual":
        output.remember({ _tag: "Begins", peer: event.peer })
        output.tell({ _tag: "Mutual", nick })
        return
      case "Away":
        if (!conversation.quiet)
          output.tell({ _tag: "Away", nick, away: event.text !== undefined, ...(event.text && { text: event.text }) })
        return
      case "Message":
        this.#said(event, conversation, now)
        return
      case "Delivered":
        if (event.group === undefined) this.#confirmed(event.peer, event.id, event._tag)
        else this.groups.delivered(event.id, event.group)
        if (event.group === undefined) output.tell({ _tag: event._tag, nick, id: event.id })
        else output.tell({ _tag: event._tag, nick, id: event.id, ...this.#inGroup(event.group) })
        return
      case "Read":
        this.#confirmed(event.peer, event.id, event._tag)
        output.tell({ _tag: event._tag, nick, id: event.id })
        return
      case "CreditExhausted":
        output.tell({ _tag: "Waiting", nick, id: event.id, ...this.#inGroup(event.group) })
        return
      case "Disconnected":
        conversation.connected = false
        conversation.trying = false
        conversation.toldUntil = Number.NEGATIVE_INFINITY
        conversation.departed = event.reason === "left"
        // A peer that was cut off may have restarted; its new session answers only to a new introduction.
        if (event.reason === "timeout" || event.reason === "unreachable") this.reintroduction.add(event.peer)
        if (!conversation.quiet)
          output.tell({ _tag: "Disconnected", nick, reason: event.reason, undelivered: event.undelivered })
        return
      case "LetGo":
        conversations.remove(conversation)
        return
      default:
        // An event that nobody passes on would be lost without a word.
        event satisfies never
    }
  }

  #said(event: PeerEvent & { readonly _tag: "Message" }, conversation: Conversation, now: number): void {
    if (!this.options.inbox) return
    const { id, peer, text } = event
    const group = this.groups.hear(event, conversation, now)
    if (group === "Told") return
    const { nick } = conversation
    const writtenAt = WrittenAt.believed(event.writtenAt, this.client.clock.at(now))
    // The usual message by itself: spread literals would cost as much as all that is done with it here.
    if (group === undefined && writtenAt !== undefined) {
      this.client.output.show({ _tag: "Message", from: nick, id, text, writtenAt }, { peer, nick, id, text, writtenAt })
      return
    }
    const said = { id, text, ...(writtenAt === undefined ? {} : { writtenAt }), ...(group && { group }) }
    this.client.output.show({ _tag: "Message", from: nick, ...said }, { peer, nick, ...said })
  }

  #connected(conversation: Conversation, path: PathInfo, now: number): void {
    const { asked, peer } = conversation
    conversation.connected = true
    conversation.trying = false
    conversation.departed = false
    conversation.path = path.kind
    if (asked) this.client.output.remember({ _tag: "Begins", peer })
    this.introducer.tellConnected(conversation, path)
    this.introducer.proven(conversation, now)
  }

  #inGroup(id: GroupId | undefined) {
    const group = this.groups.nameOf(id)
    return group === undefined ? {} : { group }
  }

  #confirmed(peer: PeerId, id: MessageId, how: "Delivered" | "Read"): void {
    const { output } = this.client
    if (output.remembers) output.remember({ _tag: "Keep", peer, entry: { _tag: how, id } })
  }
}
