/** One thing that an implementation must do, and how to see whether it does. */
export interface Check<Context> {
  /** Of docs/protocol.md: `1.1-3`. */
  readonly rule: string
  /** Other rules that show as well. */
  readonly also?: ReadonlyArray<string>
  /** What is seen when it holds, to be read after "it". */
  readonly says: string
  /** Resolves when it holds; rejects with a `Broken` when it does not. */
  readonly run: (context: Context) => Promise<void>
}

/** An implementation that does not do what a rule says. Any other error is the fault of the suite. */
export class Broken extends Error {
  override readonly name = "Broken"
}

export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Broken(otherwise)
}

/** The value; it must be there. */
export const there = <A>(value: A | undefined, otherwise: string): A => {
  must(value !== undefined, otherwise)
  return value
}

export const equal = (actual: unknown, expected: unknown, what: string): void => {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  must(is === wanted, `${what} is ${is}, not ${wanted}`)
}

/** How long is waited, in ms; for a machine that is busy, or a program that is slow, it can be longer. */
export const waits = {
  /** That an answer may take. */
  patience: 10_000,
  /** After which what must not come has not come. */
  silence: 400
}

/** What `promise` gives, unless it takes longer than `ms`. */
export const within = async <A>(ms: number, promise: Promise<A>, otherwise: string): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Broken(otherwise)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
