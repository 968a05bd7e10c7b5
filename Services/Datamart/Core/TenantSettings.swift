import Domain
import Foundation
import ServiceKit
import Synchronization

/// What core says of one tenant: the section of its configuration with the secrets, and what its versions were.
final class TenantSettings: Sendable {
    /// What a connection to the mart's database depends on; another one is connected to anew.
    struct Section: Sendable, Equatable {
        let tenant: String
        let mart: DatamartConfiguration
        let sealed: [String: String]

        /// Opens a secret.
        /// - Throws: ``MartProblem`` saying which setting is missing or does not fit.
        func secret(_ name: String, _ box: SecretBox?) throws(MartProblem) -> JSONObject {
            guard let box else {
                throw MartProblem(
                    "MILLRACE_SECRETS_KEY is not set for the data mart, so that no secret can be opened.")
            }
            guard let bytes = sealed[name].flatMap({ Data(base64Encoded: $0) }) else {
                throw MartProblem("The secret \(name) is not stored.")
            }
            guard let opened = try? box.open(Array(bytes), for: SecretBox.purpose(tenant: tenant, secret: name)),
                let value = (try? JSONValue(parsing: opened))?.objectValue
            else {
                throw MartProblem(
                    "The secret \(name) does not open: core and the data mart have different MILLRACE_SECRETS_KEYs.")
            }
            for (_, member) in value.members {
                if let text = member.stringValue, text.utf8.count >= 6 { KnownSecrets.shared.add(text) }
            }
            return value
        }
    }

    /// An agent as the tenant's configuration has it.
    struct Agent: Sendable, Hashable {
        let id: String
        let name: String?
        let isActive: Bool
        let groups: [String]
        let skills: [String]
    }

    private struct State {
        var revision: String?
        var section: Section?
        var calendars: [Int32: MartSettings.Calendar] = [:]
        var versions: [Int32: MartSettings.Version] = [:]
        var agents: [Agent] = []
    }

    let client: CoreClient
    private let state = Mutex(State())

    init(client: CoreClient) { self.client = client }

    /// The tenant's section; nil when it has none, or core has not answered yet.
    var section: Section? { state.withLock { $0.section } }

    /// Agents that the tenant's configurations ever had.
    var agents: [Agent] { state.withLock { $0.agents } }

    /// Asks core: at once the first time, and when something has changed after that.
    func refresh(wait: Int) async throws {
        let known = state.withLock { $0.revision }
        let query = wait > 0 ? known.map { "?wait=\(wait)&revision=\($0)" } ?? "" : ""
        let answer = try await client.call(
            .GET, "/datamart/settings\(query)", timeout: .seconds(Int64(wait) + 15), repeats: false)
        guard let tenant = answer["tenant"]?.stringValue, let revision = answer["revision"]?.stringValue else {
            throw CoreError(code: .refused, status: 200, description: "core's answer names no tenant")
        }
        let section = try answer["datamart"].map { value in
            Section(
                tenant: tenant, mart: try DatamartConfiguration(settings: value),
                sealed: (answer["sealed"]?.objectValue?.members ?? []).reduce(into: [:]) {
                    $0[$1.key] = $1.value.stringValue
                })
        }
        let calendars = try Self.calendars(in: answer)
        let agents = (answer["agents"]?.arrayValue ?? []).compactMap { agent in
            agent["id"]?.stringValue.map { id in
                Agent(
                    id: id, name: agent["name"]?.stringValue, isActive: agent["active"]?.boolValue ?? false,
                    groups: (agent["groups"]?.arrayValue ?? []).compactMap(\.stringValue),
                    skills: (agent["skills"]?.arrayValue ?? []).compactMap(\.stringValue))
            }
        }
        state.withLock {
            $0.revision = revision
            $0.section = section
            $0.calendars = calendars
            $0.agents = agents
        }
        try await readVersions()
    }

    /// The settings once they hold that version of the configuration. One that core has cleared away is not waited for.
    func settings(knowing version: Int32) async throws -> MartSettings {
        if let settings = current, version == 0 || settings.versions[version] != nil { return settings }
        try await refresh(wait: 0)
        guard let settings = current else { throw MartProblem("The tenant's configuration has no data mart any more.") }
        return settings
    }

    private var current: MartSettings? {
        state.withLock { state in
            state.section.map {
                MartSettings(
                    tenant: $0.tenant, mart: $0.mart, calendars: state.calendars, versions: state.versions)
            }
        }
    }

    private func readVersions() async throws {
        while true {
            let after = state.withLock { $0.versions.keys.max() ?? 0 }
            let answer = try await client.call(
                .GET, "/datamart/configurations?after=\(after)&limit=50", timeout: .seconds(60), repeats: false)
            let items = answer["items"]?.arrayValue ?? []
            if items.isEmpty { return }
            for item in items {
                guard let number = item["version"]?.integerValue,
                    let appliedAt = item["appliedAt"]?.stringValue.flatMap({ Instant(rfc3339: $0) })
                else { throw CoreError(code: .refused, status: 200, description: "core's answer names no version") }
                let version = Self.version(item, appliedAt: appliedAt)
                state.withLock { $0.versions[Int32(clamping: number)] = version }
            }
        }
    }

    private static func version(_ item: JSONValue, appliedAt: Instant) -> MartSettings.Version {
        var calendars: [String: Int32] = [:]
        var skills: [String: [String]] = [:]
        for category in item["categories"]?.arrayValue ?? [] {
            guard let path = category["path"]?.stringValue else { continue }
            calendars[path] = category["calendar"]?.integerValue.map { Int32(clamping: $0) } ?? 0
            skills[path] = (category["skills"]?.arrayValue ?? []).compactMap(\.stringValue)
        }
        return MartSettings.Version(
            appliedAt: appliedAt, calendars: calendars, skills: skills,
            queues: (item["endpoints"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    private static func calendars(in answer: JSONValue) throws -> [Int32: MartSettings.Calendar] {
        var calendars: [Int32: MartSettings.Calendar] = [:]
        for entry in answer["calendars"]?.arrayValue ?? [] {
            guard let id = entry["id"]?.integerValue, let text = entry["openings"]?.stringValue,
                let bytes = Data(base64Encoded: text)
            else { throw CoreError(code: .refused, status: 200, description: "core's answer holds no calendar") }
            calendars[Int32(clamping: id)] = MartSettings.Calendar(
                name: entry["name"]?.stringValue ?? "", openings: try BusinessCalendar(serialised: Array(bytes)))
        }
        return calendars
    }
}

/// What keeps a mart from working until somebody changes something.
struct MartProblem: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
