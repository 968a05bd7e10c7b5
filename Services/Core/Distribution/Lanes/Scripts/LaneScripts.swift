import Coordination

/// The scripts that work on lanes, each with the shared Lua functions that it needs in front.
///
/// `KEYS[1]` is the tenant's base `{<prefix>t<tenant>}`; every other key is derived from it, so that a tenant's keys
/// live on one server. Keys, all below the base:
///
///     lane:<lane>            zset  member → anchor: the waiting items
///     lanes                  hash  lane → kind: the group of its head index, `F` (curve falls) or `A` (preferred agent)
///     endpointlanes:<e>      set   lanes of the endpoint
///     profiles               hash  endpoints and skills → number;  profilecount, profileagents (number → agents)
///     endpointprofiles:<e>   set   `<number>;,<skill>,<skill>,` of the profiles that serve the endpoint
///     able:<lane>            set   numbers of the profiles that may take the lane
///     groups:<profile>       hash  group → registered lanes in it; a group is `<weight>.<schema>.<calendar>.<limited endpoint or 0>`
///     heads:<profile>:<group> zset `<head member>|<lane>` → head anchor, of each lane of the group that is not empty
///     falling:<profile>      set   lanes whose curve falls somewhere: looked at one by one
///     agentlanes:<agent>     set   lanes that prefer the agent
///     curve:<schema>         packed curve;  limits (endpoint → most items out)
///     agent:<id>             hash  p profile, t its text, c capacity, u used, s state, r revision, i idle since, q pool
///     held:<agent>           hash  item → `<stage> <anchor> <member> <idle since before> <lane>`
///     out:<endpoint>         hash  item → agent
///     idle:<pool>            zset  ready agents → idle since; a pool is `<profile>.<free capacity>`
///     idlepools:<free>       zset  profile → the lowest idle since of its pool with that much free;  idlelevels: those in use
///     reservations           zset  `<agent>:<item>` → deadline
///     missed:<agent>         zset  item → until when it is passed over
///     emptylanes             set   lanes found empty by the last look for lanes to forget
///     seen                   zset  agent → last sign of life
///     epoch, building        text  see the rebuild
enum LaneScripts {
    static let add = make("add", heads, registration, idle, addBody)
    static let remove = make("remove", heads, removeBody)
    static let pick = make("pick", heads, curves, idle, choice, pickBody)
    static let match = make("match", heads, curves, idle, choice, matchBody)
    static let recall = make("recall", heads, curves, idle, choice, recallBody)
    static let settle = make("settle", heldRevision, settleBody)
    static let reserve = make("reserve", heads, idle, heldRevision, reserveBody)
    static let held = make("held", heldBody)
    static let release = make("release", heads, registration, idle, heldRevision, releaseBody)
    static let setAgent = make("set_agent", heads, registration, idle, setAgentBody)
    static let forgetAgent = make("forget_agent", heads, registration, idle, forgetAgentBody)
    static let miss = make("miss", missBody)
    static let overdue = make("overdue", overdueBody)
    static let putCurve = make("put_curve", putCurveBody)
    static let setLimits = make("set_limits", heads, registration, setLimitsBody)
    static let counts = make("counts", countsBody)
    static let prune = make("prune", heads, registration, pruneBody)
    static let beginRebuild = make("begin_rebuild", beginRebuildBody)
    static let finishRebuild = make("finish_rebuild", finishRebuildBody)

    private static func make(_ name: String, _ parts: String...) -> RedisScript {
        RedisScript(name: "lanes.\(name)", source: ([prelude] + parts).joined(separator: "\n"))
    }
}
