/** Replacements of properties that can all be taken back, in reverse order. */
export class Patches {
  readonly #undo: Array<() => void> = []

  /** Puts `value` in place of an own or inherited property. */
  put(target: object, key: PropertyKey, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, key)
    Object.defineProperty(target, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: before?.enumerable ?? false
    })
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key)
      else Object.defineProperty(target, key, before)
    })
  }

  /** Remembers something else to take back. */
  also(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Remembers something to do when all else has been taken back. */
  finally(last: () => void): void {
    this.#undo.unshift(last)
  }

  restore(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo()
  }
}
