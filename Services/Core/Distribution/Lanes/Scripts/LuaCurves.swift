extension LaneScripts {
    /// Priorities as `Curve.priority(atAge:)` works them out, bit by bit, and the best item of one lane.
    ///
    /// A packed curve is {never falls, ages, priorities, look-up ends ('l' or 'h'), look-up froms, look-up tos}.
    static let curves = #"""
        local floor = math.floor
        local known_curves = {}
        local function curve(schema)
          local c = known_curves[schema]
          if c == nil then
            c = packed_curve(schema) or false
            known_curves[schema] = c
          end
          return c
        end

        local function priority(c, age)
          local x, y = c[2], c[3]
          local n = #x
          local low, high = 1, n + 1
          while low < high do
            local middle = floor((low + high) / 2)
            if x[middle] > age then high = middle else low = middle + 1 end
          end
          if low == 1 then return y[1] end
          local left = y[low - 1]
          if low > n then return left end
          local right, from = y[low], x[low - 1]
          local p = left + (right - left) * ((age - from) / (x[low] - from))
          local least, most = left, right
          if right < left then least, most = right, left end
          if p < least then return least elseif p > most then return most end
          return p
        end

        local function precedes(p, age, member, q, other_age, other)
          if p ~= q then return p > q end
          if age ~= other_age then return age > other_age end
          return member < other
        end

        -- The first member of a range of anchors that is not passed over. Reads pages, so that no lane is ever copied.
        local function first_in(key, low, high, missed, count)
          local offset = 0
          while true do
            local page = call('ZRANGEBYSCORE', key, low, high, 'WITHSCORES', 'LIMIT', offset, count + 1)
            for i = 1, #page, 2 do
              if count == 0 or not missed[sub(page[i], 18, 49)] then return page[i], page[i + 1] end
            end
            if #page < 2 * count + 2 then return nil end
            offset = offset + count + 1
          end
        end

        -- As above, but of the highest anchor that has such a member.
        local function first_at_highest(key, low, high, missed, count)
          while true do
            local top = call('ZREVRANGEBYSCORE', key, high, low, 'WITHSCORES', 'LIMIT', 0, 1)[2]
            if not top then return nil end
            local member, anchor = first_in(key, top, top, missed, count)
            if member then return member, anchor end
            high = '(' .. top
          end
        end

        -- member, anchor, priority and age of a lane's best item at business time b
        local function best_of(lane, c, b, missed, count)
          local key = T .. 'lane:' .. lane
          if c[1] then
            local member, anchor = first_in(key, '-inf', '+inf', missed, count)
            if not member then return nil end
            local age = b - anchor
            return member, anchor, priority(c, age), age
          end
          local best, best_anchor, best_p, best_age
          local ends, froms, tos = c[4], c[5], c[6]
          for i = 1, #ends do
            local low = tos[i] and '(' .. int(b - tos[i]) or '-inf'
            local high = froms[i] and int(b - froms[i]) or '+inf'
            local look = ends[i] == 'l' and first_in or first_at_highest
            local member, anchor = look(key, low, high, missed, count)
            if member then
              local age = b - anchor
              local p = priority(c, age)
              if not best or precedes(p, age, member, best_p, best_age, best) then
                best, best_anchor, best_p, best_age = member, anchor, p, age
              end
            end
          end
          return best, best_anchor, best_p, best_age
        end
        """#
}
