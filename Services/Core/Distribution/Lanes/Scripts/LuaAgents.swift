extension LaneScripts {
    /// ARGV: agent, revision, state, capacity, profile, idle since, number of held items (−1: as they are),
    /// then stage, anchor, member, lane of each. Answers 1 when it was applied, and 1 when the agent could be given work.
    static let setAgentBody = #"""
        local id, revision, text = ARGV[1], ARGV[2], ARGV[5]
        local key = T .. 'agent:' .. id
        local known = call('HGET', key, 'r')
        if known and tonumber(known) > tonumber(revision) then
          return { 0, call('HGET', key, 'q') ~= '' and 1 or 0 }
        end

        local number = register_profile(text)
        local a = agent(id)
        if not a then
          a = { id = id, q = '' }
          call('HINCRBY', T .. 'profileagents', number, 1)
        elseif a.p ~= number then
          call('HINCRBY', T .. 'profileagents', number, 1)
          leave_profile(a.p, a.t)
        end
        a.p, a.t, a.s, a.c, a.i = number, text, ARGV[3], tonumber(ARGV[4]), ARGV[6]

        if ARGV[7] ~= '-1' then
          local stay = {}
          for i = 8, #ARGV, 4 do stay[sub(ARGV[i + 2], 18, 49)] = true end
          for _, item in ipairs(call('HKEYS', T .. 'held:' .. id)) do
            if not stay[item] and sub(call('HGET', T .. 'held:' .. id, item), 1, 1) ~= 'r' then drop(id, item) end
          end
          for i = 8, #ARGV, 4 do keep(id, ARGV[i], ARGV[i + 1], ARGV[i + 2], a.i, ARGV[i + 3]) end
        end
        a.u = 0
        for _, value in ipairs(call('HVALS', T .. 'held:' .. id)) do
          local _, _, _, _, lane = held_parts(value)
          local _, _, w = parse(lane)
          a.u = a.u + tonumber(w)
        end
        call('HSET', key, 'p', a.p, 't', a.t, 'c', int(a.c), 's', a.s, 'r', revision)
        place(a)
        return { 1, a.q ~= '' and 1 or 0 }
        """#

    /// ARGV: agent. Forgets the agent with all that is held.
    static let forgetAgentBody = #"""
        local id = ARGV[1]
        for _, item in ipairs(call('HKEYS', T .. 'held:' .. id)) do drop(id, item) end
        local a = agent(id)
        if a then
          a.s, a.u = 'offline', 0
          place(a)
          leave_profile(a.p, a.t)
        end
        call('DEL', T .. 'agent:' .. id, T .. 'held:' .. id, T .. 'missed:' .. id)
        call('ZREM', T .. 'seen', id)
        return a and 1 or 0
        """#
}
