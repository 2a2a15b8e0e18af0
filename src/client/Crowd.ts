import { MAX_ROSTER, type Roster } from "../core/control/Presence.js"

/**
 * The nicknames that our consumer believes to be present, because a list or a `Joined` said so: what a departure is
 * news about when events were missed. At most `MAX_ROSTER`; of others a missed departure goes unnoticed.
 */
export class Crowd {
  private readonly present = new Set<string>()

  joined(nick: string): void {
    if (this.present.size < MAX_ROSTER) this.present.add(nick)
  }

  left(nick: string): void {
    this.present.delete(nick)
  }

  /** A new session with the server: what was known before proves nothing. */
  clear(): void {
    this.present.clear()
  }

  /** Who has left unnoticed, according to the list as it is now. */
  departed({ clients, complete, touched }: Roster): ReadonlyArray<string> {
    if (!complete) return []
    const listed = new Set(clients.map(({ nick }) => nick))
    const gone = [...this.present].filter((nick) => !listed.has(nick) && !touched.has(nick))
    for (const nick of gone) this.present.delete(nick)
    return gone
  }
}
