extension LaneScripts {
    /// ARGV: agent, revision, state, capacity, profile, idle since. What is held stays. The time since when an agent is
    /// idle only moves forward: a row that was read before an item was given or given back does not turn it back.
    /// Answers 1 when it was applied, and 1 when the agent could be given work.
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
        a.p, a.t, a.s, a.c, a.i = number, text, ARGV[3], tonumber(ARGV[4]), later(a.i, ARGV[6])

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

    /// ARGV: agent, revision. Forgets the agent with all that is held, unless the revision that is known is that or later.
    static let forgetAgentBody = #"""
        local id = ARGV[1]
        local known = call('HGET', T .. 'agent:' .. id, 'r')
        if known and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
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
