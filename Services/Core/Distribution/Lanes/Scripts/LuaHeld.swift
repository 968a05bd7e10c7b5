extension LaneScripts {
    /// ARGV: stage, then agent and item of each. Answers the stage that each had, `-` for what is not held.
    static let settleBody = #"""
        local stage, found = ARGV[1], {}
        for i = 2, #ARGV, 2 do
          local id, item = ARGV[i], ARGV[i + 1]
          local value = call('HGET', T .. 'held:' .. id, item)
          local had = value and sub(value, 1, 1) or '-'
          if had == 'r' then call('ZREM', T .. 'reservations', id .. ':' .. item) end
          -- A late confirmation does not undo an acceptance.
          if value and had ~= 'x' then call('HSET', T .. 'held:' .. id, item, stage .. sub(value, 2)) end
          found[#found + 1] = had
        end
        return table.concat(found)
        """#

    /// ARGV: stage, anchor, member, lane, agent of each.
    static let holdBody = #"""
        for i = 1, #ARGV, 5 do
          local id = ARGV[i + 4]
          local a = agent(id)
          local grown = keep(id, ARGV[i], ARGV[i + 1], ARGV[i + 2], a and a.i or '0', ARGV[i + 3])
          if a and grown ~= 0 then
            a.u = a.u + grown
            place(a)
          end
        end
        return 1
        """#

    /// ARGV: agent, item, idle time and 1 to put it back of each. The idle time: milliseconds, `k` to keep it, `b` for the
    /// one before the reservation. Put back into its lane is only what is reserved, in the same step: nobody may die between.
    /// Answers for each the weight given back (0: not held) and 1 when the agent is ready with free capacity.
    static let releaseBody = #"""
        -- False when the lane is not there and cannot be made now: then the reservation stays, for a later look.
        local function put_back(value)
          local _, anchor, member, _, lane = held_parts(value)
          local kind = call('HGET', T .. 'lanes', lane)
          if not kind then
            local _, _, _, _, schema = parse(lane)
            if call('EXISTS', T .. 'curve:' .. schema) == 0 then return false end
            kind = register_lane(lane)
          end
          local old, old_score = head_of(lane)
          call('ZADD', T .. 'lane:' .. lane, anchor, member)
          local new, score = head_of(lane)
          if indexed(kind) and (new ~= old or score ~= old_score) then move_head(lane, kind, old, new, score) end
          return true
        end

        local reply = {}
        for i = 1, #ARGV, 4 do
          local id, item, since = ARGV[i], ARGV[i + 1], ARGV[i + 2]
          local value = ARGV[i + 3] == '1' and call('HGET', T .. 'held:' .. id, item)
          local stays = value and sub(value, 1, 1) == 'r' and not put_back(value)
          local w, stage, before
          if not stays then w, stage, before = drop(id, item) end
          local a = agent(id)
          if a then
            a.u = a.u - (w or 0)
            if since == 'b' then
              if stage == 'r' then a.i = before end
            elseif since ~= 'k' and w then
              a.i = since
            end
            if w then place(a) end
          end
          reply[#reply + 1] = w or 0
          reply[#reply + 1] = a and a.q ~= '' and 1 or 0
        end
        return reply
        """#

    /// ARGV: now, most. Lists reservations whose deadline has passed: agent, stage, anchor, member, lane of each.
    static let overdueBody = #"""
        local reply = {}
        for _, entry in ipairs(call('ZRANGEBYSCORE', T .. 'reservations', '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
          local id, item = match(entry, '^(%d+):(.*)$')
          local value = call('HGET', T .. 'held:' .. id, item)
          if value then
            local stage, anchor, member, _, lane = match(value, '^(%a) (%S+) (%S+) (%S+) (%S+)$')
            for _, part in ipairs({ id, stage, anchor, member, lane }) do reply[#reply + 1] = part end
          else
            call('ZREM', T .. 'reservations', entry)
          end
        end
        return reply
        """#

    /// ARGV: agent, item, until, now. Of an agent's missed items the sixteen latest count.
    static let missBody = #"""
        local key = T .. 'missed:' .. ARGV[1]
        call('ZADD', key, ARGV[3], ARGV[2])
        call('ZREMRANGEBYSCORE', key, '-inf', ARGV[4])
        call('ZREMRANGEBYRANK', key, 0, -17)
        local last = call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]
        -- A minute longer: times are the caller's, and clocks differ.
        if last then call('PEXPIRE', key, int(last - ARGV[4] + 60000)) end
        return 1
        """#
}
