extension LaneScripts {
    /// Names that every script uses.
    static let prelude = #"""
        local T = KEYS[1] .. ':'
        local call, fmt, find, match, sub = redis.call, string.format, string.find, string.match, string.sub
        local tonumber, ipairs, unpack = tonumber, ipairs, unpack

        -- Whole numbers as text: beyond 10^14 Lua itself would write an exponent.
        local function int(n) return fmt('%.0f', n) end

        -- endpoint, skills, weight, preferred agent, schema version, calendar version
        local function parse(lane)
          return match(lane, '^e(%d+)%.s([%d%-]*)%.w(%d+)%.p(%d+)%.c(%d+)%.k(%d+)$')
        end

        -- 'c' and the epoch, 'b' while a rebuild is under way, 'm' when neither is known
        local function epoch()
          local e = call('GET', T .. 'epoch')
          if e then return 'c' .. e end
          return call('EXISTS', T .. 'building') == 1 and 'b' or 'm'
        end
        """#
}
