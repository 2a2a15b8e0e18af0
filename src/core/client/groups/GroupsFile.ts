import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Crypto } from "../../../domain/Crypto.js"
import { GroupId } from "../../../domain/GroupId.js"
import * as Nickname from "../../../domain/Nickname.js"
import { PeerId } from "../../../domain/PeerId.js"
import * as Bytes from "../../../protocol/Bytes.js"
import * as SealedFile from "../../journal/SealedFile.js"
import { type Group, Groups, MAX_JOINED, MAX_KNOWN } from "./Groups.js"

/**
 * The groups that our user is in or has left, as a file: sealed, so that without the identity nobody reads it, and
 * nobody changes it unnoticed. `secret` is `Identity.contactsSecret`, `salt` `SealedFile.SALT_BYTES` fresh random
 * bytes. Invitations are not kept: the next message to the group brings them again.
 */
export const encode = (crypto: Crypto, secret: Uint8Array, salt: Uint8Array, groups: Groups): Uint8Array =>
  SealedFile.seal({ crypto, magic: MAGIC, salt, secret }, Bytes.fromText(toText(groups)))

/** `undefined` when it is not what `encode` made with this secret. */
export const decode = (crypto: Crypto, secret: Uint8Array, file: Uint8Array): Groups | undefined => {
  const content = SealedFile.open({ crypto, magic: MAGIC, secret }, file)
  return content && fromText(Bytes.toText(content) ?? "")
}

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

const MAGIC = Bytes.fromText("parley-groups-v1\n")
