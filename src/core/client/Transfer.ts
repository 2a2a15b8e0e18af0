import type { TransferId } from "../files/Content.js"

/**
 * A snapshot. Names are as the other side sent them: pass them through `domain/SafeText` before they reach a screen.
 */
export interface Transfer {
  readonly id: TransferId
  readonly peer: string
  readonly direction: "out" | "in"
  readonly kind: "file" | "folder"
  /** What the sender calls it; one path segment. */
  readonly name: string
  /** Bytes in all files together. */
  readonly size: number
  /** 1 for a file. */
  readonly files: number
  readonly state: TransferState
  /** Bytes that are there and verified, of `size`; while `preparing`, bytes that were read. */
  readonly transferred: number
  /** Bytes a second over the last few seconds; 0 while nothing moves. */
  readonly rate: number
  /** Ours: links, devices and the like in the folder, which are not sent; left out when there are none. */
  readonly skipped?: number
  /** Which side has paused it. */
  readonly pausedBy?: "us" | "them" | "both"
  /** Where it lies: the source, or what it was stored as (once `done`). */
  readonly path?: string
  /** Why it `failed`, in one line for people. */
  readonly message?: string
}

export type TransferState =
  /** Ours, being read for the offer. */
  | "preparing"
  /** Ours: the other side has not answered. Theirs: `accept` or `decline` it. */
  | "offered"
  /** Accepted, without a connection to go on with, or on the way to one. */
  | "waiting"
  | "active"
  | "paused"
  /** All bytes are there: being put in its place, or (ours) not confirmed yet. */
  | "finishing"
  /** Stored at the other side, or here. The last state, as are the next three. */
  | "done"
  | "declined"
  /** By either side. */
  | "cancelled"
  | "failed"

/**
 * A transfer has a new state, or has moved on: at most four times a second each, and only the latest news of each when
 * nobody reads.
 */
export interface TransferEvent {
  readonly _tag: "Transfer"
  readonly peer: string
  readonly transfer: Transfer
}

/** Offers that are taken without asking: none; those of people whose key was known before this process; all. */
export const ACCEPT_POLICIES = ["ask", "known", "all"] as const
export type AcceptPolicy = (typeof ACCEPT_POLICIES)[number]

/** Transfers that have ended and are still listed: a screenful or two. */
export const MAX_FINISHED = 64
