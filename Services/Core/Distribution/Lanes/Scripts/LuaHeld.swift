extension LaneScripts {
    /// The revision at which an item was waiting, or assigned, when it came into the agent's hands. Every step below tells
    /// at which revision PostgreSQL says so: steps may come in any order, and one that is older than the hold changes nothing.
    static let heldRevision = #"""
        local function held_revision(value) return tonumber(match(value, '^%a %S+ %x+:%x+:(%-?%d+)')) end
        """#

    /// ARGV: stage, then agent, item and revision of each. Answers the stage that each had, `-` for what is not held.
    static let settleBody = #"""
        local stage, found = ARGV[1], {}
        for i = 2, #ARGV, 3 do
          local id, item = ARGV[i], ARGV[i + 1]
          local value = call('HGET', T .. 'held:' .. id, item)
          local had = value and sub(value, 1, 1) or '-'
          if value and held_revision(value) <= tonumber(ARGV[i + 2]) then
            if had == 'r' then call('ZREM', T .. 'reservations', id .. ':' .. item) end
            -- A late confirmation does not undo an acceptance.
            if had ~= 'x' then call('HSET', T .. 'held:' .. id, item, stage .. sub(value, 2)) end
          end
          found[#found + 1] = had
        end
        return table.concat(found)
        """#

    /// ARGV: deadline, then agent, anchor, member, lane of each. What is held already at that revision or a later one stays.
    static let reserveBody = #"""
        for i = 2, #ARGV, 4 do
          local id, member = ARGV[i], ARGV[i + 2]
          local item = sub(member, 18, 49)
          local value = call('HGET', T .. 'held:' .. id, item)
          if not value or held_revision(value) < tonumber(sub(member, 51)) then
            local a = agent(id)
            local grown = keep(id, 'r', ARGV[i + 1], member, a and a.i or '0', ARGV[i + 3])
            call('ZADD', T .. 'reservations', ARGV[1], id .. ':' .. item)
            if a and grown ~= 0 then
              a.u = a.u + grown
              place(a)
            end
          end
        end
        return 1
        """#

    /// ARGV: agents. Lists what they hold: agent, stage, anchor, member, lane of each.
    static let heldBody = #"""
        local reply = {}
        for _, id in ipairs(ARGV) do
          for _, value in ipairs(call('HVALS', T .. 'held:' .. id)) do
            local stage, anchor, member, _, lane = match(value, '^(%a) (%S+) (%S+) (%S+) (%S+)$')
            for _, part in ipairs({ id, stage, anchor, member, lane }) do reply[#reply + 1] = part end
          end
        end
        return reply
        """#

    /// ARGV: agent, item, revision, idle time and 1 to put it back of each. The idle time: milliseconds, `k` to keep it, `b`
    /// for the one before the reservation; what is no longer only reserved then stays with the agent.
    /// What is put back into its lane is so in the same step: nobody may die between.
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
        for i = 1, #ARGV, 5 do
          local id, item, since = ARGV[i], ARGV[i + 1], ARGV[i + 3]
          local value = call('HGET', T .. 'held:' .. id, item)
          local goes = value and held_revision(value) < tonumber(ARGV[i + 2])
            and (since ~= 'b' or sub(value, 1, 1) == 'r')
          if goes and ARGV[i + 4] == '1' then goes = put_back(value) end
          local w, stage, before
          if goes then w, stage, before = drop(id, item) end
          local a = agent(id)
          if a then
            a.u = a.u - (w or 0)
            if since == 'b' then
              if stage == 'r' then a.i = before end
            elseif since ~= 'k' and w then
              a.i = later(a.i, since)
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
