import type { Timed } from "../core/support/DeadlineWheel.js"
import * as Bytes from "../protocol/Bytes.js"

/** Somebody who wants presence events. */
export interface Watcher {
  /** `lines` is shared by all watchers and must be left as it is. */
  readonly sendShared: (lines: Uint8Array) => void
}

/**
 * Tells all watchers who came and went. Events that happen close together go out as one piece of bytes, encoded once:
 * when a thousand people come back after a restart, each of them is not written to a thousand times.
 */
export class Announcer implements Timed {
  #watchers = new Set<Watcher>()
  #lines: Array<string> = []
  #length = 0
  #due: number | undefined

  /** The watcher gets what happens from now on. */
  add(watcher: Watcher): void {
    if (this.#watchers.has(watcher)) return
    // What waits happened before; the others may have it now.
    this.#flush()
    this.#watchers.add(watcher)
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  get size(): number {
    return this.#watchers.size
  }

  announce(line: string, now: number): void {
    if (this.#watchers.size === 0) return
    this.#lines.push(line)
    this.#length += line.length
    this.#due ??= now + GATHER_MS
    if (this.#length >= MAX_GATHERED) this.#flush()
  }

  handleTimeout(_now: number): void {
    this.#flush()
  }

  pollTimeout(): number | undefined {
    return this.#due
  }

  #flush(): void {
    this.#due = undefined
    if (this.#lines.length === 0) return
    const bytes = Bytes.fromText(this.#lines.join(""))
    this.#lines = []
    this.#length = 0
    for (const watcher of this.#watchers) watcher.sendShared(bytes)
  }
}

/** Nobody sees whether somebody came a twentieth of a second earlier. */
const GATHER_MS = 20
/** A sixth of a send queue: one piece must not make a slow consumer of a watcher who keeps up. */
const MAX_GATHERED = 16 * 1024
