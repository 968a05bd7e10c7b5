import Datamart
import Domain
import Foundation

/// The life of one item, step by step, with what it adds to the aggregates.
struct Life {
    /// Monday 23 March 2026, 08:00 UTC.
    static let start: Int64 = 1_774_252_800_000
    static let minute: Int64 = 60_000

    private(set) var contributions: Contributions
    private(set) var state: TaskState?
    var fold: FoldTask
    private var revision: Int32 = 0
    private let item = UUID()
    private(set) var works: [TaskWork] = []

    init(zones: [String] = ["UTC"], fold: FoldTask = FoldTask()) {
        contributions = Contributions(intervals: Intervals(timeZones: zones, floor: Instant(milliseconds: .min)))
        self.fold = fold
    }

    /// A step so many minutes after the start. Due and the rest stay as they were unless said otherwise.
    @discardableResult
    mutating func step(
        _ action: WorkItemAction, _ to: WorkItemStatus, after minutes: Double, agent: Int32 = 0, due: Double? = nil,
        category: Int32? = nil, queue: Int32? = nil, _ change: (inout TaskStep) -> Void = { _ in }
    ) -> Life {
        revision += 1
        var step = TaskStep(
            position: Int64(revision), at: Self.at(minutes), item: item, revision: revision, action: action,
            from: revision == 1 ? nil : state?.status, to: to)
        step.agent = agent
        step.category = category ?? state?.category ?? 1
        step.queue = queue ?? state?.queue ?? 1
        step.source = 1
        step.activation = state?.activation ?? step.at
        step.due = due.map(Self.at) ?? state?.due
        if revision == 1 { step.content = TaskContent() }
        change(&step)
        if let outcome = fold.apply(step, to: &state, &contributions) { works += outcome.works }
        return self
    }

    /// Time goes on without a step.
    mutating func wait(until minutes: Double) {
        guard var state else { return }
        fold.passTime(&state, through: Self.at(minutes), &contributions)
        self.state = state
    }

    static func at(_ minutes: Double) -> Int64 { start + Int64((minutes * 60_000).rounded()) }

    /// The sum of a measure over all rows of the quarters that the filter takes.
    func sum(
        _ measure: Measure, in aggregate: Aggregate = .process, where filter: (AggregateKey) -> Bool = { _ in true }
    ) -> Int64 {
        contributions.rows[aggregate.rawValue].filter { $0.key.zone == 0 && filter($0.key) }
            .reduce(0) { $0 + $1.value[measure] }
    }

    /// The sum in the quarter that holds a minute.
    func sum(_ measure: Measure, inQuarterOf minutes: Double) -> Int64 {
        let start = Intervals.start(of: Self.at(minutes))
        return sum(measure) { $0.start == start }
    }

    /// Open items of a kind after all changes.
    func backlog(where filter: (BacklogKind) -> Bool = { _ in true }) -> Int64 {
        contributions.backlog.filter { key, _ in
            key.zone == 0
                && filter(
                    BacklogKind(
                        category: key.parts[0], queue: key.parts[1], source: key.parts[2], status: key.parts[3],
                        ageBand: key.parts[4], overdue: key.parts[5] != 0))
        }.reduce(0) { $0 + $1.value }
    }
}
