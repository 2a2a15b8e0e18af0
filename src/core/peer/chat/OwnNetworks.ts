import * as Networks from "../../nat/Networks.js"

/** What our own networks are, for all whom we are connected to. Each is told when it changes, and at the beginning. */
export class OwnNetworks {
  value: Networks.Networks = Networks.UNKNOWN
  /** Grows with each change. */
  revision = 0

  set(value: Networks.Networks): boolean {
    if (Networks.FAMILIES.every((family) => value[family] === this.value[family])) return false
    this.value = value
    this.revision++
    return true
  }

  /** The revision that somebody knows who was told nothing: that nothing is known. */
  get untold(): number {
    return Networks.FAMILIES.every((family) => this.value[family] === "unknown") ? this.revision : -1
  }
}
