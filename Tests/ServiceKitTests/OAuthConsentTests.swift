import Domain
import Foundation
import ServiceKit
import Testing

/// The link to a provider and what comes back.
struct OAuthConsentTests {
    private let consent = OAuthConsent(box: SecretBox(key: Array(repeating: 7, count: 32)))
    private let now = Instant(milliseconds: 1_795_867_200_000)

    private func begun(_ verifier: String? = nil) -> OAuthConsent.Begun {
        OAuthConsent.Begun(
            tenant: "acme", secret: "support-mail", author: "anna", redirect: "https://m.example/cb?x=1", kind: "gmail",
            verifier: verifier)
    }

    @Test func theChallengeIsTheStandards() {
        // RFC 7636, appendix B
        #expect(
            begun("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").challenge
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func theStateComesBackAsItWas() throws {
        let begun = begun()
        #expect((43...128).contains(begun.verifier.utf8.count))
        #expect(begun.verifier != self.begun().verifier)
        let link = try consent.link(
            begun, endpoint: "https://accounts.example/auth?hd=1", client: "client & co",
            parameters: [(name: "scope", value: "a b")], at: now)
        let parts = try #require(URLComponents(string: link))
        func value(_ name: String) -> String? { parts.queryItems?.first { $0.name == name }?.value }
        #expect(value("hd") == "1")
        #expect(value("client_id") == "client & co")
        #expect(value("redirect_uri") == begun.redirect)
        #expect(value("scope") == "a b")
        #expect(value("code_challenge_method") == "S256")
        #expect(value("code_challenge") == begun.challenge)
        #expect(!link.contains(begun.verifier))
        let state = try #require(value("state"))
        #expect(consent.begun(state: state, at: now) == begun)
        #expect(consent.begun(state: state, at: now + OAuthConsent.lifetime) == begun)
        #expect(consent.begun(state: state, at: now + OAuthConsent.lifetime + 1) == nil)
    }

    @Test func nobodyElseMakesAState() throws {
        let link = try OAuthConsent(box: SecretBox(key: Array(repeating: 8, count: 32))).link(
            begun(), endpoint: "https://a.example/", client: "c", parameters: [], at: now)
        let state = try #require(URLComponents(string: link)?.queryItems?.first { $0.name == "state" }?.value)
        #expect(consent.begun(state: state, at: now) == nil)
        for wrong in ["", "x", "!!!", String(state.dropLast()), state + "A"] {
            #expect(consent.begun(state: wrong, at: now) == nil)
        }
    }

    @Test func aCodeIsRedeemedWithItsVerifier() {
        let form = String(
            decoding: OAuthConsent.redemption(of: "4/a+b", begun("v"), client: "c", clientSecret: nil), as: UTF8.self)
        #expect(
            form
                == "grant_type=authorization_code&code=4%2Fa%2Bb&redirect_uri=https%3A%2F%2Fm.example%2Fcb%3Fx%3D1&client_id=c&code_verifier=v"
        )
    }

    @Test func providersNeedLittleInASecret() {
        let google = ProviderOAuth.completed(["clientId": "c"], for: .gmail)
        #expect(google["tokenUrl"] == "https://oauth2.googleapis.com/token")
        let microsoft = ProviderOAuth.completed(["clientId": "c", "tenantId": "t-1"], for: .graph)
        #expect(microsoft["tokenUrl"] == "https://login.microsoftonline.com/t-1/oauth2/v2.0/token")
        #expect(microsoft["scope"] == "https://graph.microsoft.com/.default")
        #expect(ProviderOAuth.completed(["clientId": "c", "refreshToken": "r"], for: .graph)["scope"] == nil)
        #expect(ProviderOAuth.completed(["password": "p"], for: .gmail) == ["password": "p"])
        #expect(ProviderOAuth.completed(["clientId": "c", "tokenUrl": "u"], for: .gmail)["tokenUrl"] == "u")
        let evil = ProviderOAuth.consent(["clientId": "c", "tenantId": "x/../y"], for: .graph)
        #expect(evil?.address == "https://login.microsoftonline.com/common/oauth2/v2.0/authorize")
        #expect(ProviderOAuth.consent(["clientId": "c"], for: .generic) == nil)
    }
}
