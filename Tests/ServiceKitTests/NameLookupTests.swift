import Foundation
import ServiceKit
import Synchronization
import Testing

@Suite("Names that are looked up")
struct NameLookupTests {
    private struct NoAddress: Error {}

    /// A resolver that answers when it is let.
    private final class Resolver: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let asked = Mutex<[String: Int]>([:])

        var questions: [String: Int] { asked.withLock { $0 } }

        func answer(_ count: Int = 1) { for _ in 0..<count { gate.signal() } }

        func lookUp(_ host: String) throws -> [IPAddress] {
            asked.withLock { $0[host, default: 0] += 1 }
            if host == "slow.invalid" { gate.wait() }
            if host == "none.invalid" { throw NoAddress() }
            return [IPAddress("127.0.0.1")].compactMap { $0 }
        }
    }

    @Test("A call ends in time though its name is still being looked up, and holds up no other")
    func timeLimit() async throws {
        let resolver = Resolver()
        let lookups = NameLookups(lookUp: resolver.lookUp)
        let allowed = ["127.0.0.0/8"].compactMap(AddressGuard.Entry.init)
        let http = OutboundHTTP(guard: AddressGuard(allow: allowed) { try await lookups.addresses(of: $0) })
        let began = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    await #expect {
                        try await http.get("http://slow.invalid:1/", timeout: .milliseconds(100))
                    } throws: { ($0 as? OutboundHTTP.Failure)?.code == .timedOut }
                    await #expect {
                        try await http.exchange("GET", "http://slow.invalid:1/", timeout: .milliseconds(100)) {
                            _, _, _ in
                        }
                    } throws: { ($0 as? OutboundHTTP.Failure)?.code == .timedOut }
                }
            }
        }
        #expect(ContinuousClock.now - began < .seconds(5))
        #expect(resolver.questions == ["slow.invalid": 1])
        #expect(try await lookups.addresses(of: "quick.invalid").count == 1)
        await http.close()
        resolver.answer()
    }

    @Test("Those who ask for the same name wait for the same answer; the next one asks anew")
    func sharing() async throws {
        let resolver = Resolver()
        let lookups = NameLookups(lookUp: resolver.lookUp)
        let waiting = Task { try await lookups.addresses(of: "slow.invalid") }
        let cancelled = Task { try await lookups.addresses(of: "slow.invalid") }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        resolver.answer(2)
        #expect(try await waiting.value.count == 1)
        #expect(try await lookups.addresses(of: "slow.invalid").count == 1)
        await #expect(throws: NoAddress.self) { try await lookups.addresses(of: "none.invalid") }
        #expect(resolver.questions["slow.invalid"].map { (1...2).contains($0) } == true)
    }
}
