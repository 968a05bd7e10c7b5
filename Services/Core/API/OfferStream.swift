import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Offers to an agent as server-sent events: `offer` for one that is made, `withdrawn` for one that ended before the agent
/// has answered it.
extension CoreAPI {
    func stream(_ request: APIRequest, _ runtime: TenantRuntime, _ agent: Int32) -> Response {
        request.serverSentEvents { stream in
            var told = ToldOffers()
            var offers: [WorkItem] = []
            var since = ContinuousClock.now
            while !Task.isCancelled {
                if offers.isEmpty {
                    offers = try await runtime.openOffers(for: agent)
                    for offer in told.missing(from: offers) {
                        guard let end = try await runtime.end(of: offer) else { continue }
                        told.end(offer)
                        if end.isAnswer(of: agent, in: runtime.snapshot) { continue }
                        var writer = JSONWriter(capacity: 128)
                        writer.object { json in
                            json.member("id", offer.text)
                            json.member("workItemId", offer.workItem.dashedText)
                        }
                        try await stream.send(event: "withdrawn", data: writer.bytes)
                    }
                }
                for offer in told.take(offers) {
                    var writer = JSONWriter(capacity: 1200)
                    write(offer, runtime.snapshot, to: &writer)
                    try await stream.send(event: "offer", data: writer.bytes, id: offer.offerId?.text)
                }
                runtime.presence.note(agent)
                let waitsSince = ContinuousClock.now
                offers =
                    await runtime.waiting.wait(
                        for: agent, knowing: told.known, watching: told.standing, since: since,
                        atMost: .seconds(30)) ?? []
                // What came while this was writing was made after the former wait began.
                since = waitsSince
            }
        }
    }
}

/// How an offer ended.
struct OfferEnd: Sendable {
    /// The kind of the event that tells it: `workitem.decline`.
    let kind: String
    let actorKind: String?
    let actorId: String?

    /// Whether the agent did it, who then need not be told. An answer that somebody else gave for the agent is none.
    func isAnswer(of agent: Int32, in snapshot: TenantSnapshot) -> Bool {
        (kind == "workitem.accept" || kind == "workitem.decline") && actorKind == Actor.Kind.agent.rawValue
            && actorId == snapshot.agents[agent]?.key
    }
}

extension TenantRuntime {
    /// How an offer ended, by the first event behind it that left the item otherwise than offered; nil while it stands.
    func end(of offer: OfferId) async throws -> OfferEnd? {
        let rows = try await dependencies.pool.query(
            """
            SELECT kind, body::jsonb #>> '{actor,kind}', body::jsonb #>> '{actor,id}' FROM event
            WHERE tenant = $1 AND subject = $2 AND revision > $3 AND body::jsonb ->> 'to' <> 'offered'
            ORDER BY revision LIMIT 1
            """, [.int4(tenant), .uuid(offer.workItem), .int4(offer.revision)], tenant: tenant)
        guard let row = rows.first else { return nil }
        return OfferEnd(kind: try row[0].text, actorKind: try row[1].nullable?.text, actorId: try row[2].nullable?.text)
    }
}
