import type * as Effect from "effect/Effect"
import type { Conversations } from "../core/client/Conversations.js"
import { named } from "../core/client/Why.js"
import type { PeerEvent } from "../core/peer/PeerEvent.js"
import type { PeerId } from "../domain/PeerId.js"
import type { EventQueue } from "./EventQueue.js"
import type { Remembrance } from "./history/Remembrance.js"
import type { Introducer } from "./Introducer.js"
import type { PeerLink } from "./PeerLink.js"

/** Tells what the peer machine reports in nicknames, and keeps the conversations' own state in step with it. */
export const handle = (
  event: PeerEvent,
  client: {
    readonly conversations: Conversations
    readonly events: EventQueue
    readonly introducer: Introducer
    readonly peers: PeerLink
    readonly remembrance: Remembrance
    /** Whether messages to us are taken. */
    readonly inbox: boolean
    /** What people know the relay by: the server's address. */
    readonly relayName: string
    /** Waits until what was shown is written down; nothing where nothing is. */
    readonly recorded: () => Effect.Effect<void> | undefined
    /** This peer should be asked for again. */
    readonly heal: (peer: PeerId) => void
  }
): void => {
  const conversation = client.conversations.get(event.peer)
  // Evicted or left meanwhile.
  if (conversation === undefined) return
  const peer = conversation.nick
  switch (event._tag) {
    case "Connected":
      conversation.connected = true
      conversation.trying = false
      conversation.departed = false
      conversation.path = event.path.kind
      client.introducer.pinIfProven(conversation)
      if (conversation.asked) client.remembrance.begins(event.peer)
      client.events.offer({ _tag: "Connected", nick: peer, path: named(event.path, client.relayName) })
      return
    case "PathChanged":
      conversation.path = event.path.kind
      client.events.offer({ _tag: "PathChanged", nick: peer, path: named(event.path, client.relayName) })
      return
    case "Mutual":
      client.remembrance.begins(event.peer)
      client.events.offer({ _tag: "Mutual", nick: peer })
      return
    case "Message":
      if (!client.inbox) return
      client.events.offer({ _tag: "Message", from: peer, id: event.id, text: event.text }, () => {
        client.remembrance.received(conversation, event.id, event.text)
        client.peers.drive((peers, now) => peers.delivered(event.peer, event.id, now))
        return client.recorded()
      })
      return
    case "Delivered":
      client.remembrance.confirmed(event.peer, event.id, "Delivered")
      client.events.offer({ _tag: "Delivered", nick: peer, id: event.id })
      return
    case "Read":
      client.remembrance.confirmed(event.peer, event.id, "Read")
      client.events.offer({ _tag: "Read", nick: peer, id: event.id })
      return
    case "CreditExhausted":
      client.events.offer({ _tag: "Waiting", nick: peer, id: event.id })
      return
    case "Disconnected":
      conversation.connected = false
      conversation.trying = false
      conversation.departed = event.reason === "left"
      // A peer that was cut off may have restarted; its new session answers only to a new introduction.
      if (event.reason === "timeout" || event.reason === "unreachable") client.heal(event.peer)
      client.events.offer({ _tag: "Disconnected", nick: peer, reason: event.reason, undelivered: event.undelivered })
  }
}
