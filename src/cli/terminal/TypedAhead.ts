/**
 * Which lines may answer the question for a nickname: what was typed, or begun, while another nickname was waited for
 * was meant for something else.
 */
export class TypedAhead {
  #typed = 0
  #last = 0

  /** A line was typed; its number. */
  typed(): number {
    return ++this.#typed
  }

  /** A nickname was refused; `begun`: while something stood in the draft. */
  refused(begun: boolean): void {
    this.#last = begun ? this.#typed + 1 : this.#typed
  }

  /** Whether the line with this number was meant for something else than the question that stands there now. */
  precedes(number: number): boolean {
    return number <= this.#last
  }
}
