import type { Load } from "../Stage.js"
import { ATTACKS } from "./Catalog.js"
import { Field } from "./Field.js"

/** Prepares the attack of this name, waits for the bench to say when, attacks for its time, and leaves all at once. */
export const attacker: Load = async ({ argument, call, port, size }) => {
  const attack = ATTACKS.find(({ name }) => name === argument)!
  const field = new Field(port, "10.0.0.1", size.ms, attack.tls === true)
  await attack.prepare?.(field)
  await call("ready")
  field.begin()
  await attack.run(field)
}
