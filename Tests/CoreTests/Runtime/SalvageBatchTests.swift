import Core
import Logging
import Storage
import Synchronization
import Testing

@Suite("A batch that fails")
struct SalvageBatchTests {
    private let salvage = SalvageBatch(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    /// Performs 1, 2, 3 and fails whatever holds the 2.
    private func outcome(_ error: StorageError) async throws -> (results: [Int?], batches: [[Int]]) {
        let batches = Mutex<[[Int]]>([])
        let results = try await salvage.perform([1, 2, 3]) { requests in
            batches.withLock { $0.append(requests) }
            if requests.contains(2) { throw error }
            return requests.map { $0 * 10 }
        }
        return (results.map { try? $0.get() }, batches.withLock { $0 })
    }

    @Test(
        "is done one by one where content was refused",
        arguments: [
            StorageError(.invalidValue, "refused", sqlState: "22003"),
            StorageError(.checkViolation(constraint: "c"), "refused", sqlState: "23514"),
            StorageError(.other, "raised", sqlState: "P0001"), StorageError(.other, "too large", sqlState: "54000"),
        ])
    func refusal(_ error: StorageError) async throws {
        let (results, batches) = try await outcome(error)
        #expect(results == [10, nil, 30])
        #expect(batches == [[1, 2, 3], [1], [2], [3]])
    }

    @Test(
        "for another reason fails as a whole and is not done again",
        arguments: [
            .commitUnknown, .statementTimeout, .poolExhausted, .poolClosed, .outOfResources, .connectionLost,
            .serializationFailure, .insufficientPrivilege, .other,
        ] as [StorageError.Code])
    func failure(_ code: StorageError.Code) async {
        let calls = Mutex(0)
        let error = await #expect(throws: StorageError.self) {
            _ = try await salvage.perform([1, 2]) { _ -> [Int] in
                calls.withLock { $0 += 1 }
                throw StorageError(code, "failed")
            }
        }
        #expect(error?.code == code)
        #expect(calls.withLock { $0 } == 1)
    }
}
