/** What a Redis says of itself (`INFO`), and what it has to be. */

export interface Place {
  readonly host: string
  readonly port: number
}

/** Why this is no Redis that names can be kept in, half a sentence; `isKnown` when it was one before. */
export const unfit = (info: string, isKnown: boolean): string | undefined => {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1]
  const [major = 0] = (field("redis_version") ?? "").split(".").map(Number)
  const policy = field("maxmemory_policy")
  // Valkey has another name for `redis_mode`.
  if (field("cluster_enabled") === "1" || field("redis_mode") === "cluster")
    return "this is a Redis Cluster, which cannot keep two keys in step: use one primary, with replicas and Sentinel"
  if (major < 7) return "this is older than Redis 7.0, which is the oldest that was tried"
  if (policy !== undefined && policy !== "noeviction")
    return `maxmemory-policy is ${policy}, so nicknames would vanish when memory is short: set it to noeviction`
  if (field("role") !== "master")
    return isKnown ? "this is a replica now" : "this is a replica: the address has to be that of the primary"
  return undefined
}

/** Another one after each restart, and after each fail-over. */
export const primaryOf = (info: string): string => {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? ""
  return `${field("run_id")} ${field("master_replid")}`
}
