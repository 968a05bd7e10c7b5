/// One range look-up in a lane: which end of which ages holds the best item.
///
/// The ages reach from `from` until just before `to`, in milliseconds of business age; nil has no bound.
public struct CurveLookup: Sendable, Hashable {
    /// Where the best item of the ages is.
    public enum End: Sendable, Hashable {
        /// The oldest item: the lowest anchor, and the lowest member with it.
        case lowestAnchor
        /// The youngest age: the highest anchor A, and the lowest member among those with the score A.
        case highestAnchor
    }

    /// Where the best item of the ages is.
    public var end: End
    /// The youngest age of the look-up.
    public var from: Int64?
    /// The first age that is too old for it.
    public var to: Int64?

    /// A look-up over the ages from `from` until just before `to`.
    public init(_ end: End, from: Int64?, to: Int64?) {
        self.end = end
        self.from = from
        self.to = to
    }

    /// The anchors of these ages at a business time: above `above`, and at most `atMost`; nil has no bound.
    public func anchors(businessNow: Int64) -> (above: Int64?, atMost: Int64?) {
        (to.map { businessNow - $0 }, from.map { businessNow - $0 })
    }
}

extension Curve {
    /// The range look-ups whose best is the lane's best, from the youngest ages to the oldest.
    ///
    /// Every age belongs to exactly one. Pieces that rise or stay, joined evenly or by a jump up, share a look-up for
    /// the oldest, as do pieces that fall, joined evenly or by a jump down, for the youngest. A flat piece is never
    /// taken into a fall, because on it the oldest goes first.
    public func lookups() -> [CurveLookup] {
        var lookups: [CurveLookup] = []
        var previousLimit = 0.0
        for piece in pieces() {
            let end: CurveLookup.End = piece.start <= piece.limit ? .lowestAnchor : .highestAnchor
            let goesOn = end == .lowestAnchor ? previousLimit <= piece.start : previousLimit >= piece.start
            if goesOn, lookups.last?.end == end {
                lookups[lookups.count - 1].to = piece.to
            } else {
                lookups.append(CurveLookup(end, from: piece.from, to: piece.to))
            }
            previousLimit = piece.limit
        }
        return lookups
    }

    /// A stretch without a jump: its ages, its priority at the first and what it comes to at the end.
    private struct Piece {
        var from: Int64?
        var to: Int64?
        var start: Double
        var limit: Double
    }

    /// The pieces between the points, with a constant one at each end.
    private func pieces() -> [Piece] {
        let first = points[0]
        let last = points[points.count - 1]
        var pieces = [Piece(from: nil, to: first.age, start: first.priority, limit: first.priority)]
        for (left, right) in zip(points, points.dropFirst()) where left.age < right.age {
            pieces.append(Piece(from: left.age, to: right.age, start: left.priority, limit: right.priority))
        }
        pieces.append(Piece(from: last.age, to: nil, start: last.priority, limit: last.priority))
        return pieces
    }
}
