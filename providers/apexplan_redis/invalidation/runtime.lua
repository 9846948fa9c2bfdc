-- Below here every contract has the same text. Above, CONTRACT says what is particular to this one.
--
-- clock      one number that only grows: microseconds since 1970, or one more than its last value
-- tag        SUBJECT:ID, what a value was made from
-- version    of an entry's name and a tag: the clock at the last event that made such entries stale
-- token      the clock at which a reader began, before it read the source of truth
--
-- An entry keeps its token as `clock`. It is served only while no version of its tags is above that token.
--
-- Versions stand in 256 hashes, so that none grows large. `_born` in each is a floor: the version of every
-- field that is not there. A hash that was evicted comes back with a younger floor, so what was written
-- before counts as stale: a lost version can cost a miss, and never gives a stale value.
--
-- Pruning takes a version out once it is older than any entry can be, and raises the floor to it. The floor
-- stays at or above all versions that are gone, so no stale value gets past it. It stays below the token of
-- every entry that still lives, so none of those is lost.
--
-- An entry also keeps the shape of its kind: a hash of its name and subjects. Under a later contract that ties
-- it to other subjects, it lacks tags by which events would find it. So it counts as stale then, and a client
-- that was made from an earlier contract stores nothing.

local PREFIX = CONTRACT.prefix
local CLOCK = PREFIX .. 'clock'
local COUNTERS = PREFIX .. 'counters'
local OUTBOX = PREFIX .. 'outbox'
local DEAD = PREFIX .. 'dead'
local HINTS = PREFIX .. 'stale'
local BORN = '_born'
local TRIMMED_AT_ONCE = 16

-- Lua writes large numbers with 14 digits; the clock has 16.
local function digits(number)
  return string.format('%.0f', number)
end

-- Returns the number that a text of digits is, else nil. Lua also takes `nan`, which no version is above, and
-- fractions, which PEXPIRE refuses once the value is in.
local function whole(text)
  return text and string.match(text, '^%d+$') and tonumber(text)
end

local function micros()
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end

local function millis()
  return math.floor(micros() / 1000)
end

-- Returns the clock as it stands, without moving it.
local function clock_now()
  return math.max(tonumber(redis.call('GET', CLOCK)) or 0, micros())
end

local function bucket_named(two_digits)
  return PREFIX .. 'versions:' .. two_digits
end

local function bucket(tag)
  return bucket_named(string.sub(redis.sha1hex(tag), 1, 2))
end

local function bear(versions, clock)
  redis.call('HSETNX', versions, BORN, digits(clock))
end

-- Returns a clock value above every earlier one, and keeps it. The first one ever also makes all hashes of
-- versions, or the first entry of each would be refused.
local function tick()
  local last = tonumber(redis.call('GET', CLOCK))
  local clock = math.max((last or 0) + 1, micros())
  redis.call('SET', CLOCK, digits(clock))
  if not last then
    for number = 0, 255 do
      bear(bucket_named(string.format('%02x', number)), clock)
    end
  end
  return clock
end

local function count(what, name, by)
  redis.call('HINCRBY', COUNTERS, what .. '|' .. name, by or 1)
end

-- Returns the version, or a later clock where it was pruned or lost; nil where the whole hash is lost.
local function version(name, tag)
  local found = redis.call('HMGET', bucket(tag), name .. '|' .. tag, BORN)
  return tonumber(found[1] or found[2])
end

-- Returns fields of an entry; none where a value of another type is in its place.
local function fields(key, ...)
  local found = redis.pcall('HMGET', key, ...)
  if not found.err then
    return found
  end
  if string.find(found.err, '^WRONGTYPE') then
    return {}
  end
  error(found)
end

-- The field `tags`: the shape, then each tag, all followed by a line break.
local function lines(shape, tags)
  return shape .. '\n' .. table.concat(tags, '\n') .. '\n'
end

local function has_shape(tags, shape)
  return string.sub(tags, 1, #shape + 1) == shape .. '\n'
end

local function has_tag(tags, tag)
  return string.find(tags, '\n' .. tag .. '\n', 1, true) ~= nil
end

local function fresh(name, tags, token)
  for tag in string.gmatch(tags, '\n([^\n]+)') do
    local last = version(name, tag)
    if not last or last > token then
      return false
    end
  end
  return true
end

-- Returns the value, and whether it may be served.
local function look_up(name, key)
  local found = fields(key, 'value', 'clock', 'tags')
  local value, token, tags = found[1], tonumber(found[2]), found[3]
  if not value or not token or not tags then
    return false, false
  end
  return value, has_shape(tags, CONTRACT.entries[name].shape) and fresh(name, tags, token)
end

local NO_ENTRY = 'ERR get takes an entry of the contract'

-- KEYS: the entry. ARGV: its name. Returns the value or nil.
local function get_counted(keys, args)
  local name, key = args[1], keys[1]
  if not CONTRACT.entries[name] then
    return redis.error_reply(NO_ENTRY)
  end
  local value, may_be_served = look_up(name, key)
  if may_be_served then
    count('hit', name)
    return value
  end
  if value then
    count('stale', name)
    redis.call('UNLINK', key)
  end
  count('miss', name)
  return false
end

local function get_uncounted(keys, args)
  if not CONTRACT.entries[args[1]] then
    return redis.error_reply(NO_ENTRY)
  end
  local value, may_be_served = look_up(args[1], keys[1])
  return may_be_served and value
end

-- Takes some of the members out that expired: more than the one that comes in, so they never pile up.
local function trim(set, now_ms)
  local expired = redis.call('ZRANGE', set, '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, TRIMMED_AT_ONCE)
  if #expired > 0 then
    redis.call('ZREM', set, unpack(expired))
  end
end

-- Puts a member into a set of members scored by their expiry. The set lives as long as its longest member.
local function add_member(set, member, ttl_ms)
  local now_ms = millis()
  trim(set, now_ms)
  redis.call('ZADD', set, now_ms + ttl_ms, member)
  if redis.call('PTTL', set) < ttl_ms then
    redis.call('PEXPIRE', set, ttl_ms)
  end
end

local function members_of(name, tag)
  return PREFIX .. 'members:' .. name .. ':' .. tag
end

-- Returns the only key that an entry of this id can have, or nil where there may be several or none.
local function direct_key(entry, subject, id)
  local affixes = entry.direct[subject]
  if affixes and (affixes.crosses or not string.find(id, ':', 1, true)) then
    return affixes.before .. id .. affixes.after
  end
end

local function split(tag)
  return string.match(tag, '^([^:]+):([^\n]+)$')
end

-- Returns what is wrong with the tags of an entry, or nil.
local function wrong_tags(entry, tags)
  local seen = {}
  for _, tag in ipairs(tags) do
    local subject = split(tag)
    if not subject or not entry.subjects[subject] then
      return 'ERR a tag is SUBJECT:ID with a subject that the entry declares, and has no line break'
    end
    seen[subject] = true
  end
  for _, subject in ipairs(entry.own) do
    if not seen[subject] then
      return 'ERR the entry is about a ' .. subject .. ', and none of its tags names one'
    end
  end
end

-- Returns why a value may not go in, or nil.
local function refusal(name, shape, token, tags)
  if shape ~= CONTRACT.entries[name].shape then
    return 'outdated'
  end
  local now = clock_now()
  if token > now then
    return 'ahead'
  end
  if now - token > CONTRACT.populate_within_us then
    return 'late'
  end
  for _, tag in ipairs(tags) do
    local last = version(name, tag)
    if not last then
      bear(bucket(tag), now)
      last = now
    end
    if last > token then
      return 'stale'
    end
  end
end

local function store(name, entry, key, write)
  redis.call('UNLINK', key)
  redis.call('HSET', key, 'value', write.value, 'clock', digits(write.token),
    'tags', lines(entry.shape, write.tags))
  redis.call('PEXPIRE', key, write.ttl_ms)
  for _, tag in ipairs(write.tags) do
    local subject, id = split(tag)
    if direct_key(entry, subject, id) ~= key then
      add_member(members_of(name, tag), key, write.ttl_ms)
    end
  end
end

-- Returns the list from a place on. `unpack` ends at some 8,000.
local function from(list, first)
  local rest = {}
  for i = first, #list do
    rest[#rest + 1] = list[i]
  end
  return rest
end

-- KEYS: the entry. ARGV: its name, shape, token, ttl_ms, value, tags. Returns "stored" or why not.
local function populate(keys, args)
  local name, shape, token, ttl_ms, value = args[1], args[2], whole(args[3]), whole(args[4]), args[5]
  local entry, tags = CONTRACT.entries[name], from(args, 6)
  if not entry or not token or not ttl_ms or ttl_ms < 1 or not value then
    return redis.error_reply('ERR populate takes an entry of the contract, shape, whole token and ttl_ms, value, tags')
  end
  local wrong = wrong_tags(entry, tags)
  if wrong then
    return redis.error_reply(wrong)
  end
  local why = refusal(name, shape, token, tags)
  if why then
    count('refused', name)
    return why
  end
  ttl_ms = math.min(ttl_ms, entry.ttl_ms)
  store(name, entry, keys[1], {token = token, ttl_ms = ttl_ms, value = value, tags = tags})
  count('stored', name)
  return 'stored'
end

-- Looks at a few versions by chance, at more than came in: so those that nobody needs stay a minor part.
local function prune(versions, clock, came_in)
  local floor, gone = 0, {}
  local seen = redis.call('HRANDFIELD', versions, 2 * came_in + 2, 'WITHVALUES')
  for i = 1, #seen, 2 do
    local last = tonumber(seen[i + 1])
    if seen[i] ~= BORN and last < clock - CONTRACT.keep_us then
      gone[#gone + 1] = seen[i]
      floor = math.max(floor, last)
    end
  end
  if #gone > 0 then
    local born = tonumber(redis.call('HGET', versions, BORN))
    redis.call('HSET', versions, BORN, digits(math.max(born, floor)))
    redis.call('HDEL', versions, unpack(gone))
  end
end

local function raise_versions(names, tag, clock)
  local versions = bucket(tag)
  bear(versions, clock)
  for _, name in ipairs(names) do
    redis.call('HSET', versions, name .. '|' .. tag, digits(clock))
  end
  prune(versions, clock, #names)
end

-- Unlinks up to `most` members, those that would live longest first. A member is left alone if its entry was
-- written anew since: without this tag, or after the event. Returns how many were looked at and unlinked.
local function unlink_members(set, tag, clock, most)
  local popped = redis.call('ZPOPMAX', set, most)
  local keys = {}
  for i = 1, #popped, 2 do
    local found = fields(popped[i], 'clock', 'tags')
    local token, tags = tonumber(found[1]), found[2]
    if token and tags and token < clock and has_tag(tags, tag) then
      keys[#keys + 1] = popped[i]
    end
  end
  return #popped / 2, #keys > 0 and redis.call('UNLINK', unpack(keys)) or 0
end

-- Puts members aside that this call has no room for, so that entries written from now on are not among them.
-- Returns how many.
local function set_aside(set, name, tag, clock)
  local left = redis.call('ZCOUNT', set, millis(), '+inf')
  if left == 0 then
    redis.call('UNLINK', set)
    return 0
  end
  local member = name .. ':' .. digits(clock) .. ':' .. tag
  redis.call('RENAME', set, DEAD .. ':' .. member)
  add_member(DEAD, member, redis.call('PTTL', DEAD .. ':' .. member))
  return left
end

-- Unlinks the entries of a tag that an event names, as many as one call may. Returns how many, and how many
-- are left to die by version and TTL.
local function unlink_entries(event, id, clock)
  local room, unlinked, left = CONTRACT.chunk, 0, 0
  local tag = event.subject .. ':' .. id
  for _, name in ipairs(event.stale) do
    local key = direct_key(CONTRACT.entries[name], event.subject, id)
    if key then
      unlinked = unlinked + redis.call('UNLINK', key)
    end
    local set = members_of(name, tag)
    local looked_at, gone = unlink_members(set, tag, clock, room)
    room, unlinked = room - looked_at, unlinked + gone
    left = left + set_aside(set, name, tag, clock)
  end
  return unlinked, left
end

-- The outbox keeps the event for its consumers; the hint, "EVENT CLOCK ID", is for those who listen just now.
local function tell(event_name, subject, id, clock)
  redis.call('XADD', OUTBOX, 'MAXLEN', '~', CONTRACT.outbox_maxlen, '*',
    'event', event_name, 'subject', subject, 'id', id, 'clock', digits(clock))
  redis.call('PUBLISH', HINTS, event_name .. ' ' .. digits(clock) .. ' ' .. id)
end

-- KEYS: the clock. ARGV: event, id of its subject. Returns the clock, how many were unlinked, how many left.
local function invalidate(_, args)
  local name, id = args[1], args[2]
  local event = CONTRACT.events[name]
  if not event or not id or id == '' or string.find(id, '\n', 1, true) then
    return redis.error_reply('ERR invalidate takes an event of the contract and an id without line breaks')
  end
  local clock = tick()
  raise_versions(event.stale, event.subject .. ':' .. id, clock)
  local unlinked, left = unlink_entries(event, id, clock)
  tell(name, event.subject, id, clock)
  count('invalidated', name)
  count('unlinked', name, unlinked)
  return {clock, unlinked, left}
end

-- KEYS: the clock. Unlinks a chunk of what events put aside. Returns how many, and how many sets wait.
local function sweep(_, _)
  local member = redis.call('ZRANGE', DEAD, 0, 0)[1]
  if not member then
    return {0, 0}
  end
  local set = DEAD .. ':' .. member
  local clock, tag = string.match(member, '^[^:]+:(%d+):(.+)$')
  local looked_at, unlinked = unlink_members(set, tag, tonumber(clock), CONTRACT.chunk)
  if looked_at < CONTRACT.chunk then
    redis.call('ZREM', DEAD, member)
  end
  return {unlinked, redis.call('ZCARD', DEAD)}
end

-- Reads go on and events go through when memory is full: they take next to none, and events free some.
-- A value is refused then.
local function register(name, callback, ...)
  redis.register_function{function_name = CONTRACT.library .. '_' .. name, callback = callback, flags = {...}}
end

register('begin', tick, 'allow-oom')
register('populate', populate)
register('invalidate', invalidate, 'allow-oom')
register('sweep', sweep, 'allow-oom')
if CONTRACT.count_reads then
  register('get', get_counted, 'allow-oom')
else
  register('get', get_uncounted, 'no-writes', 'allow-oom')
end
