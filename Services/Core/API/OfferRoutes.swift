import Domain
import Foundation
import Hummingbird
import ServiceKit

/// Offers: waited for by long poll or as server-sent events, and answered.
extension CoreAPI {
    func offers(_ routes: inout Routes) {
        routes.get("/agents/{id}/offers", access: .anyOf(.agent, .supervisor)) { request in
            let (runtime, agent) = try await subject(request)
            runtime.presence.note(agent)
            let query = try request.query
            try query.refuseOthers(than: "wait")
            let seconds = try query.integer("wait", default: 0, in: 0...60)
            if request.header("Accept")?.contains("text/event-stream") == true {
                return stream(request, runtime, agent)
            }
            let offers = try await waitForOffers(request, runtime, agent, atMost: .seconds(seconds))
            return Response.json(capacity: 1200) { write(offers, runtime.snapshot, to: &$0) }
        }
        for answer in [WorkItemAction.accept, .decline] {
            let access = RouteAccess.roles(WorkItemRights.roles(for: answer))
            routes.post("/offers/{id}/\(answer.rawValue)", access: access) { request in
                let runtime = try await runtime(for: request)
                guard let offer = OfferId(try request.capture("id")) else {
                    throw Problem.notFound("There is no such offer.")
                }
                let body = try await request.jsonIfPresent()
                guard case .hold(let reason) = try Self.operation(.hold, body, runtime.snapshot) else {
                    throw Problem.notFound("There is no such offer.")
                }
                let operation: WorkItemOperation = answer == .accept ? .accept(offer) : .decline(offer, reason: reason)
                return try await change(request, runtime, .id(offer.workItem), operation, body: body)
            }
        }
    }

    /// Offers that stand now, or else the first that comes within the time.
    private func waitForOffers(
        _ request: APIRequest, _ runtime: TenantRuntime, _ agent: Int32, atMost time: Duration
    ) async throws -> [WorkItem] {
        var since = ContinuousClock.now
        let end = since + time
        while true {
            let present = try await runtime.openOffers(for: agent)
            let now = ContinuousClock.now
            guard present.isEmpty, now < end else { return present }
            let offers = try await request.longPoll(upTo: end - now) { [since] in
                await runtime.waiting.wait(for: agent, knowing: [], since: since, atMost: end - now)
            }
            guard let offers else { return [] }
            if !offers.isEmpty { return offers }
            since = now
        }
    }

    private func write(_ offers: [WorkItem], _ snapshot: TenantSnapshot, to json: inout JSONWriter) {
        json.array("offers") { list in
            for offer in offers { write(offer, snapshot, to: &list) }
        }
    }

    func write(_ offer: WorkItem, _ snapshot: TenantSnapshot, to writer: inout JSONWriter) {
        let now = Instant.now
        writer.object { json in
            json.member("id", offer.offerId?.text)
            json.member("workItemId", offer.id.dashedText)
            json.member("deadline", offer.deadline)
            json.member("offeredAt", offer.offeredAt)
            json.object("workItem") { WorkItemView(item: offer, snapshot: snapshot, now: now).write(members: &$0) }
        }
    }
}
