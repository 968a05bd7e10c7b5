import Messaging

/// Which members of the consumers' group have to leave it, told from signs of life and the broker's list.
///
/// Pure: it takes what one look saw and answers what to do. Each suspicion must hold for two looks in a row.
public struct GroupSuspicion: Sendable {
    /// How often in a row an instance was seen silent.
    private var silences: [String: Int] = [:]
    /// Members under our own name that none of our consumers knew at the last look.
    private var strangers: Set<String> = []
    /// The present ids of our own members.
    private var own: Set<String> = []
    /// Until then a former id of our own may still be in the group.
    private var looksForFormerSelfUntil: ContinuousClock.Instant?
    /// How long after a new id of our own the broker is asked for the former one.
    public static let timeForFormerSelf: Duration = .seconds(10)

    /// Suspects nobody.
    public init() {}

    /// Whether the broker's list of members has to be read after this look at the signs of life.
    ///
    /// After Redis was away the first look finds all others silent, and they live.
    /// - Parameters:
    ///   - silent: instances without a sign of life for the session's time.
    ///   - own: the ids that the broker gave our own members; a new one means that the old one stays behind on a broker
    ///     that keeps the dead.
    ///   - now: the time of the look.
    public mutating func look(silent: Set<String>, own: Set<String>, at now: ContinuousClock.Instant) -> Bool {
        silences = Dictionary(uniqueKeysWithValues: silent.map { ($0, (silences[$0] ?? 0) + 1) })
        if self.own != own { looksForFormerSelfUntil = now + Self.timeForFormerSelf }
        self.own = own
        return !gone.isEmpty || looksForFormerSelfUntil.map { now < $0 } ?? false
    }

    /// Redis did not answer: whoever seemed silent could not give a sign either.
    public mutating func lookFailed() { silences = [:] }

    /// Whoever is not among the silent at a look in between is not suspected any more.
    public mutating func clear(allBut silent: Set<String>) { silences = silences.filter { silent.contains($0.key) } }

    /// The instances that are dead.
    public var gone: Set<String> { Set(silences.filter { $0.value >= 2 }.keys) }

    /// Members of the broker's list that have to leave: those of dead instances, and former ids of our own.
    /// - Parameters:
    ///   - instance: our own name, as members show it.
    ///   - consumers: how many consumers we have. While one of them has no id yet, it cannot be told from a former one.
    public mutating func leavers(_ members: [GroupMember], instance: String, consumers: Int) -> [GroupMember] {
        let unknown = Set(members.filter { $0.clientIdentifier == instance && !own.contains($0.id) }.map(\.id))
        let former = own.count == consumers ? unknown.intersection(strangers) : []
        strangers = unknown
        let gone = gone
        return members.filter { gone.contains($0.clientIdentifier) || former.contains($0.id) }
    }
}
