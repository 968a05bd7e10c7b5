extension LaneScripts {
    /// ARGV: version, 1 when the curve never falls, number of points, these as age, priority; then the look-ups as
    /// end (`l`: lowest anchor, `h`: highest), from, to, with `-` for no bound.
    static let putCurveBody = #"""
        local points, at = tonumber(ARGV[3]), 4
        local c = { ARGV[2] == '1', {}, {}, {}, {}, {} }
        for i = 1, points do
          c[2][i], c[3][i] = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
          at = at + 2
        end
        local function bound(text) return text ~= '-' and tonumber(text) end
        while at <= #ARGV do
          local i = #c[4] + 1
          c[4][i], c[5][i], c[6][i] = ARGV[at], bound(ARGV[at + 1]), bound(ARGV[at + 2])
          at = at + 3
        end
        call('SET', T .. 'curve:' .. ARGV[1], cmsgpack.pack(c))
        return 1
        """#

    /// ARGV: endpoint, limit of each endpoint that has one. Lanes whose endpoint gets or loses a limit change their group.
    static let setLimitsBody = #"""
        local changed, new = {}, {}
        for i = 1, #ARGV, 2 do
          new[ARGV[i]] = true
          if call('HSET', T .. 'limits', ARGV[i], ARGV[i + 1]) == 1 then changed[ARGV[i]] = true end
        end
        for _, e in ipairs(call('HKEYS', T .. 'limits')) do
          if not new[e] then
            call('HDEL', T .. 'limits', e)
            changed[e] = true
          end
        end
        for endpoint in pairs(changed) do
          for _, lane in ipairs(call('SMEMBERS', T .. 'endpointlanes:' .. endpoint)) do
            local kind = call('HGET', T .. 'lanes', lane)
            if indexed(kind) then
              local e, _, w, _, c, k = parse(lane)
              local able = call('SMEMBERS', T .. 'able:' .. lane)
              for _, p in ipairs(able) do part(p, lane, kind) end
              kind = group_of(e, w, c, k)
              call('HSET', T .. 'lanes', lane, kind)
              for _, p in ipairs(able) do join(p, lane, kind) end
            end
          end
        end
        return 1
        """#

    /// ARGV: cursor, how many to look at. Answers the next cursor, then lane, size, first member, its anchor of each lane.
    static let countsBody = #"""
        local page = call('HSCAN', T .. 'lanes', ARGV[1], 'COUNT', ARGV[2])
        local reply = { page[1] }
        for i = 1, #page[2], 2 do
          local lane = page[2][i]
          local head = call('ZRANGE', T .. 'lane:' .. lane, 0, 0, 'WITHSCORES')
          local n = #reply
          reply[n + 1], reply[n + 2] = lane, call('ZCARD', T .. 'lane:' .. lane)
          reply[n + 3], reply[n + 4] = head[1] or '', head[2] or ''
        end
        return reply
        """#

    /// ARGV: cursor, how many to look at. Forgets lanes that are empty and were so at the last look.
    static let pruneBody = #"""
        local page = call('HSCAN', T .. 'lanes', ARGV[1], 'COUNT', ARGV[2])
        local forgotten = 0
        for i = 1, #page[2], 2 do
          local lane, kind = page[2][i], page[2][i + 1]
          if call('EXISTS', T .. 'lane:' .. lane) == 1 then
            call('SREM', T .. 'emptylanes', lane)
          elseif call('SADD', T .. 'emptylanes', lane) == 0 then
            local e, _, _, a = parse(lane)
            for _, p in ipairs(call('SMEMBERS', T .. 'able:' .. lane)) do part(p, lane, kind) end
            call('SREM', T .. 'endpointlanes:' .. e, lane)
            call('SREM', T .. 'agentlanes:' .. a, lane)
            call('SREM', T .. 'emptylanes', lane)
            call('HDEL', T .. 'lanes', lane)
            forgotten = forgotten + 1
          end
        end
        return { page[1], forgotten }
        """#

    /// ARGV: token. Answers 0 when a rebuild of a later term is under way; this one then cannot finish.
    static let beginRebuildBody = #"""
        local other, own = tonumber(call('GET', T .. 'building') or ''), tonumber(ARGV[1])
        if other and own and other > own then return 0 end
        call('SET', T .. 'building', ARGV[1])
        call('DEL', T .. 'epoch')
        return 1
        """#

    /// ARGV: token, epoch. Answers 0 when another rebuild has begun or Redis was emptied meanwhile.
    static let finishRebuildBody = #"""
        if call('GET', T .. 'building') ~= ARGV[1] then return 0 end
        call('SET', T .. 'epoch', ARGV[2])
        call('DEL', T .. 'building')
        return 1
        """#
}
