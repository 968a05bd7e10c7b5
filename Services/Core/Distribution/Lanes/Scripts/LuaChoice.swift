extension LaneScripts {
    /// The pick itself: the best of the heads of all lanes that an agent may take from, and its reservation.
    ///
    /// ARGV[1] is now, ARGV[2] the business times ` <calendar>=<B> …`, ARGV[3] the reservation's deadline.
    /// A candidate is {priority, age, `<member>|<lane>`, anchor}: the order of the texts is that of the members.
    static let choice = #"""
        local now, lacking, pack = ARGV[1], nil, struct.pack
        local business_times = {}
        local function business(calendar)
          local b = business_times[calendar]
          if not b then
            b = tonumber(match(ARGV[2], ' ' .. calendar .. '=(%-?%d+)'))
            business_times[calendar] = b
          end
          return b
        end

        -- A lane's curve and B, or nil with `lacking` set.
        local function measures(schema, calendar)
          local c, b = curve(schema), business(calendar)
          if not c then lacking = 'c' .. schema return nil end
          if not b then lacking = 'k' .. calendar return nil end
          return c, b
        end

        local function full(endpoint)
          local limit = call('HGET', T .. 'limits', endpoint)
          return limit and call('HLEN', T .. 'out:' .. endpoint) >= tonumber(limit)
        end

        -- Puts the next member in place of heads that are passed over; returns how many lanes that leaves without any.
        local function pass_over(run, missed, count)
          local entries, changed, gone = {}, false, 0
          for i = 1, #run.heads, 2 do
            local text, score = run.heads[i], run.heads[i + 1]
            if missed[sub(text, 18, 49)] then
              local lane = sub(text, find(text, '|', 51, true) + 1)
              local member, anchor = first_in(T .. 'lane:' .. lane, '-inf', '+inf', missed, count)
              changed = true
              if member then
                entries[#entries + 1] = { member .. '|' .. lane, anchor, tonumber(anchor) }
              else
                gone = gone + 1
              end
            else
              entries[#entries + 1] = { text, score, tonumber(score) }
            end
          end
          if changed then
            table.sort(entries, function(l, r) if l[3] ~= r[3] then return l[3] < r[3] end return l[1] < r[1] end)
            local heads = {}
            for i, e in ipairs(entries) do heads[2 * i - 1], heads[2 * i] = e[1], e[2] end
            run.heads = heads
          end
          return gone
        end

        local function split(text)
          local bar = find(text, '|', 51, true)
          return sub(text, 1, bar - 1), sub(text, bar + 1)
        end

        -- Moves a run of lane heads on to its next candidate.
        local function advance(run)
          local heads, at = run.heads, run.at
          local text = heads and heads[at]
          if not text then run.candidate = nil return end
          local anchor = heads[at + 1]
          local age = run.b - anchor
          run.at = at + 2
          run.candidate = { priority(run.c, age), age, text, anchor }
        end

        -- The best eleven candidates of an agent in order, how many lanes more have work for the agent,
        -- the endpoints left out because of their limit, and the items passed over. Nil when something is lacking.
        local function choose(a)
          local passed = call('ZRANGEBYSCORE', T .. 'missed:' .. a.id, '(' .. now, '+inf', 'LIMIT', 0, 16)
          local missed, count = {}, #passed
          for i = 1, count do missed[passed[i]] = true end
          local runs, lanes, limited, closed = {}, 0, {}, {}
          local function shut(e)
            if closed[e] == nil then
              closed[e] = full(e) or false
              if closed[e] then limited[#limited + 1] = e end
            end
            return closed[e]
          end

          for _, group in ipairs(call('HKEYS', T .. 'groups:' .. a.p)) do
            local w, schema, calendar, e = match(group, '^(%d+)%.(%d+)%.(%d+)%.(%d+)$')
            if tonumber(w) <= a.free then
              local key = T .. 'heads:' .. a.p .. ':' .. group
              local heads = call('ZRANGE', key, 0, 10 + count, 'WITHSCORES')
              if #heads > 0 and (e == '0' or not shut(e)) then
                local c, b = measures(schema, calendar)
                if not c then return nil end
                local run = { heads = heads, at = 1, c = c, b = b }
                lanes = lanes + (#heads < 22 + 2 * count and #heads / 2 or call('ZCARD', key))
                if count > 0 then lanes = lanes - pass_over(run, missed, count) end
                advance(run)
                if run.candidate then runs[#runs + 1] = run end
              end
            end
          end

          local function look(lane)
            local e, s, w, preferred, schema, calendar = parse(lane)
            if tonumber(w) > a.free or call('EXISTS', T .. 'lane:' .. lane) == 0 then return true end
            if preferred ~= '0' and not text_able(a.t, e, s) then return true end
            if shut(e) then return true end
            local c, b = measures(schema, calendar)
            if not c then return false end
            local member, anchor, p, age = best_of(lane, c, b, missed, count)
            if member then
              lanes = lanes + 1
              runs[#runs + 1] = { candidate = { p, age, member .. '|' .. lane, anchor } }
            end
            return true
          end
          for _, lane in ipairs(call('SMEMBERS', T .. 'falling:' .. a.p)) do
            if not look(lane) then return nil end
          end
          for _, lane in ipairs(call('SMEMBERS', T .. 'agentlanes:' .. a.id)) do
            if not look(lane) then return nil end
          end

          local order = {}
          for place = 1, 11 do
            local best, first
            for i = 1, #runs do
              local c = runs[i].candidate
              if c and (not first or precedes(c[1], c[2], c[3], first[1], first[2], first[3])) then
                best, first = runs[i], c
              end
            end
            if not first then break end
            order[place] = first
            advance(best)
          end
          return order, lanes - #order, limited, passed
        end

        -- Takes the first candidate out of its lane, reserves it for the agent and returns the pick with its reasons.
        local function take(a, order, rest, limited, passed, agents, total)
          local member, lane = split(order[1][3])
          local anchor = order[1][4]
          local _, _, w, preferred = parse(lane)
          if not agents then agents, total = eligible(lane, tonumber(w), preferred, {}, 0) end

          local row = { a.id, rest, total, #order }
          local n = 4
          for i = 1, #order do
            local c = order[i]
            local text = c[3]
            row[n + 1], row[n + 2], row[n + 3] = text, c[4], pack('<d', c[1])
            row[n + 4] = call('ZCARD', T .. 'lane:' .. sub(text, find(text, '|', 51, true) + 1))
            n = n + 4
          end
          local shown = #agents < 10 and #agents or 10
          row[n + 1] = shown
          n = n + 1
          for i = 1, shown do
            row[n + 1], row[n + 2] = agents[i][1], agents[i][2]
            n = n + 2
          end
          row[n + 1] = #passed
          for i = 1, #passed do row[n + 1 + i] = passed[i] end
          n = n + 1 + #passed
          row[n + 1] = #limited
          for i = 1, #limited do row[n + 1 + i] = limited[i] end

          local kind = call('HGET', T .. 'lanes', lane)
          -- Only with something passed over can the pick from an indexed lane be another than its head.
          local was_head = indexed(kind) and (#passed == 0 or head_of(lane) == member)
          call('ZREM', T .. 'lane:' .. lane, member)
          if was_head then
            local new, score = head_of(lane)
            move_head(lane, kind, member, new, score)
          end
          a.u = a.u + keep(a.id, 'r', anchor, member, a.i, lane)
          a.i = now
          call('ZADD', T .. 'reservations', ARGV[3], a.id .. ':' .. sub(member, 18, 49))
          place(a)
          return row
        end
        """#
}
