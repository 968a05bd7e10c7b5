import Domain
import Foundation

/// One run of an import: so many rows are under way at a time, answers are noted in the order of the file, and the state
/// is saved every second.
struct ImportRun: Sendable {
    let file: ImportedFile
    let window: Int
    let stateName: String
    let rejectedName: String
    let target: String
    let startsOver: Bool

    /// Returns when each row has been answered.
    func perform(over intake: some WorkItemIntake) async throws -> ImportProgress {
        let (size, hash) = try CSVFile.fingerprint(of: file.name)
        let key = file.key(hash: hash, target: target)
        let earlier = startsOver ? nil : ImportState.load(stateName, key: key)
        if let earlier, earlier.isComplete {
            Terminal.complain("\(file.name) was imported completely before; --again submits it once more.")
            return earlier.progress
        }
        var state = earlier ?? ImportState(key: key, progress: ImportProgress(), rejectedBytes: 0, isComplete: false)
        if state.progress.done > 0 { Terminal.complain("going on after row \(state.progress.done)") }
        let rows = try file.rows()
        defer { rows.close() }
        let rejected = try RejectedRows(rejectedName, header: rows.header, keeping: state.rejectedBytes)
        defer { rejected.close() }
        var bar = ProgressBar(total: size)
        do {
            try await submit(rows, intake, &state, rejected, &bar)
        } catch {
            try save(&state, rejected)
            bar.end()
            throw error
        }
        state.isComplete = true
        try save(&state, rejected)
        bar.end()
        return state.progress
    }

    private func submit(
        _ rows: ImportedRows, _ intake: some WorkItemIntake, _ state: inout ImportState, _ rejected: RejectedRows,
        _ bar: inout ProgressBar
    ) async throws {
        let firstRow = state.progress.done + 1
        var saved = ContinuousClock.now
        try await withThrowingTaskGroup(of: (Int, ImportProgress.Outcome).self) { group in
            var underWay = 0
            var ended = false
            var position: Int64 = 0
            while true {
                while !ended, underWay < window, let row = try rows.next() {
                    position = row.position
                    // Read again so that `first` knows the captureIds before.
                    guard row.number >= firstRow else { continue }
                    switch row.content {
                    case .skipped: try note(row.number, .skipped, &state, rejected)
                    case .faulty(let problem):
                        let refusal = ImportProgress.Outcome.refused(
                            line: row.line, problem: problem, fields: row.fields)
                        try note(row.number, refusal, &state, rejected)
                    case .item(let captureId, let body):
                        underWay += 1
                        group.addTask { (row.number, try await outcome(of: row, captureId, body, intake)) }
                    }
                }
                if underWay < window { ended = true }
                guard underWay > 0, let (number, outcome) = try await group.next() else { return }
                underWay -= 1
                try note(number, outcome, &state, rejected)
                if saved + .seconds(1) < .now {
                    try save(&state, rejected)
                    saved = .now
                    bar.show(position, state.progress)
                }
            }
        }
    }

    private func outcome(
        of row: ImportedFile.Row, _ captureId: String, _ body: [UInt8], _ intake: some WorkItemIntake
    ) async throws -> ImportProgress.Outcome {
        let answer = try await intake.submit(captureId: captureId, body: body)
        switch answer.status {
        case 201: return .accepted
        case 200: return .known
        default: return .refused(line: row.line, problem: answer.problem, fields: row.fields)
        }
    }

    private func note(
        _ row: Int, _ outcome: ImportProgress.Outcome, _ state: inout ImportState, _ rejected: RejectedRows
    ) throws {
        for refusal in state.progress.settle(row, outcome) { try rejected.add(refusal) }
    }

    private func save(_ state: inout ImportState, _ rejected: RejectedRows) throws {
        state.rejectedBytes = try rejected.flush()
        try state.save(stateName)
    }
}
