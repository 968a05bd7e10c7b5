import Coordination
import Domain

/// An offer that a higher-ranked newcomer pushes out of an endpoint that is at its limit.
package struct RecallProposal: Sendable, Hashable {
    /// The agent who has the offer and has not accepted it.
    package var agent: Int32
    /// The lowest-ranked offered item of the endpoint, ranked at this moment as if it waited. `laneSize` counts its lane.
    package var recalled: RankedHead
    /// The best waiting item of the endpoint that ranks higher and could be offered to somebody afterwards.
    package var newcomer: RankedHead
}

extension LaneStore {
    /// What to recall at an endpoint that is at its limit: nothing is changed by the question.
    ///
    /// Reservations and accepted items are never proposed. After the withdrawal in PostgreSQL: `release` the item, `add`
    /// it at its new revision, and `match` the newcomer's lane.
    /// - Returns: nil when the endpoint is below its limit or nothing that waits ranks above what is offered.
    package func recall(endpoint: Int32, at moment: LaneMoment) async throws -> RecallProposal? {
        var reply = try await runWithCurves(
            LaneScripts.recall,
            [.integer(moment.now.milliseconds), .string(moment.businessText), .integer(Int64(endpoint))])
        if let lacking = reply.lacking { throw LaneError.lacking(lacking) }
        guard !reply.isAtEnd else { return nil }
        let recalled = try reply.rankedHead(at: moment)
        let newcomer = try reply.rankedHead(at: moment)
        return RecallProposal(agent: try reply.id(), recalled: recalled, newcomer: newcomer)
    }
}
