/** A line and its cursor. */
export interface Line {
  readonly before: string
  readonly after: string
}

/** What a line was like before its last changes; characters typed one after the other are one change. */
export class Undo {
  #states: Array<Line> = []
  /** Changes that belong to the last one. */
  #joined = 0

  /** The line is about to change; `joins` where that belongs to the change before. */
  note({ after, before }: Line, joins = false): void {
    this.#joined = joins ? this.#joined + 1 : 0
    if (joins && this.#joined < MAX_JOINED) return
    this.#joined = 0
    const last = this.#states.at(-1)
    if (last?.before === before && last.after === after) return
    this.#states.push({ before, after })
    let kept = 0
    const from = this.#states.findLastIndex((state) => {
      kept += state.before.length + state.after.length
      return kept > MAX_KEPT
    })
    this.#states = this.#states.slice(Math.max(from + 1, this.#states.length - MAX_STATES))
  }

  take(): Line | undefined {
    this.#joined = 0
    return this.#states.pop()
  }

  clear(): void {
    this.#states = []
    this.#joined = 0
  }
}

/** Characters that are taken back at a time, as readline does. */
const MAX_JOINED = 20
/** Changes that can be taken back. */
const MAX_STATES = 200
/** UTF-16 code units that they hold: a few of the longest drafts. */
const MAX_KEPT = 256 * 1024
