extension LaneScripts {
    /// Heads of lanes, and the index of them that each profile has.
    static let heads = #"""
        local function has_skills(skills, required)
          for s in string.gmatch(required, '%d+') do
            if not find(skills, ',' .. s .. ',', 1, true) then return false end
          end
          return true
        end

        -- Whether a profile's text `<endpoints>;<skills>` may take such a lane.
        local function text_able(text, endpoint, required)
          local e, s = match(text, '^([%d,]*);([%d,]*)$')
          return find(',' .. e .. ',', ',' .. endpoint .. ',', 1, true) and has_skills(',' .. s .. ',', required)
        end

        local function packed_curve(schema)
          local packed = call('GET', T .. 'curve:' .. schema)
          return packed and cmsgpack.unpack(packed)
        end

        local function head_of(lane)
          local h = call('ZRANGE', T .. 'lane:' .. lane, 0, 0, 'WITHSCORES')
          return h[1], h[2]
        end

        local function indexed(kind) return kind ~= 'F' and kind ~= 'A' end

        -- Tells the lane's profiles that its head is another one.
        local function move_head(lane, kind, old, new, score)
          local tail, suffix = ':' .. kind, '|' .. lane
          local gone, come = old and old ~= new and old .. suffix, new and new .. suffix
          for _, p in ipairs(call('SMEMBERS', T .. 'able:' .. lane)) do
            local key = T .. 'heads:' .. p .. tail
            if gone then call('ZREM', key, gone) end
            if come then call('ZADD', key, score, come) end
          end
        end
        """#
}
