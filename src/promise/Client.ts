import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { OpenChannel } from "../client/Channels.js"
import * as Client from "../client/Client.js"
import type { TransferId } from "../core/files/Content.js"
import type { MessageId } from "../domain/MessageId.js"
import { layerNode } from "../layers/node/Layers.js"
import type { ConnectOptions, PromiseClient, PromiseFiles, PromiseGroups } from "./Api.js"
import * as Pull from "./Pull.js"
import { Queue } from "./Queue.js"
import { run } from "./Run.js"

/**
 * A client that is registered as `nick`, where one is given. It waits for the server while it is away, as long as
 * `signal` lets it.
 *
 * @since 0.1.0
 */
export const connect = async ({ home, nick, signal, ...options }: ConnectOptions): Promise<PromiseClient> => {
  const machine = layerNode(home === undefined ? {} : { home })
  // What a client could not do is among its events; a library prints nothing.
  const silent = Logger.remove(Logger.defaultLogger)
  const layer = Client.layer(options).pipe(Layer.provide(machine), Layer.provide(silent))
  const scope = Effect.runSync(Scope.make())
  try {
    const context = await run(Layer.buildWithScope(layer, scope), { signal })
    const client = make(Context.get(context, Client.Client), scope)
    if (nick !== undefined) await client.register(nick, { signal })
    return client
  } catch (cause) {
    await run(Scope.close(scope, Exit.void))
    throw cause
  }
}

/** The client as promises; `close` closes the scope that it lives in. */
export const make = (client: Client.ClientApi, scope: Scope.CloseableScope): PromiseClient => {
  const queue = new Queue(() => run(next(client)))
  const end = (lingerMs?: number) => run(Effect.zipRight(client.exit(lingerMs), Scope.close(scope, Exit.void)))
  let ending: Promise<void> | undefined
  const close = (lingerMs?: number) => {
    ending ??= end(lingerMs)
    return ending
  }
  return {
    events: (options) => queue.iterate(options),
    now: client.now,
    register: (nick, options) => run(client.register(nick), options),
    list: (options) => run(client.list, options),
    watch: (nick) => run(client.watch(nick)),
    unwatch: (nick) => run(client.unwatch(nick)),
    query: (nick, { expect, ...options } = {}) =>
      run(Effect.map(client.query(nick, expect === undefined ? {} : { expect }), peerOf), options),
    send: (nick, text, options) => run(client.send(nick, text), options),
    sendAll: (nick, texts, options) => run(client.sendAll(nick, texts), options),
    flushed: (options) => run(client.flushed, options),
    read: (nick, id) => run(client.read(nick, id as MessageId)),
    status: (nick) =>
      run(Effect.flatMap(client.channel(nick), (channel) => channel?.status ?? Effect.succeed(undefined))),
    leave: (nick, options) => run(client.leave(nick), options),
    why: (nick) => run(client.why(nick)),
    setPath: (nick, policy) => run(client.setPath(nick, policy)),
    trust: (nick, digits) => run(client.trust(nick, digits)),
    contacts: () => run(client.contacts),
    key: (nick) => run(client.key(nick)),
    verify: (nick, digits) => run(client.verify(nick, digits)),
    unverify: (nick) => run(client.unverify(nick)),
    block: (who) => run(client.block(who)),
    unblock: (who) => run(client.unblock(who)),
    ignore: (who) => run(client.ignore(who)),
    forget: (who) => run(client.forget(who)),
    history: (query, options) => run(client.history(query), options),
    clearHistory: (nick, options) => run(client.clearHistory(nick), options),
    files: files(client.files),
    groups: groups(client.groups),
    close,
    [Symbol.asyncDispose]: () => close()
  }
}

const next = ({ nextEvent }: Client.ClientApi) =>
  Effect.map(nextEvent, (value) =>
    value === undefined ? { done: true as const, value } : { done: false as const, value }
  )

const peerOf = ({ peer }: OpenChannel) => peer

const files = (api: Client.ClientApi["files"]): PromiseFiles => ({
  offer: (nick, path, options) => run(api.offer(nick, path), options),
  offerStream: (nick, name, content, options) =>
    run(
      api.offerStream(
        nick,
        name,
        Stream.fromAsyncIterable(content, (cause) => cause)
      ),
      options
    ),
  accept: (id, directory, options) => run(api.accept(id as TransferId, directory), options),
  acceptStream: (id, options) => Pull.iterate(api.acceptStream(id as TransferId), options),
  decline: (id, options) => run(api.decline(id as TransferId), options),
  cancel: (id, reason) => run(api.cancel(id as TransferId, reason)),
  pause: (id) => run(api.pause(id as TransferId)),
  resume: (id) => run(api.resume(id as TransferId)),
  list: () => run(api.list)
})

const groups = (api: Client.ClientApi["groups"]): PromiseGroups => ({
  list: () => run(api.list),
  make: (name, nicks, options) => run(api.make(name, nicks), options),
  add: (group, nicks, options) => run(api.add(group, nicks), options),
  join: (group) => run(api.join(group)),
  leave: (group) => run(api.leave(group)),
  remove: (group, nick) => run(api.remove(group, nick)),
  send: (group, text, options) => run(api.send(group, text), options)
})
