extension LaneScripts {
    /// Which profiles may take which lanes: worked out when either of them appears, so that both sides are always complete.
    static let registration = #"""
        local function group_of(endpoint, weight, schema, calendar)
          local limited = call('HEXISTS', T .. 'limits', endpoint) == 1 and endpoint or '0'
          return weight .. '.' .. schema .. '.' .. calendar .. '.' .. limited
        end

        -- A profile and a lane, both known, get to know each other.
        local function join(profile, lane, kind)
          if call('SADD', T .. 'able:' .. lane, profile) == 0 then return end
          if kind == 'F' then
            call('SADD', T .. 'falling:' .. profile, lane)
          else
            call('HINCRBY', T .. 'groups:' .. profile, kind, 1)
            local member, score = head_of(lane)
            if member then call('ZADD', T .. 'heads:' .. profile .. ':' .. kind, score, member .. '|' .. lane) end
          end
        end

        local function part(profile, lane, kind)
          if call('SREM', T .. 'able:' .. lane, profile) == 0 then return end
          if kind == 'F' then
            call('SREM', T .. 'falling:' .. profile, lane)
          else
            local member = head_of(lane)
            if member then call('ZREM', T .. 'heads:' .. profile .. ':' .. kind, member .. '|' .. lane) end
            if call('HINCRBY', T .. 'groups:' .. profile, kind, -1) < 1 then
              call('HDEL', T .. 'groups:' .. profile, kind)
            end
          end
        end

        -- Registers a lane; its curve must be known.
        local function register_lane(lane)
          local e, s, w, a, c, k = parse(lane)
          local kind
          if a ~= '0' then
            kind = 'A'
            call('SADD', T .. 'agentlanes:' .. a, lane)
          else
            kind = packed_curve(c)[1] and group_of(e, w, c, k) or 'F'
          end
          call('HSET', T .. 'lanes', lane, kind)
          call('SADD', T .. 'endpointlanes:' .. e, lane)
          if kind ~= 'A' then
            for _, entry in ipairs(call('SMEMBERS', T .. 'endpointprofiles:' .. e)) do
              local number, skills = match(entry, '^(%d+);(.*)$')
              if has_skills(skills, s) then join(number, lane, kind) end
            end
          end
          return kind
        end

        -- The number of the profile with this text; a new profile is registered.
        local function register_profile(text)
          local number = call('HGET', T .. 'profiles', text)
          if number then return number end
          number = int(call('INCR', T .. 'profilecount'))
          call('HSET', T .. 'profiles', text, number)
          local endpoints, skills = match(text, '^([%d,]*);([%d,]*)$')
          skills = ',' .. skills .. ','
          for e in string.gmatch(endpoints, '%d+') do
            call('SADD', T .. 'endpointprofiles:' .. e, number .. ';' .. skills)
            for _, lane in ipairs(call('SMEMBERS', T .. 'endpointlanes:' .. e)) do
              local kind = call('HGET', T .. 'lanes', lane)
              local _, required = parse(lane)
              if kind ~= 'A' and has_skills(skills, required) then join(number, lane, kind) end
            end
          end
          return number
        end

        -- One agent less has the profile; with the last one the profile goes.
        local function leave_profile(number, text)
          if call('HINCRBY', T .. 'profileagents', number, -1) > 0 then return end
          call('HDEL', T .. 'profileagents', number)
          call('HDEL', T .. 'profiles', text)
          local endpoints, skills = match(text, '^([%d,]*);([%d,]*)$')
          skills = ',' .. skills .. ','
          for e in string.gmatch(endpoints, '%d+') do
            call('SREM', T .. 'endpointprofiles:' .. e, number .. ';' .. skills)
            for _, lane in ipairs(call('SMEMBERS', T .. 'endpointlanes:' .. e)) do
              local kind = call('HGET', T .. 'lanes', lane)
              if kind ~= 'A' then part(number, lane, kind) end
            end
          end
        end
        """#
}
