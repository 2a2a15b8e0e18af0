import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { GroupId } from "../../../domain/GroupId.js"
import * as Nickname from "../../../domain/Nickname.js"
import { PeerId } from "../../../domain/PeerId.js"
import * as SealedJson from "../../journal/SealedJson.js"
import { type Group, Groups, MAX_JOINED, MAX_KNOWN } from "./Groups.js"

/** What is sealed. */
export const toText = (groups: Groups): string =>
  JSON.stringify({
    version: 1,
    groups: groups
      .all()
      .filter(({ state }) => state !== "invited")
      .map(({ id, members, name, state }) => ({ id, name, state, members: [...members.values()] }))
  })

export const fromText = (text: string): Groups | undefined => {
  const decoded = decodeContent(text)
  if (Either.isLeft(decoded)) return undefined
  return new Groups(
    decoded.right.groups.map(
      ({ members, ...group }): Group => ({
        ...group,
        label: group.name,
        by: undefined,
        members: new Map(members.map((member) => [member.peer, member]))
      })
    )
  )
}

/**
 * The groups that our user is in or has left, as a file. `secret` is `Identity.contactsSecret`. Invitations are not
 * kept: the next message to the group brings them again.
 */
export const { decode, encode } = SealedJson.make("parley-groups-v1\n", { fromText, toText })

const Name = Schema.String.pipe(Schema.filter((text) => Either.getOrUndefined(Nickname.parse(text))?.text === text))

const Content = Schema.Struct({
  version: Schema.Literal(1),
  groups: Schema.Array(
    Schema.Struct({
      id: GroupId,
      name: Name,
      state: Schema.Literal("joined", "left"),
      members: Schema.Array(
        Schema.Struct({
          peer: PeerId,
          nick: Name,
          asked: Schema.Boolean,
          state: Schema.Literal("in", "left", "removed")
        })
      ).pipe(Schema.maxItems(MAX_KNOWN))
    })
  ).pipe(Schema.maxItems(2 * MAX_JOINED))
})

const decodeContent = Schema.decodeUnknownEither(Schema.parseJson(Content))
