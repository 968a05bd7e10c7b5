import Coordination

/// One rebuild under way.
package struct LaneRebuild: Sendable, Hashable {
    /// Unique among rebuilds: the term of the lease under which it is done.
    package let token: String
    /// The Redis process that is filled.
    package let runID: String
}

extension LaneStore {
    /// Whether the lanes must be rebuilt: Redis is another process than the last rebuild filled, or has lost its epoch.
    package func needsRebuild() async throws -> Bool {
        let runID = try await serverRunID()
        guard let epoch = try await redis.command(["GET", key("epoch")]).text else { return true }
        return !epoch.hasPrefix(runID + ".")
    }

    /// Begins a rebuild. Another one under way can no longer finish.
    ///
    /// Then, in this order: `setLimits`, what agents have, `setAgents`, `add` all queued items, `finishRebuild`.
    /// The curves that this store was given are written here; put the others before adding. Until this call nothing is
    /// picked from an emptied Redis; from here on picks go on.
    package func beginRebuild(token: String) async throws -> LaneRebuild {
        let rebuild = LaneRebuild(token: token, runID: try await serverRunID())
        for (version, curve) in knownCurves() { try await write(curve, version: version) }
        try await run(LaneScripts.beginRebuild, [.string(token)])
        return rebuild
    }

    /// Declares the lanes complete.
    /// - Returns: false when Redis was emptied or another rebuild began meanwhile: begin again.
    package func finishRebuild(_ rebuild: LaneRebuild) async throws -> Bool {
        guard try await serverRunID() == rebuild.runID else { return false }
        let epoch = "\(rebuild.runID).\(rebuild.token)"
        return try await run(LaneScripts.finishRebuild, [.string(rebuild.token), .string(epoch)]).integerValue == 1
    }

    private func serverRunID() async throws -> String {
        let text = try await redis.command(["INFO", "server"]).text ?? ""
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("run_id:") {
            return String(line.dropFirst(7))
        }
        throw LaneError(code: .unexpectedReply, message: "Redis does not tell its run id.")
    }
}
