import * as Schema from "effect/Schema"
import * as Hex from "./Hex.js"

/** What a group of people is told apart by, whatever it is called: 16 random bytes as lower-case hexadecimal. */
export const GroupId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{32}$/), Schema.brand("GroupId"))
export type GroupId = typeof GroupId.Type

/** The id that is these `GROUP_ID_BYTES`. */
export const groupIdOf = (bytes: Uint8Array): GroupId => Hex.encode(bytes) as GroupId

export const groupIdBytes = (id: GroupId): Uint8Array => Hex.decode(id)!

/** So many that no two groups are ever given the same one by chance. */
export const GROUP_ID_BYTES = 16
