import { expected, type Script } from "./Script.js"
import type { Talker } from "./Talker.js"

/** What is wrong after a conversation: each text has to be shown once and in order, and to be known as delivered. */
export const problem = (script: Script, talkers: ReadonlyArray<Talker>): string | undefined => {
  for (const reader of talkers) {
    for (const writer of talkers) {
      if (reader === writer) continue
      const what = `${reader.person.name} reads ${writer.person.name}`
      const [seen, said] = [reader.shown.get(writer.person.id) ?? [], expected(script, reader.person, writer.person)]
      if (seen.length !== said.length) return `${what}: ${seen.length} texts of ${said.length}`
      const at = said.findIndex((text, index) => text !== seen[index])
      if (at >= 0) return `${what}: text ${at} is ${seen[at]!.slice(0, 40)}, not ${said[at]!.slice(0, 40)}`
    }
    const [delivered, accepted] = [[...reader.delivered].sort(), [...reader.accepted].sort()]
    if (delivered.join() !== accepted.join())
      return `${reader.person.name} hears of ${delivered.length} deliveries, of ${accepted.length}`
  }
  return undefined
}
