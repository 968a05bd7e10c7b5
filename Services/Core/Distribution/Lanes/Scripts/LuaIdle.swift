extension LaneScripts {
    /// Agents: capacity, what they hold, and who has been idle longest.
    static let idle = #"""
        local function agent(id)
          local v = call('HMGET', T .. 'agent:' .. id, 'p', 't', 'c', 'u', 's', 'i', 'q')
          if not v[1] then return nil end
          local c, u = tonumber(v[3]), tonumber(v[4])
          return { id = id, p = v[1], t = v[2], c = c, u = u, free = c - u, s = v[5], i = v[6], q = v[7] }
        end

        -- The later of two times as text, of which the first may be missing.
        local function later(one, other)
          return one and tonumber(one) > tonumber(other) and one or other
        end

        -- Keeps the lowest idle time of a pool, by which the pools of a level stand in line.
        local function refresh_pool(pool)
          local profile, free = match(pool, '^(%d+)%.(%d+)$')
          local level = T .. 'idlepools:' .. free
          local head = call('ZRANGE', T .. 'idle:' .. pool, 0, 0, 'WITHSCORES')
          if head[1] then
            if call('ZADD', level, head[2], profile) == 1 then call('SADD', T .. 'idlelevels', free) end
          elseif call('ZREM', level, profile) == 1 and call('EXISTS', level) == 0 then
            call('SREM', T .. 'idlelevels', free)
          end
        end

        -- Agents stand in pools with ten digits, so that equal times are decided by the id as a number.
        local function padded(id) return fmt('%010d', id) end

        -- Writes what changed of an agent and puts it into the pool that fits.
        local function place(a)
          local pool = ''
          a.free = a.c - a.u
          if a.s == 'ready' and a.free > 0 then pool = a.p .. '.' .. int(a.free) end
          if a.q ~= '' and a.q ~= pool then
            call('ZREM', T .. 'idle:' .. a.q, padded(a.id))
            refresh_pool(a.q)
          end
          if pool ~= '' then
            call('ZADD', T .. 'idle:' .. pool, a.i, padded(a.id))
            refresh_pool(pool)
          end
          a.q = pool
          call('HSET', T .. 'agent:' .. a.id, 'u', int(a.u), 'i', a.i, 'q', pool)
        end

        -- stage, anchor, member, idle since before, lane
        local function held_parts(value) return match(value, '^(%a) (%S+) (%S+) (%S+) (%S+)$') end

        -- Forgets that an agent holds an item, in all places but the sum of capacity; nil when it does not.
        local function drop(id, item)
          local value = call('HGET', T .. 'held:' .. id, item)
          if not value then return nil end
          local stage, _, _, before, lane = held_parts(value)
          local e, _, w = parse(lane)
          call('HDEL', T .. 'held:' .. id, item)
          if call('HGET', T .. 'out:' .. e, item) == id then call('HDEL', T .. 'out:' .. e, item) end
          if stage == 'r' then call('ZREM', T .. 'reservations', id .. ':' .. item) end
          return tonumber(w), stage, before
        end

        -- Notes that an agent holds an item; returns by how much the capacity used grows.
        local function keep(id, stage, anchor, member, before, lane)
          local item = sub(member, 18, 49)
          local e, _, w = parse(lane)
          local had = drop(id, item) or 0
          call('HSET', T .. 'held:' .. id, item, stage .. ' ' .. anchor .. ' ' .. member .. ' ' .. before .. ' ' .. lane)
          call('HSET', T .. 'out:' .. e, item, id)
          return tonumber(w) - had
        end

        -- The pools {idle since, pool} whose agents could be given an item of the lane, idle longest first.
        local function able_pools(lane, weight)
          local pools, levels = {}, 0
          for _, free in ipairs(call('SMEMBERS', T .. 'idlelevels')) do
            if tonumber(free) >= weight then
              local list = call('ZINTER', 2, T .. 'idlepools:' .. free, T .. 'able:' .. lane, 'WEIGHTS', 1, 0, 'WITHSCORES')
              if #list > 0 then levels = levels + 1 end
              for i = 1, #list, 2 do pools[#pools + 1] = { tonumber(list[i + 1]), list[i] .. '.' .. free } end
            end
          end
          if levels > 1 then table.sort(pools, function(l, r) return l[1] < r[1] end) end
          return pools
        end

        local function preferred_if_free(lane, id, weight)
          local a = agent(id)
          if not a or a.s ~= 'ready' or a.free < weight then return nil end
          local e, s = parse(lane)
          return text_able(a.t, e, s) and a or nil
        end

        -- Whether anybody could be given an item of the lane now.
        local function anyone_for(lane)
          local _, _, w, preferred = parse(lane)
          w = tonumber(w)
          if preferred ~= '0' then return preferred_if_free(lane, preferred, w) ~= nil end
          for _, free in ipairs(call('SMEMBERS', T .. 'idlelevels')) do
            if tonumber(free) >= w
              and call('ZINTERCARD', 2, T .. 'idlepools:' .. free, T .. 'able:' .. lane, 'LIMIT', 1) == 1 then
              return true
            end
          end
          return false
        end

        -- The first eleven agents {id, idle since} who could be given an item of the lane, idle longest first,
        -- without those in skip; and how many there are in all, those in skip included.
        local function eligible(lane, weight, preferred, skip, skipped)
          if preferred ~= '0' then
            local a = preferred_if_free(lane, preferred, weight)
            if not a then return {}, 0 end
            return skip[preferred] and {} or { { preferred, a.i, tonumber(a.i), padded(preferred) } }, 1
          end
          local found, total = {}, 0
          for _, pool in ipairs(able_pools(lane, weight)) do
            local key = T .. 'idle:' .. pool[2]
            total = total + call('ZCARD', key)
            if #found < 11 or pool[1] <= found[11][3] then
              local list = call('ZRANGE', key, 0, 10 + skipped, 'WITHSCORES')
              local before = #found
              for i = 1, #list, 2 do
                local id = int(tonumber(list[i]))
                if not skip[id] then found[#found + 1] = { id, list[i + 1], tonumber(list[i + 1]), list[i] } end
              end
              if before > 0 then
                table.sort(found, function(l, r) if l[3] ~= r[3] then return l[3] < r[3] end return l[4] < r[4] end)
              end
              for i = #found, 12, -1 do found[i] = nil end
            end
          end
          return found, total
        end
        """#
}
