import Domain
import ServiceKit
import Synchronization
import Testing

@Suite struct APIKeyTests {
    private final class Store: Sendable {
        let records = Mutex<[[UInt8]: APIKeyRecord]>([:])
        let lookups = Mutex(0)

        func add(_ key: APIKey, id: String, expires: Int64? = nil) {
            let principal = Principal(tenant: 7, tenantName: "demo", subject: id, roles: [.source], keyID: id)
            records.withLock { $0[key.hash] = APIKeyRecord(hash: key.hash, principal: principal, expires: expires) }
        }

        func authenticator(now: @escaping @Sendable () -> Int64 = { 1_000 }) -> APIKeyAuthenticator {
            APIKeyAuthenticator(keepFor: .seconds(60), now: now) { hash in
                self.lookups.withLock { $0 += 1 }
                return self.records.withLock { $0[hash] }
            }
        }
    }

    @Test func keysHave256RandomBits() throws {
        let key = APIKey.generate()
        #expect(key.text.hasPrefix("mr_") && key.text.utf8.count == 46)
        #expect(APIKey.hash(of: key.text) == key.hash)
        #expect(key.hash.count == 32)
        #expect(APIKey.generate().text != key.text)
        #expect(APIKey.hash(of: "mr_short") == nil)
        #expect(APIKey.hash(of: String(key.text.dropLast())) == nil)
        #expect(APIKey.hash(of: "xx" + key.text) == nil)
    }

    @Test func aKeyIsLookedUpOnceAndRemembered() async throws {
        let store = Store()
        let key = APIKey.generate()
        store.add(key, id: "k1")
        let authenticator = store.authenticator()
        for _ in 0..<5 { #expect(try await authenticator.principal(for: key.text)?.keyID == "k1") }
        #expect(store.lookups.withLock { $0 } == 1)
    }

    @Test func aRevokedKeyIsForgottenByName() async throws {
        let store = Store()
        let (key, other) = (APIKey.generate(), APIKey.generate())
        store.add(key, id: "k1")
        store.add(other, id: "k2")
        let authenticator = store.authenticator()
        _ = try await authenticator.principal(for: key.text)
        _ = try await authenticator.principal(for: other.text)
        store.records.withLock { $0[key.hash] = nil }
        authenticator.forget(keyID: "k1")
        await #expect(throws: Problem.self) { try await authenticator.principal(for: key.text) }
        #expect(try await authenticator.principal(for: other.text)?.keyID == "k2")
        #expect(store.lookups.withLock { $0 } == 3)
    }

    @Test func aRevocationDuringALookupIsNotLost() async throws {
        let key = APIKey.generate()
        let principal = Principal(tenant: 7, tenantName: "demo", subject: "s", roles: [.source], keyID: "k1")
        let asked = AsyncStream<Void>.makeStream()
        let answer = AsyncStream<Void>.makeStream()
        let isRevoked = Mutex(false)
        let authenticator = APIKeyAuthenticator(keepFor: .seconds(60), now: { 0 }) { hash in
            if isRevoked.withLock({ $0 }) { return nil }
            asked.continuation.yield()
            for await _ in answer.stream { break }
            return APIKeyRecord(hash: hash, principal: principal)
        }
        async let first = authenticator.principal(for: key.text)
        for await _ in asked.stream { break }
        isRevoked.withLock { $0 = true }
        authenticator.forget(keyID: "k1")
        answer.continuation.yield()
        _ = try await first
        await #expect(throws: Problem.self) { try await authenticator.principal(for: key.text) }
    }

    @Test func unknownAndExpiredKeysAreRefused() async throws {
        let store = Store()
        let key = APIKey.generate()
        store.add(key, id: "old", expires: 1_000)
        await #expect(throws: Problem.self) { try await store.authenticator().principal(for: key.text) }
        #expect(try await store.authenticator(now: { 999 }).principal(for: key.text)?.keyID == "old")
        await #expect(throws: Problem.self) { try await store.authenticator().principal(for: APIKey.generate().text) }
        await #expect(throws: Problem.self) { try await store.authenticator().principal(for: "mr_") }
        #expect(try await store.authenticator().principal(for: "eyJ.a.b") == nil)
    }

    @Test func rolesGrantWhatIsBelowThem() throws {
        let admin = Principal(tenant: 1, tenantName: "t", subject: "s", roles: [.admin])
        let anna = Principal(tenant: 1, tenantName: "t", subject: "s", roles: [.agent], agent: "anna")
        let vinst = Principal(tenant: 1, tenantName: "t", subject: "s", roles: [.source], source: "vinst")
        #expect(admin.has(.reader) && admin.has(.source) && !admin.has(.system))
        #expect(Principal(tenant: 1, tenantName: "t", subject: "s", roles: [.system]).has(.admin))
        #expect(!anna.has(.supervisor))
        try anna.requireAgent("anna")
        try admin.requireAgent("anna")
        #expect(throws: Problem.self) { try anna.requireAgent("bo") }
        #expect(throws: Problem.self) { try vinst.requireAgent("anna") }
        try vinst.requireSource("vinst")
        try admin.requireSource("vinst")
        #expect(throws: Problem.self) { try vinst.requireSource("other") }
        #expect(throws: Problem.self) { try anna.requireSource("vinst") }
        #expect(throws: Problem.self) { try anna.require(.supervisor, .reader) }
    }
}
