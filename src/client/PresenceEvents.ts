import type { Conversations } from "../core/client/Conversations.js"
import type { Crowd } from "./Crowd.js"
import type { EventQueue } from "./EventQueue.js"
import type { Healer } from "./Healer.js"
import type { PeerLink } from "./PeerLink.js"
import type { Self } from "./Self.js"
import type { PushedEvent } from "./ServerLink.js"

/**
 * What the server says of other people's presence: news for the user, and a hint for the conversations concerned. A
 * peer that was gone and registers again under the identity that we asked for is asked for again.
 */
export const handle = (
  event: PushedEvent & { readonly _tag: "Joined" | "Left" | "Changed" | "Roster" },
  client: {
    readonly conversations: Conversations
    readonly crowd: Crowd
    readonly events: EventQueue
    readonly healer: Healer
    readonly peers: PeerLink
    readonly self: Self
  }
): void => {
  const { conversations, crowd, events, healer, peers, self } = client

  const left = (nick: string) => {
    events.offer({ _tag: "Left", nick })
    const conversation = conversations.byNick(nick)
    if (conversation === undefined) return
    conversation.absent = true
    peers.drive((machine, now) => machine.nudge(conversation.peer, now))
  }

  /** Somebody is there, `again` when it is certain that the session is another than the one we were introduced to. */
  const present = (nick: string, fingerprint: string, again: boolean) => {
    healer.healKept(nick)
    const conversation = fingerprint === "" ? undefined : conversations.byFingerprint(fingerprint)
    if (conversation === undefined) return
    const isNewSession = again || conversation.absent
    if (conversation.departed && !isNewSession) return
    // The relay serves sessions, so a new one needs a new introduction.
    if (isNewSession || !conversation.connected || conversation.path === "relay") healer.heal(conversation.peer)
    else peers.drive((machine, now) => machine.nudge(conversation.peer, now))
  }

  switch (event._tag) {
    case "Joined":
      if (event.nick === self.registration?.nick) return
      crowd.joined(event.nick)
      events.offer({ _tag: "Joined", nick: event.nick })
      // After a restart of the server everybody joins anew, and living conversations need no introduction.
      present(event.nick, event.fingerprint, false)
      return
    case "Left":
      crowd.left(event.nick)
      left(event.nick)
      return
    case "Changed":
      present(event.nick, event.fingerprint, true)
      return
    case "Roster":
      for (const nick of crowd.departed(event)) left(nick)
      for (const { fingerprint, nick } of event.clients) present(nick, fingerprint, false)
  }
}
