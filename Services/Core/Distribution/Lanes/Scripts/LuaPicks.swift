extension LaneScripts {
    /// ARGV: now, business times, deadline, most picks, agent, trigger (`n`: also when the agent is not ready).
    static let pickBody = #"""
        local most, id, trigger = tonumber(ARGV[4]), ARGV[5], ARGV[6]
        local reply = { epoch(), '', 'n' }
        if reply[1] == 'm' then return reply end
        local a = agent(id)
        while true do
          if not a or a.free < 1 or (a.s ~= 'ready' and trigger ~= 'n') then reply[3] = 'a' break end
          if #reply - 3 >= most then reply[3] = 'm' break end
          local order, rest, limited, passed = choose(a)
          if not order or not order[1] then break end
          reply[#reply + 1] = take(a, order, rest, limited, passed)
        end
        reply[2] = lacking or ''
        return reply
        """#

    /// ARGV: now, business times, deadline, most picks, lanes …
    static let matchBody = #"""
        local most = tonumber(ARGV[4])
        local reply = { epoch(), '', '' }
        local ends = {}

        -- One pick for the lane; returns why there is none.
        local function match_lane(lane, e, w, preferred, skip, skipped)
          if #reply - 3 >= most or lacking then return 'm' end
          if call('EXISTS', T .. 'lane:' .. lane) == 0 then return 'n' end
          if full(e) then return 'l' end
          while true do
            local agents, total = eligible(lane, w, preferred, skip, skipped)
            if not agents[1] then return skipped > 0 and 'n' or 'a' end
            local id = agents[1][1]
            local a = agent(id)
            local order, rest, limited, passed = choose(a)
            if not order then return 'm' end
            if order[1] then
              local _, chosen = split(order[1][3])
              if skipped > 0 or chosen ~= lane then agents = nil end
              reply[#reply + 1] = take(a, order, rest, limited, passed, agents, total)
              return nil, skipped
            end
            skip[id] = true
            skipped = skipped + 1
          end
        end

        for i = 5, #ARGV do
          local lane = ARGV[i]
          local e, _, w, preferred = parse(lane)
          local skip, skipped, ending = {}, 0, nil
          if reply[1] == 'm' then ending = 'n' end
          while not ending do
            ending, skipped = match_lane(lane, e, tonumber(w), preferred, skip, skipped)
          end
          ends[#ends + 1] = ending
        end
        reply[2], reply[3] = lacking or '', table.concat(ends)
        return reply
        """#

    /// ARGV: now, business times, endpoint.
    static let recallBody = #"""
        local endpoint = ARGV[3]
        local reply = { epoch(), '' }
        if not full(endpoint) then return reply end

        local function no_measure() reply[2] = lacking return reply end
        local worst
        local out = call('HGETALL', T .. 'out:' .. endpoint)
        for i = 1, #out, 2 do
          local value = call('HGET', T .. 'held:' .. out[i + 1], out[i])
          if value and sub(value, 1, 1) == 'o' then
            local _, anchor, member, _, lane = held_parts(value)
            local _, _, w, _, schema, calendar = parse(lane)
            local c, b = measures(schema, calendar)
            if not c then return no_measure() end
            local age = b - anchor
            local p = priority(c, age)
            if not worst or precedes(worst[1], worst[2], worst[3], p, age, member) then
              worst = { p, age, member, anchor, lane, out[i + 1], tonumber(w) }
            end
          end
        end
        if not worst then return reply end

        local better = {}
        for _, lane in ipairs(call('SMEMBERS', T .. 'endpointlanes:' .. endpoint)) do
          if call('EXISTS', T .. 'lane:' .. lane) == 1 then
            local _, _, _, _, schema, calendar = parse(lane)
            local c, b = measures(schema, calendar)
            if not c then return no_measure() end
            local member, anchor, p, age = best_of(lane, c, b, {}, 0)
            if precedes(p, age, member, worst[1], worst[2], worst[3]) then
              better[#better + 1] = { p, age, member, anchor, lane }
            end
          end
        end
        table.sort(better, function(l, r) return precedes(l[1], l[2], l[3], r[1], r[2], r[3]) end)

        local a = agent(worst[6])
        for _, n in ipairs(better) do
          local e, s, w, preferred = parse(n[5])
          local fits = a and a.s == 'ready' and a.free + worst[7] >= tonumber(w) and text_able(a.t, e, s)
            and (preferred == '0' or preferred == a.id)
          if fits or anyone_for(n[5]) then
            for _, c in ipairs({ worst, n }) do
              local at = #reply
              reply[at + 1], reply[at + 2], reply[at + 3] = c[3] .. '|' .. c[5], c[4], pack('<d', c[1])
              reply[at + 4] = call('ZCARD', T .. 'lane:' .. c[5])
            end
            reply[#reply + 1] = worst[6]
            return reply
          end
        end
        return reply
        """#
}
