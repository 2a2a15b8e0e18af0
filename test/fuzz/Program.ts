/** An input read as a program: what to do next, and with what, byte after byte. Beyond its end everything is 0. */
export class Program {
  #at = 0

  constructor(private readonly input: Uint8Array) {}

  get isOver(): boolean {
    return this.#at >= this.input.length
  }

  u8(): number {
    return this.input[this.#at++] ?? 0
  }

  /** Up to 255 bytes, as many as the next byte says. */
  bytes(): Uint8Array {
    const length = this.u8()
    const bytes = this.input.slice(this.#at, this.#at + length)
    this.#at += bytes.length
    return bytes
  }
}
