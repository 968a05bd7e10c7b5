extension LaneScripts {
    /// ARGV: number of lanes, then for each its name, the number of its entries and these as anchor, member.
    /// Answers the epoch, what is lacking, how many were new, and for each lane 1 when somebody could be given its work.
    static let addBody = #"""
        local reply = { epoch(), '', 0, '' }
        local lanes, at = tonumber(ARGV[1]), 2
        local kinds = {}
        for i = 1, lanes do
          local lane = ARGV[at]
          kinds[i] = call('HGET', T .. 'lanes', lane)
          if not kinds[i] then
            local _, _, _, _, schema = parse(lane)
            if call('EXISTS', T .. 'curve:' .. schema) == 0 then
              reply[2] = 'c' .. schema
              return reply
            end
          end
          at = at + 2 + 2 * tonumber(ARGV[at + 1])
        end

        local flags, added = {}, 0
        at = 2
        for i = 1, lanes do
          local lane, last = ARGV[at], at + 1 + 2 * tonumber(ARGV[at + 1])
          -- An earlier entry of this call may have registered the lane.
          local kind = kinds[i] or call('HGET', T .. 'lanes', lane) or register_lane(lane)
          local key, watched = T .. 'lane:' .. lane, indexed(kind)
          local old, old_score
          if watched then old, old_score = head_of(lane) end
          for from = at + 2, last, 1000 do
            local to = from + 999
            added = added + call('ZADD', key, unpack(ARGV, from, to < last and to or last))
          end
          if watched then
            local new, score = head_of(lane)
            if new ~= old or score ~= old_score then move_head(lane, kind, old, new, score) end
          end
          flags[i] = anyone_for(lane) and '1' or '0'
          at = last + 1
        end
        reply[3], reply[4] = added, table.concat(flags)
        return reply
        """#

    /// ARGV: for each lane its name, the number of its members and these. Answers how many were there.
    static let removeBody = #"""
        local at, removed = 1, 0
        while at <= #ARGV do
          local lane, last = ARGV[at], at + 1 + tonumber(ARGV[at + 1])
          local kind = call('HGET', T .. 'lanes', lane)
          if kind then
            local key, watched = T .. 'lane:' .. lane, indexed(kind)
            local old = watched and head_of(lane)
            for from = at + 2, last, 1000 do
              local to = from + 999
              removed = removed + call('ZREM', key, unpack(ARGV, from, to < last and to or last))
            end
            if old then
              local new, score = head_of(lane)
              if new ~= old then move_head(lane, kind, old, new, score) end
            end
          end
          at = last + 1
        end
        return removed
        """#
}
