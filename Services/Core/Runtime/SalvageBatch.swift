import Logging
import Storage

/// Performs requests in one transaction and, where the content of one of them is refused, one by one, so that the others
/// go through.
///
/// Any other failure is the whole batch's. Above all a COMMIT whose answer was lost: it may have had its effect, and doing
/// the same again would have it twice.
package struct SalvageBatch: Sendable {
    private let logger: Logger

    /// Tells the logger of batches that are taken apart.
    package init(logger: Logger) { self.logger = logger }

    /// - Parameter together: answers every request, in order, or throws and has done nothing, unless it throws
    ///   `commitUnknown`.
    /// - Returns: the answers in the order of the requests.
    package func perform<Request: Sendable, Response: Sendable>(
        _ requests: [Request], together: @Sendable ([Request]) async throws -> [Response]
    ) async throws -> [Result<Response, any Error>] {
        do {
            return try await together(requests).map { .success($0) }
        } catch let error as StorageError {
            guard error.isRefusalOfContent, requests.count > 1 else { throw error }
            logger.warning(
                "batch failed, done one by one", metadata: ["error": "\(error)", "count": "\(requests.count)"])
        }
        var results: [Result<Response, any Error>] = []
        for request in requests {
            do { results.append(.success(try await together([request])[0])) } catch {
                results.append(.failure(error))
            }
        }
        return results
    }
}
