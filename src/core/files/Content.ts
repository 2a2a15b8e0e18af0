import * as Schema from "effect/Schema"
import * as Hex from "../../domain/Hex.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"

/**
 * What is moved: a file or a folder, as one string of bytes (its files one after the other, in the order of the
 * manifest) cut into chunks of equal size. A hash tree of depth two names it: the leaves are the hashes of the chunks,
 * the root is the hash of manifest and leaves. Whoever has the root can verify each chunk as it comes, and tell what of
 * a broken transfer is still good by reading it again.
 */

/**
 * What names a transfer to both sides: 16 random bytes as lower-case hexadecimal, drawn by the sender.
 *
 * @since 0.1.0
 */
export const TransferId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{32}$/), Schema.brand("TransferId"))
/** @since 0.1.0 */
export type TransferId = typeof TransferId.Type

/** The id that is these `TRANSFER_ID_BYTES`. */
export const transferIdOf = (bytes: Uint8Array): TransferId => Hex.encode(bytes) as TransferId

export const transferIdBytes = (id: TransferId): Uint8Array => Hex.decode(id)!

/** So many that no two senders ever draw the same. */
export const TRANSFER_ID_BYTES = 16

/** What the receiver decides on. */
export interface Offer {
  readonly id: TransferId
  readonly kind: "file" | "folder"
  /** One safe path segment (domain/FileName), made of what the sender calls it. */
  readonly name: string
  /** Bytes in all files together. */
  readonly size: number
  readonly files: number
  /** Of the manifest (docs/protocol.md §3.8): 1 has neither folders nor times, nor says what it brings. */
  readonly version: 1 | 2
  /** Folders, the one that is offered among them; 0 in version 1. */
  readonly folders: number
  /** Executable files, and kinds of files that tools run by themselves (`Risk`); verified with the manifest. */
  readonly executables: number
  readonly risks: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** All that describes the bytes; verified against `offer.root`. */
export interface Content {
  readonly offer: Offer
  /** In order: the files, then the folders. */
  readonly entries: ReadonlyArray<Entry>
  /** Of somebody else's: how many have another path here than the sender gave them. */
  readonly renamed?: number
  /** 32 bytes a chunk, one after the other. */
  readonly leaves: Uint8Array
}

export interface Entry {
  /**
   * Relative, segments joined by `/`. Of a source of ours: as it is on disk. Of somebody else's: safe names, no two of
   * which are the same on any usual system. For a file the offer's name, so it does not tell where a source is.
   */
  readonly path: string
  readonly size: number
  readonly executable: boolean
  /** A folder, of no bytes. The one that is offered has an empty path. */
  readonly folder?: boolean
  /** Time of the last change in ms since 1970; left out where it is not known. */
  readonly mtimeMs?: number
}

/** Bytes of an encoded manifest, 8 MiB: a path of a hundred characters for each entry. */
export const MAX_MANIFEST = 128 * MAX_ENTRIES
/** Bytes of content: 2^18 chunks of the largest size, 4 TiB; which of them are there is said in 32 KiB. */
export const MAX_SIZE = 2 ** 42
