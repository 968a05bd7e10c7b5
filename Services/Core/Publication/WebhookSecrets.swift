import Domain
import ServiceKit
import Storage

/// The secrets that webhooks are signed with, by the name in a source's `secretRef`.
///
/// First the tenant's own (`PUT /secrets/NAME`, its `password`), then what the installation has for this tenant alone
/// (`tenant/name` in `MILLRACE_WEBHOOK_SECRETS`), then what it has for all. An own one that cannot sign, such as a mailbox's
/// of the same name, does not stand in the way of these.
struct WebhookSecrets: Sendable {
    let dependencies: CoreDependencies
    let tenant: Int32
    let tenantName: String
    private static let leastBytes = 16

    init(_ runtime: TenantRuntime) {
        dependencies = runtime.dependencies
        tenant = runtime.tenant
        tenantName = runtime.name
    }

    /// - Throws: ``WebhookRefused``, which says what is missing.
    func secret(named name: String) async throws -> String {
        let installed = Self.installed(dependencies.webhookSecrets, name: name, tenant: tenantName)
        do {
            if let own = try await own(named: name) { return own }
        } catch let refusal as WebhookRefused {
            guard let installed else { throw refusal }
            return installed
        }
        if let installed { return installed }
        throw WebhookRefused(
            description: "there is no secret named \(name): put one (PUT /secrets/\(name)), or have it set in "
                + "MILLRACE_WEBHOOK_SECRETS")
    }

    /// What is wrong with the secrets that a configuration names.
    func problems(of configuration: TenantConfiguration) async throws -> [DocumentProblem] {
        var problems: [DocumentProblem] = []
        for (index, source) in configuration.sources.enumerated() {
            guard let webhook = source.replies?.webhook else { continue }
            do {
                _ = try await secret(named: webhook.secretRef)
            } catch let refusal as WebhookRefused {
                let path = "/sources/\(index)/replies/webhook/secretRef"
                problems.append(DocumentProblem(path: path, message: "Not usable: \(refusal.description)."))
            }
        }
        return problems
    }

    /// Of the installation's secrets the tenant's own one before the common one; what is bound to a tenant is named with
    /// that tenant, and nobody else can name it.
    static func installed(_ secrets: [String: String], name: String, tenant: String) -> String? {
        secrets["\(tenant)/\(name)"] ?? (name.contains("/") ? nil : secrets[name])
    }

    private func own(named name: String) async throws -> String? {
        let rows = try await dependencies.pool.query(
            "SELECT sealed FROM mailbox_secret WHERE tenant = $1 AND name = $2", [.int4(tenant), .text(name)],
            tenant: tenant)
        guard let row = rows.first else { return nil }
        guard let box = dependencies.secrets,
            let opened = try? box.open(
                try row[0].bytes, for: SecretBox.purpose(tenant: tenantName, secret: name))
        else {
            throw WebhookRefused(
                description: "the secret \(name) was sealed under another MILLRACE_SECRETS_KEY than the core has")
        }
        guard let secret = (try? JSONValue(parsing: opened))?["password"]?.stringValue,
            secret.utf8.count >= Self.leastBytes
        else {
            throw WebhookRefused(
                description: "the secret \(name) has no password of at least \(Self.leastBytes) bytes to sign with")
        }
        return secret
    }
}
