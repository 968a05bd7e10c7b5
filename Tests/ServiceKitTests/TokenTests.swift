import Crypto
import CryptoExtras
import Domain
import Foundation
import JWTKit
import Logging
import ServiceKit
import Synchronization
import Testing

/// An issuer that can sign with several keys, and a key set that tests can change.
private final class Issuer: Sendable {
    let p256 = P256.Signing.PrivateKey()
    let ed = Curve25519.Signing.PrivateKey()
    let fetches = Mutex(0)
    let isDown = Mutex(false)
    let published = Mutex<[JSONValue]>([])

    init() { published.withLock { $0 = [ecKey("ec1"), edKey("ed1")] } }

    func ecKey(_ id: String) -> JSONValue {
        let point = p256.publicKey.rawRepresentation
        return [
            "kty": "EC", "crv": "P-256", "kid": .string(id), "use": "sig",
            "x": .string(Base64URL.encode(point.prefix(32))), "y": .string(Base64URL.encode(point.suffix(32))),
        ]
    }

    func edKey(_ id: String) -> JSONValue {
        [
            "kty": "OKP", "crv": "Ed25519", "kid": .string(id),
            "x": .string(Base64URL.encode(ed.publicKey.rawRepresentation)), "alg": "EdDSA",
        ]
    }

    func claims(_ changes: JSONObject = [:]) -> JSONObject {
        let usual: JSONObject = [
            "iss": "https://id.example", "aud": "millrace", "sub": "anna@example", "exp": 2_000, "nbf": 900,
            "org": ["name": "demo"], "roles": ["agents", "unknown"],
        ]
        return usual.merging(changes)
    }

    func token(
        _ claims: JSONObject, alg: String = "ES256", kid: String? = "ec1", header: JSONObject = [:]
    ) throws -> String {
        let usual: JSONObject = ["alg": .string(alg), "typ": "JWT"]
        var head = usual.merging(header)
        if let kid { head["kid"] = .string(kid) }
        let signed =
            Base64URL.encode(JSONValue.object(head).bytes) + "." + Base64URL.encode(JSONValue.object(claims).bytes)
        let signature: [UInt8]
        switch alg {
        case "ES256": signature = Array(try p256.signature(for: Data(signed.utf8)).rawRepresentation)
        case "EdDSA": signature = Array(try ed.signature(for: Data(signed.utf8)))
        case "HS256":
            let key = SymmetricKey(data: p256.publicKey.rawRepresentation)
            signature = Array(HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key))
        default: signature = []
        }
        return signed + "." + Base64URL.encode(signature)
    }

    func authenticator(now: @escaping @Sendable () -> Int64 = { 1_000_000 }) -> TokenAuthenticator {
        let issuer = TokenIssuer(
            issuer: "https://id.example", audience: "millrace", keySetURL: "https://id.example/keys",
            tenant: .claim("org.name"), roles: ["agents": .agent])
        return TokenAuthenticator(issuers: [issuer], logger: quiet, now: now) { _ in
            self.fetches.withLock { $0 += 1 }
            if self.isDown.withLock({ $0 }) { throw CancellationError() }
            return JSONValue.object(["keys": .array(self.published.withLock { $0 })]).bytes
        } identity: { tenant, subject in
            tenant == "demo" ? TokenIdentity(tenant: 7, agent: subject == "anna@example" ? "anna" : nil) : nil
        }
    }
}

@Suite struct TokenTests {
    private func refusal(_ authenticator: TokenAuthenticator, _ token: String) async -> Int? {
        do {
            _ = try await authenticator.principal(for: token)
            return nil
        } catch { return (error as? Problem)?.status }
    }

    @Test func aTokenBecomesAPrincipal() async throws {
        let issuer = Issuer()
        let authenticator = issuer.authenticator()
        for token in [
            try issuer.token(issuer.claims()), try issuer.token(issuer.claims(), alg: "EdDSA", kid: "ed1"),
            try issuer.token(issuer.claims(), kid: nil),
        ] {
            let principal = try #require(try await authenticator.principal(for: token))
            #expect(principal.tenant == 7 && principal.tenantName == "demo")
            #expect(principal.agent == "anna" && principal.subject == "anna@example")
            #expect(principal.roles == [.agent])
        }
        #expect(issuer.fetches.withLock { $0 } == 1)
        #expect(try await authenticator.principal(for: "mr_key") == nil)
    }

    @Test func wrongClaimsAreRefused() async throws {
        let issuer = Issuer()
        let authenticator = issuer.authenticator()
        let wrong: [JSONObject] = [
            ["iss": "https://evil.example"], ["aud": "other"], ["aud": ["x", "y"]], ["exp": 969], ["exp": .null],
            ["exp": "2000"],
            ["nbf": 1_031], ["sub": ""], ["sub": .null], ["org": ["name": "nobody"]], ["org": .null], ["exp": 1e300],
        ]
        for changes in wrong {
            #expect(await refusal(authenticator, try issuer.token(issuer.claims(changes))) == 401, "\(changes)")
        }
        let right: [JSONObject] = [["aud": ["x", "millrace"]], ["exp": 971], ["nbf": 1_029], ["exp": 2000.5]]
        for changes in right {
            #expect(await refusal(authenticator, try issuer.token(issuer.claims(changes))) == nil, "\(changes)")
        }
    }

    @Test func onlyListedAlgorithmsWithTheirOwnKeys() async throws {
        let issuer = Issuer()
        let authenticator = issuer.authenticator()
        #expect(await refusal(authenticator, try issuer.token(issuer.claims(), alg: "none")) == 401)
        #expect(await refusal(authenticator, try issuer.token(issuer.claims(), alg: "HS256")) == 401)
        #expect(await refusal(authenticator, try issuer.token(issuer.claims(), alg: "EdDSA", kid: "ec1")) == 401)
        #expect(await refusal(authenticator, try issuer.token(issuer.claims(), header: ["crit": ["b64"]])) == 401)
        let token = try issuer.token(issuer.claims())
        #expect(await refusal(authenticator, String(token.dropLast(2)) + "AA") == 401)
        #expect(await refusal(authenticator, token + "=") == 401)
        let other = try issuer.token(issuer.claims(["sub": "bo"]))
        let mixed = [token.split(separator: ".")[0], other.split(separator: ".")[1], token.split(separator: ".")[2]]
        #expect(await refusal(authenticator, mixed.joined(separator: ".")) == 401)
    }

    @Test func unknownKeysAreFetchedSeldom() async throws {
        let issuer = Issuer()
        let authenticator = issuer.authenticator()
        #expect(await refusal(authenticator, try issuer.token(issuer.claims())) == nil)
        for number in 0..<20 {
            #expect(await refusal(authenticator, try issuer.token(issuer.claims(), kid: "new\(number)")) == 401)
        }
        #expect(issuer.fetches.withLock { $0 } == 1)
    }

    @Test func aKeySetThatCannotBeHadIsNotTheCallersFault() async throws {
        let issuer = Issuer()
        issuer.isDown.withLock { $0 = true }
        let authenticator = issuer.authenticator()
        #expect(await refusal(authenticator, try issuer.token(issuer.claims())) == 503)
        issuer.isDown.withLock { $0 = false }
        try await Task.sleep(for: .milliseconds(2_100))
        #expect(await refusal(authenticator, try issuer.token(issuer.claims())) == nil)
    }

    @Test func strangeKeysInASetAreSkipped() async throws {
        let issuer = Issuer()
        issuer.published.withLock {
            $0 = [
                ["kty": "oct", "k": "AAAA", "kid": "ec1"], ["kty": "XX"],
                ["kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB"], 5, issuer.ecKey("ec1"),
            ]
        }
        #expect(await refusal(issuer.authenticator(), try issuer.token(issuer.claims())) == nil)
    }

    @Test func rememberedTokensStillExpire() async throws {
        let issuer = Issuer()
        let clock = Mutex<Int64>(1_000_000)
        let authenticator = issuer.authenticator { clock.withLock { $0 } }
        let token = try issuer.token(issuer.claims())
        #expect(await refusal(authenticator, token) == nil)
        clock.withLock { $0 = 2_030_000 }
        #expect(await refusal(authenticator, token) == 401)
    }

    @Test func rsaKeysWork() async throws {
        let pem = try Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048))
        let primitives = try pem.publicKey.getKeyPrimitives()
        let issuer = Issuer()
        issuer.published.withLock {
            $0 = [
                [
                    "kty": "RSA", "kid": "r1", "n": .string(Base64URL.encode(primitives.modulus)),
                    "e": .string(Base64URL.encode(primitives.publicExponent)),
                ]
            ]
        }
        let keys = JWTKeyCollection()
        await keys.add(rsa: pem, digestAlgorithm: .sha256, kid: "r1")
        struct Payload: JWTPayload {
            var iss = "https://id.example", aud = "millrace", sub = "anna@example", exp = 2_000.0,
                org = ["name": "demo"]
            func verify(using algorithm: some JWTAlgorithm) async throws {}
        }
        let token = try await keys.sign(Payload(), kid: "r1")
        #expect(try await issuer.authenticator().principal(for: token)?.tenant == 7)
    }
}
