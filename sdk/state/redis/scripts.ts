import { EMPTY_MS } from './record.js';

/**
 * What is written to Redis, each in one script, so that nothing happens between its check and its write. Numbers within are
 * of the layout in record.ts. Of equal epochs the attempt decides: a write names the one it builds on, so that one which
 * arrives late, or twice, or after Redis has lost what came before, changes nothing.
 *
 * Replies: 0, done; another number, the higher epoch that has the key; nil, there is no record; a string, see each. Redis 7.0
 * and newer: `allow-oom` lets the small ones through when the memory is full, so that one can read and delete.
 */
export const SCRIPTS = {
  /**
   * Takes a key: record; epoch and attempt, `1` to change the attempt in any case (which voids writes under way) or `0`.
   * Replies with the record as it was.
   */
  claim: {
    numberOfKeys: 1,
    lua: `#!lua flags=allow-oom
local record = redis.call('GET', KEYS[1])
if not record then
  redis.call('SET', KEYS[1], ARGV[1] .. 'e', 'PX', ${EMPTY_MS})
  return false
end
local held, epoch = string.sub(record, 1, 16), string.sub(ARGV[1], 1, 16)
if not tonumber(held) then return record end
if held ~= epoch and tonumber(held) > tonumber(epoch) then return tonumber(held) end
if string.sub(record, 33, 33) == 'e' then
  redis.call('SET', KEYS[1], ARGV[1] .. 'e', 'PX', ${EMPTY_MS})
elseif ARGV[2] == '1' or held ~= epoch or string.sub(record, 17, 24) ~= string.sub(ARGV[1], 17, 24) then
  redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
end
return record`,
  },
  /**
   * Any number of writes of keys in one slot, each for itself. Of each the record and the index, and: the new record, the attempt
   * it builds on, ms until it is dropped or nothing, the index' new member or nothing. Replies with a list; a string in it:
   * another attempt, or a lower epoch, has the key, and nothing was written.
   */
  write: {
    numberOfKeys: undefined,
    lua: `#!lua
local call, sub, replies = redis.pcall, string.sub, {}
local function write(key, index, record, before, px, member)
  local stored = call('GETRANGE', key, 0, 31)
  if type(stored) == 'table' then return stored end
  if stored == '' then return false end
  local claim = sub(record, 1, 32)
  if stored == claim then return 0 end
  local held, epoch = sub(stored, 1, 16), sub(claim, 1, 16)
  if held ~= epoch then
    if (tonumber(held) or 0) > tonumber(epoch) then return tonumber(held) end
    return stored
  end
  if sub(stored, 17) ~= before then return stored end
  if member ~= '' then
    local added = call('ZADD', index, 0, member)
    if type(added) == 'table' then return added end
  end
  local set
  if px == '' then set = call('SET', key, record) else set = call('SET', key, record, 'PX', px) end
  if set.err then return set end
  return 0
end
for i = 1, #KEYS / 2 do
  local at = 4 * i - 3
  replies[i] = write(KEYS[2 * i - 1], KEYS[2 * i], ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
return replies`,
  },
  /** Record, index; epoch and attempt, the attempt it builds on, the index' member. Replies as one of `write`. */
  remove: {
    numberOfKeys: 2,
    lua: `#!lua flags=allow-oom
local stored = redis.call('GETRANGE', KEYS[1], 0, 31)
if stored == '' then return false end
local held, epoch = string.sub(stored, 1, 16), string.sub(ARGV[1], 1, 16)
if not tonumber(held) then return stored end
if held ~= epoch and tonumber(held) > tonumber(epoch) then return tonumber(held) end
if stored == ARGV[1] then return 0 end
if held ~= epoch or string.sub(stored, 17) ~= ARGV[2] then return stored end
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1] .. 'e', 'PX', ${EMPTY_MS})
return 0`,
  },
  /** Record, index; member: takes what has expired out of the index. */
  prune: {
    numberOfKeys: 2,
    lua: `#!lua flags=allow-oom
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 0`,
  },
} as const;

export type ScriptName = keyof typeof SCRIPTS;
