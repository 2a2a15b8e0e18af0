/** A `Date` whose present is `now` (ms since 1970); dates made by it and by the real one are the same kind of thing. */
export const make = (now: () => number): DateConstructor => {
  const Real = Date
  function VirtualDate(this: unknown, ...args: Array<unknown>): Date | string {
    if (new.target === undefined) return new Real(now()).toString()
    return Reflect.construct(Real, args.length === 0 ? [now()] : args, new.target)
  }
  return Object.assign(VirtualDate, {
    prototype: Real.prototype,
    now,
    parse: Real.parse,
    UTC: Real.UTC
  }) as unknown as DateConstructor
}
