import { FORGET_MS, MAX_DAYS, MAX_KEPT, MAX_OF_ONE, NEWCOMERS, SEEN_EVERY_MS } from "../../domain/Keeping.js"

/**
 * What Redis does for us, as one script of Lua (5.1, effects replicated): each call of it is one atomic step. The keys,
 * all with one hash tag, so in one slot of a cluster:
 *
 * 1. `meta`: a hash: schema, generation, epoch, version, n, and the clock (`last`, `paused`)
 * 2. `names`: a hash, key → `encodeName`
 * 3. `lookalikes`: a hash, lookalike → key
 * 4. `sessions`: a hash, living session → key
 * 5. `held:anonymous` and 6. `held:identities`: sorted sets of keys by the time up to which they are held
 * 7. `leases`: a sorted set of nodes by the time at which their lease is over
 * 8. `nodes`: a hash, node → slot and address
 * 9. `log`: a stream: n, version, kind, data
 * 10. `kept`: a hash, key → lookalike, identity, when it was seen last, on how many days: nicknames that are kept for
 *     identities that are away, under the rules of `core/rendezvous/KeptNames`; 11. `kept:lookalikes`: a hash,
 *     lookalike → key; 12. `kept:order`: a sorted set, those first that make room first; 13. `kept:of`: a hash,
 *     identity → its keys
 *
 * **The clock** is the time of Redis less the time in which nobody talked to it, and less every jump of it: when a
 * call comes more than `GAP_MS` after the one before, or before it, the clock has stood still meanwhile. So neither a
 * lease nor the time that a name is held runs out while Redis is away. What is kept, is so by the time of Redis itself.
 */
export const SCRIPT = `
local META, NAMES, LOOKALIKES, SESSIONS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local HELD_ANONYMOUS, HELD_IDENTITIES, LEASES, NODES, LOG = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local KEPT, KEPT_ALIKE, KEPT_ORDER, KEPT_OF = KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local MAX_KEPT, MAX_OF_ONE, MAX_DAYS, DAY_MS = ${MAX_KEPT}, ${MAX_OF_ONE}, ${MAX_DAYS}, ${SEEN_EVERY_MS}
local FORGET_MS, NEW_AT_ONCE, NEW_PER_MS = ${FORGET_MS}, ${NEWCOMERS.burst}, ${NEWCOMERS.perSecond / 1_000}
local SCHEMA, GAP_MS, LOG_LENGTH, LIFE_MS = 1, 5000, 10000, 86400000
local op = ARGV[1]

local function whole(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local wall = time[1] * 1000 + math.floor(time[2] / 1000)
local m = redis.call('HMGET', META, 'schema', 'generation', 'epoch', 'version', 'n', 'last', 'paused')
local schema, generation = tonumber(m[1] or SCHEMA), m[2]
local epoch, version, n = tonumber(m[3] or 0), tonumber(m[4] or 0), tonumber(m[5] or 0)
local last, paused = tonumber(m[6] or wall), tonumber(m[7] or 0)
if schema > SCHEMA then return redis.error_reply('SCHEMA ' .. whole(schema)) end
if wall - last > GAP_MS or wall < last then paused = paused + wall - last end
local clock = wall - paused
redis.call('HSET', META, 'last', whole(wall), 'paused', whole(paused))
if not generation and op ~= 'Enter' then return {'Stranger'} end

local function keep()
  redis.call('HSET', META, 'epoch', whole(epoch), 'version', whole(version), 'n', whole(n))
end

local function tell(kind, data)
  n = n + 1
  redis.call('XADD', LOG, 'MAXLEN', '~', LOG_LENGTH, '*', 'n', whole(n), 'v', whole(version), 'k', kind, 'd', data)
end

local PATTERN = '^(%d+)' .. string.rep('\\n([^\\n]*)', 9) .. '\\n(.*)$'
local function parse(text)
  local s, key, lookalike, session, node, e, identity, resume, till, since, body = string.match(text, PATTERN)
  return {
    key = key, lookalike = lookalike, session = session, node = node, epoch = tonumber(e), identity = identity,
    resume = resume, till = tonumber(till), since = since, body = body
  }
end
local function pack(r)
  return table.concat({
    whole(SCHEMA), r.key, r.lookalike, r.session, r.node, whole(r.epoch), r.identity, r.resume, whole(r.till), r.since,
    r.body
  }, '\\n')
end

local function heldOf(r) return r.identity == '' and HELD_ANONYMOUS or HELD_IDENTITIES end

local function remove(r)
  redis.call('HDEL', NAMES, r.key)
  if redis.call('HGET', LOOKALIKES, r.lookalike) == r.key then redis.call('HDEL', LOOKALIKES, r.lookalike) end
  if r.till > 0 then redis.call('ZREM', heldOf(r), r.key)
  elseif redis.call('HGET', SESSIONS, r.session) == r.key then redis.call('HDEL', SESSIONS, r.session) end
end

local function free(r)
  remove(r)
  if r.till == 0 then version = version + 1 end
  tell('Freed', r.key .. '\\n' .. r.lookalike .. '\\n' .. whole(r.epoch))
end

local function hold(r, grace)
  redis.call('HDEL', SESSIONS, r.session)
  r.till = clock + grace
  redis.call('HSET', NAMES, r.key, pack(r))
  redis.call('ZADD', heldOf(r), whole(r.till), r.key)
  version = version + 1
  tell('Held', r.key .. '\\n' .. r.lookalike .. '\\n' .. whole(r.epoch))
end

-- The record of this key, if somebody has it or it is still held.
local function get(key)
  local text = key and redis.call('HGET', NAMES, key)
  if not text then return nil end
  local r = parse(text)
  if r.till == 0 or r.till > clock then return r end
  free(r)
  return nil
end

local function clashes(key, lookalike)
  local found = {}
  local same = get(key)
  if same then found[#found + 1] = same end
  local other = redis.call('HGET', LOOKALIKES, lookalike)
  local alike = other and other ~= key and get(other)
  if alike then found[#found + 1] = alike end
  return found
end

local function has(list, key)
  for _, r in ipairs(list) do if r.key == key then return true end end
  return false
end

-- Takes the place of these, whose owners hear of it.
local function replace(list, session, key)
  for _, r in ipairs(list) do
    remove(r)
    if r.till == 0 and r.session ~= session then tell('Replaced', r.session) end
    if r.key ~= key then
      if r.till == 0 then version = version + 1 end
      tell('Freed', r.key .. '\\n' .. r.lookalike .. '\\n' .. whole(r.epoch))
    end
  end
end

local function put(r)
  local text = pack(r)
  redis.call('HSET', NAMES, r.key, text)
  redis.call('HSET', LOOKALIKES, r.lookalike, r.key)
  redis.call('HSET', SESSIONS, r.session, r.key)
  tell('Owned', text)
end

local function isHere(node)
  local till = redis.call('ZSCORE', LEASES, node)
  return till and tonumber(till) > clock
end

local function makeRoom(identity, list)
  for _, z in ipairs(identity == '' and {HELD_ANONYMOUS} or {HELD_ANONYMOUS, HELD_IDENTITIES}) do
    for _, key in ipairs(redis.call('ZRANGE', z, 0, 3)) do
      if not has(list, key) then
        free(parse(redis.call('HGET', NAMES, key)))
        return true
      end
    end
  end
  return false
end

local function keysOf(identity)
  local list = {}
  for key in string.gmatch(redis.call('HGET', KEPT_OF, identity) or '', '[^\\n]+') do list[#list + 1] = key end
  return list
end

local function setKeysOf(identity, list)
  if #list == 0 then redis.call('HDEL', KEPT_OF, identity)
  else redis.call('HSET', KEPT_OF, identity, table.concat(list, '\\n')) end
end

local function forget(k)
  redis.call('HDEL', KEPT, k.key)
  if redis.call('HGET', KEPT_ALIKE, k.lookalike) == k.key then redis.call('HDEL', KEPT_ALIKE, k.lookalike) end
  redis.call('ZREM', KEPT_ORDER, k.key)
  local left = {}
  for _, key in ipairs(keysOf(k.identity)) do if key ~= k.key then left[#left + 1] = key end end
  setKeysOf(k.identity, left)
end

local function readKept(key)
  local text = key and redis.call('HGET', KEPT, key)
  if not text then return nil end
  local lookalike, identity, seen, days = string.match(text, '^([^\\n]*)\\n([^\\n]*)\\n(%d+)\\n(%d+)$')
  return {key = key, lookalike = lookalike, identity = identity, seen = tonumber(seen), days = tonumber(days)}
end

-- Who this nickname, and one that looks like it, is kept for.
local function keptFor(key, lookalike)
  local list = {}
  local other = redis.call('HGET', KEPT_ALIKE, lookalike)
  for _, k in ipairs({readKept(key) or false, other and other ~= key and readKept(other) or false}) do
    if k and wall - k.seen < FORGET_MS then list[#list + 1] = k elseif k then forget(k) end
  end
  return list
end

local function mayCome()
  local f = redis.call('HMGET', META, 'fresh', 'freshAt')
  local since = math.max(0, wall - tonumber(f[2] or wall))
  local fresh = math.min(NEW_AT_ONCE, tonumber(f[1] or NEW_AT_ONCE) + since * NEW_PER_MS)
  if fresh < 1 then return false end
  redis.call('HSET', META, 'fresh', tostring(fresh - 1), 'freshAt', whole(wall))
  return true
end

-- The identity has this nickname now, which is kept for nobody else (list: for whom it is).
local function keepFor(identity, key, lookalike, list)
  local known = list[1] and list[1].key == key and list[1]
  local isToday = known and wall - known.seen < DAY_MS
  if isToday and known.lookalike == lookalike and #list == 1 then return end
  if #list == 0 and not mayCome() then return end
  local days = known and math.min(MAX_DAYS, known.days + (isToday and 0 or 1)) or 1
  local seen = isToday and known.seen or wall
  for _, k in ipairs(list) do forget(k) end
  redis.call('HSET', KEPT, key, table.concat({lookalike, identity, whole(seen), whole(days)}, '\\n'))
  redis.call('HSET', KEPT_ALIKE, lookalike, key)
  redis.call('ZADD', KEPT_ORDER, whole(days * 2 ^ 43 + seen), key)
  local own = keysOf(identity)
  own[#own + 1] = key
  setKeysOf(identity, own)
  if #own > MAX_OF_ONE then forget(readKept(own[1])) end
  if redis.call('HLEN', KEPT) > MAX_KEPT then forget(readKept(redis.call('ZRANGE', KEPT_ORDER, 0, 0)[1])) end
  for i = 10, 13 do redis.call('PEXPIRE', KEYS[i], FORGET_MS) end
end

local ops = {}

function ops.Enter(node, at, slot, fresh, seenVersion, seenEpoch, leaseMs)
  if not generation then
    generation = fresh
    redis.call('HSET', META, 'generation', generation, 'schema', SCHEMA)
  end
  version, epoch = math.max(version, tonumber(seenVersion)), math.max(epoch, tonumber(seenEpoch))
  local wasHere = isHere(node)
  local known = redis.call('HGET', NODES, node)
  local used = {}
  for id, entry in pairs(redis.call('HGETALL', NODES)) do
    -- Pairs of a flat list: what is even is an entry.
    if id % 2 == 0 then used[string.match(entry, '^%d+')] = true end
  end
  local own = known and string.match(known, '^%d+')
  if own then slot = own end
  for _ = 1, 256 do
    if slot == own or not used[slot] then break end
    slot = whole((slot + 1) % 256)
  end
  local entry = slot .. '\\n' .. at
  redis.call('ZADD', LEASES, whole(clock + leaseMs), node)
  if known ~= entry then
    redis.call('HSET', NODES, node, entry)
    tell('Here', node .. '\\n' .. entry)
  end
  for i = 1, 9 do redis.call('PEXPIRE', KEYS[i], LIFE_MS) end
  keep()
  return {'Entered', generation, tonumber(slot), wasHere and 1 or 0, redis.call('HLEN', NAMES)}
end

function ops.Claim(node, session, key, lookalike, identity, shown, resume, maxNames, keeps, body)
  if not isHere(node) then return {'Stranger'} end
  local owners = keptFor(key, lookalike)
  for _, k in ipairs(owners) do if k.identity ~= identity then return {'Taken'} end end
  local list = clashes(key, lookalike)
  for _, r in ipairs(list) do
    local mine = r.till == 0 and r.session == session
    local owner
    if r.identity ~= '' then owner = r.identity == identity else owner = shown ~= '' and shown == r.resume end
    if not (mine or owner) then
      keep()
      return {'Taken'}
    end
  end
  local former = redis.call('HGET', SESSIONS, session)
  if former and not has(list, former) then list[#list + 1] = parse(redis.call('HGET', NAMES, former)) end
  if redis.call('HLEN', NAMES) - #list >= tonumber(maxNames) and not makeRoom(identity, list) then
    keep()
    return {'Full'}
  end
  if keeps == '1' and identity ~= '' then keepFor(identity, key, lookalike, owners) end
  replace(list, session, key)
  epoch = epoch + 1
  version = version + 1
  put({
    key = key, lookalike = lookalike, session = session, node = node, epoch = epoch, identity = identity,
    resume = resume, till = 0, since = whole(wall), body = body
  })
  keep()
  return {'Granted', epoch, wall, n, redis.call('HLEN', NAMES)}
end

function ops.Release(session, isHeld, grace)
  local key = redis.call('HGET', SESSIONS, session)
  if key then
    local r = parse(redis.call('HGET', NAMES, key))
    if isHeld == '1' then hold(r, tonumber(grace)) else free(r) end
    keep()
  end
  return {'Done', redis.call('HLEN', NAMES)}
end

function ops.Update(session, body)
  local key = redis.call('HGET', SESSIONS, session)
  if key then
    local r = parse(redis.call('HGET', NAMES, key))
    r.body = body
    put(r)
    keep()
  end
  return {'Done', redis.call('HLEN', NAMES)}
end

function ops.Forget(key, lookalike)
  local list = keptFor(key, lookalike)
  for _, k in ipairs(list) do forget(k) end
  return {'Forgotten', #list}
end

function ops.Find(key)
  return {'Found', redis.call('HGET', NAMES, key)}
end

function ops.Assert(node, ...)
  if not isHere(node) then return {'Stranger'} end
  local lost = {'Asserted'}
  for _, text in ipairs({...}) do
    local mine = parse(text)
    epoch = math.max(epoch, mine.epoch)
    local list = clashes(mine.key, mine.lookalike)
    local former = redis.call('HGET', SESSIONS, mine.session)
    local newer = former and parse(redis.call('HGET', NAMES, former))
    -- What the session has here is what it has, unless it is older than what the node knows.
    local isNewer = newer and (newer.epoch > mine.epoch or newer.key == mine.key and newer.epoch == mine.epoch)
    if former and not isNewer and not has(list, former) then list[#list + 1] = newer end
    local wins = true
    for _, r in ipairs(list) do
      local other = r.session ~= mine.session
      if other and (r.epoch > mine.epoch or r.epoch == mine.epoch and (r.identity ~= '' or mine.identity == '')) then
        wins = false
      end
    end
    if not isNewer and wins then
      local before = list[1]
      local isSame = before and before.key == mine.key and before.till == 0 and before.epoch == mine.epoch
      replace(list, mine.session, mine.key)
      if not isSame then version = version + 1 end
      put(mine)
    elseif not isNewer then
      lost[#lost + 1] = mine.session
    end
  end
  keep()
  return lost
end

function ops.Reap(cursor, grace)
  local more = 0
  for _, z in ipairs({HELD_ANONYMOUS, HELD_IDENTITIES}) do
    local over = redis.call('ZRANGEBYSCORE', z, '-inf', whole(clock), 'LIMIT', 0, 100)
    for _, key in ipairs(over) do free(parse(redis.call('HGET', NAMES, key))) end
    if #over == 100 then more = 1 end
  end
  local node = redis.call('ZRANGEBYSCORE', LEASES, '-inf', whole(clock), 'LIMIT', 0, 1)[1]
  if node then
    more = 1
    -- A cursor is of one node, whose id stands before it.
    local at = string.sub(cursor, 1, #node + 1) == node .. ' ' and string.sub(cursor, #node + 2) or '0'
    local part = redis.call('HSCAN', SESSIONS, at, 'MATCH', node .. '.*', 'COUNT', 300)
    for i = 2, #part[2], 2 do hold(parse(redis.call('HGET', NAMES, part[2][i])), tonumber(grace)) end
    cursor = node .. ' ' .. part[1]
    if part[1] == '0' then
      redis.call('ZREM', LEASES, node)
      redis.call('HDEL', NODES, node)
      tell('Gone', node)
      cursor = ''
    end
  end
  keep()
  return {'Reaped', more, cursor}
end

function ops.Leave(node)
  if redis.call('ZSCORE', LEASES, node) then redis.call('ZADD', LEASES, 0, node) end
  return {'Done', redis.call('HLEN', NAMES)}
end

function ops.Read(cursor)
  local part = redis.call('HSCAN', NAMES, cursor == '' and '0' or cursor, 'COUNT', 300)
  local next = part[1] == '0' and '' or part[1]
  if cursor ~= '' then return {'Names', next, part[2]} end
  local newest = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
  local at = newest and newest[1] or '0-0'
  return {'Names', next, part[2], at, n, version, redis.call('HGETALL', NODES)}
end

return ops[op](unpack(ARGV, 2))
`
