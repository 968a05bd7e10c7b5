import Domain

/// What one stream has told its agent: the offers that stand, and those that ended lately.
///
/// An ended one is remembered for a while, since a look that began before its end may still bring it.
struct ToldOffers {
    /// Those that stand as far as the agent knows.
    private(set) var standing: Set<OfferId> = []
    /// All that need not be told again.
    private(set) var known: Set<OfferId> = []
    private var ended: [OfferId] = []
    private static let endedKept = 1000

    /// Those of `offers` that the agent has not been told of; from now on it has.
    mutating func take(_ offers: [WorkItem]) -> [WorkItem] {
        offers.filter { offer in
            guard let id = offer.offerId, known.insert(id).inserted else { return false }
            standing.insert(id)
            return true
        }
    }

    /// Those that the agent knows and that are not among all that stand now.
    func missing(from offers: [WorkItem]) -> [OfferId] {
        Array(standing.subtracting(offers.lazy.compactMap(\.offerId)))
    }

    mutating func end(_ offer: OfferId) {
        guard standing.remove(offer) != nil else { return }
        ended.append(offer)
        // Many at a time, since taking the first of an array moves all others.
        guard ended.count >= 2 * Self.endedKept else { return }
        known.subtract(ended.prefix(Self.endedKept))
        ended.removeFirst(Self.endedKept)
    }
}
