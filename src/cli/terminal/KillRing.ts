/** What was killed last, the newest first: kills that follow each other make one text. */
export class KillRing {
  readonly #texts: Array<string> = []

  /** Remembers a killed text; `joins` it to the one before, where it stood `before` or behind that. */
  add(text: string, { before, joins }: { readonly before: boolean; readonly joins: boolean }): void {
    const last = this.#texts[0]
    if (joins && last !== undefined) this.#texts[0] = before ? text + last : last + text
    else this.#texts.unshift(text)
    this.#texts.length = Math.min(this.#texts.length, MAX_TEXTS)
  }

  /** The text killed `ago` kills before the last one; the ring begins again behind the oldest. */
  get(ago: number): string {
    return this.#texts[ago % Math.max(1, this.#texts.length)] ?? ""
  }
}

/** As many as somebody finds again by turning the ring. */
const MAX_TEXTS = 10
