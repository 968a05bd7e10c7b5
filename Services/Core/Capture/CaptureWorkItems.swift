import Domain
import Foundation
import Storage

/// Capture: submitted bodies become work items. Duplicates are found by (tenant, source, captureId);
/// the rest is classified, ranked and written with its events in one transaction.
struct CaptureWorkItems: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    let arrivals: ArrivalClock

    /// What a transaction did.
    struct Committed: Sendable {
        var outcomes: [CaptureOutcome]
        /// The items that are new, for their lanes.
        var created: [WorkItem]
        /// The outbox batch whose lane changes are still to be made; nil when there are none.
        var batch: Int64?
    }

    func perform(_ requests: [CaptureRequest], in snapshot: TenantSnapshot, at now: Instant) async throws -> Committed {
        let prepared = requests.map { prepare($0, in: snapshot, at: now) }
        // One row per key: a repeat within the batch is answered from the first.
        var firsts: [CaptureKey: Int] = [:]
        for (index, item) in prepared.enumerated() where firsts[item.key] == nil { firsts[item.key] = index }
        let items = firsts.values.map { prepared[$0] }.sorted { $0.key < $1.key }
        let traces = Dictionary(
            zip(prepared, requests).map { ($0.id, $1.actor.trace) }, uniquingKeysWith: { first, _ in first })
        var (inserted, batch) = try await insert(items, traces: traces, in: snapshot, at: now)
        var known: [CaptureKey: WorkItem] = [:]
        for item in items where inserted.contains(item.id) { known[item.key] = item }
        let missing = items.filter { !inserted.contains($0.id) }
        if !missing.isEmpty { try await load(missing.map(\.key), into: &known) }

        let outcomes = zip(requests.indices, prepared).map { index, item -> CaptureOutcome in
            guard let stored = known[item.key] else {
                return .refused(
                    Refusal(.notFound, "The item was erased while it was submitted again; send it once more."))
            }
            if stored.id == item.id, firsts[item.key] == index { return .created(stored) }
            if stored.contentHash == item.contentHash { return .existing(stored) }
            return .refused(
                Refusal(
                    .contentMismatch,
                    "Another content came under captureId \(item.captureId) before; send a change as PATCH or update."))
        }
        let created = items.filter { inserted.contains($0.id) }
        if !created.contains(where: { $0.status == .queued }) { batch = nil }
        return Committed(outcomes: outcomes, created: created, batch: batch)
    }

    /// Classified and ranked, ready to be written.
    func prepare(_ request: CaptureRequest, in snapshot: TenantSnapshot, at now: Instant) -> WorkItem {
        let submit = request.submit
        var attributes = snapshot.sources[request.source]?.defaults ?? JSONObject()
        for (name, value) in submit.attributes.members { attributes[name] = value }
        let arrival = arrivals.next(at: now)
        var item = WorkItem(
            id: UUIDv7.next(milliseconds: now.milliseconds), source: request.source, captureId: submit.captureId,
            contentHash: request.contentHash, receivedAt: now, arrival: arrival, activation: submit.activation ?? now,
            configurationVersion: snapshot.version)
        item.dueGiven = submit.due
        item.priority = submit.priority
        item.businessValue = submit.businessValue
        // Known when it was submitted; a configuration applied since may have taken the agent away.
        item.preferredAgent = submit.preferredAgent.flatMap { snapshot.agent(named: $0)?.id }
        item.preferredUntil = item.preferredAgent == nil ? nil : submit.preferredUntil
        item.setAttributes(attributes, snapshot: snapshot)
        switch PlaceWorkItem.place(&item, attributes: attributes, arriving: true, at: now, in: snapshot) {
        case .queued: item.status = .queued
        case .waitingForActivation: item.status = .new
        case .rejected(let reason): (item.status, item.reason, item.completedAt) = (.rejected, reason, now)
        case .failed(let reason): (item.status, item.reason) = (.errorheld, reason)
        }
        item.wakeAt = item.nextWake
        return item
    }
}

extension WorkItem {
    var key: CaptureKey { CaptureKey(source: source, captureId: captureId) }

    /// A new item before classification.
    package init(
        id: UUID, source: Int32, captureId: String, contentHash: [UInt8], receivedAt: Instant, arrival: Int64,
        activation: Instant, configurationVersion: Int32
    ) {
        self.id = id
        self.revision = 1
        self.status = .captured
        self.source = source
        self.captureId = captureId
        self.contentHash = contentHash
        self.receivedAt = receivedAt
        self.arrival = arrival
        self.activation = activation
        self.push = 0
        self.paused = 0
        self.attributes = "{}"
        self.weight = 1
        self.configurationVersion = configurationVersion
        self.skills = []
        self.updatedAt = receivedAt
    }

    /// Stores attributes, and the customer among them for erasure.
    package mutating func setAttributes(_ attributes: JSONObject, snapshot: TenantSnapshot) {
        self.attributes = JSONValue.object(attributes).text
        customer =
            switch attributes[snapshot.configuration.customerAttribute] {
            case .string(let text)?: text
            case .integer(let number)?: String(number)
            default: nil
            }
    }
}
