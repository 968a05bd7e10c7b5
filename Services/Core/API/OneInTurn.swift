import Coordination
import Crypto
import Foundation

/// Of requests that come at once under one `Idempotency-Key`, one is at work and the others wait for its answer: one that
/// looks meanwhile would find nothing, and keep that as the answer of them all.
///
/// Redis remembers who is at work. Should it forget, or the one die, the others go on: what is kept is one answer in any case.
struct OneInTurn: Sendable {
    private let redis: RedisClient
    private let base: String
    /// Nobody waits longer for one who does not come back.
    private static let longest = 10_000
    private static let pause = Duration.milliseconds(25)

    init(_ runtime: TenantRuntime) {
        redis = runtime.dependencies.redis
        base = runtime.lanes.base
    }

    /// - Parameters:
    ///   - known: the kept answer, when there is one by now.
    ///   - body: does it, and keeps its answer before it returns.
    func perform<Answer: Sendable>(
        _ key: AnswerKey?, known: () async throws -> Answer?, _ body: () async throws -> Answer
    ) async throws -> Answer {
        guard let key else { return try await body() }
        let digest = SHA256.hash(data: Data("\(key.source)\n\(key.key)".utf8))
        let name = "\(base):atwork:\(Data(digest).base64EncodedString())"
        let token = UUID().uuidString
        while true {
            let claim = try await redis.command([
                "SET", .string(name), .string(token), "NX", "PX", .integer(Int64(Self.longest)),
            ])
            guard claim.text == "OK" else {
                if let answer = try await known() { return answer }
                try await Task.sleep(for: Self.pause)
                continue
            }
            do {
                let present = try await known()
                let answer = if let present { present } else { try await body() }
                await leave(name, token)
                return answer
            } catch {
                await leave(name, token)
                throw error
            }
        }
    }

    /// What cannot be said ends by itself.
    private func leave(_ name: String, _ token: String) async {
        _ = try? await redis.evaluate(Self.leaving, keys: [.string(name)], arguments: [.string(token)])
    }

    private static let leaving = RedisScript(
        name: "answers.leave",
        source: """
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('DEL', KEYS[1])
            """)
}
